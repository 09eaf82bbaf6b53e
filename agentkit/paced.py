"""Waiting before a server's limits are met, not after."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from http import HTTPStatus

from agentkit.errors import ConfigError, InterfaceError
from agentkit.interface import Interface
from agentkit.messages import Quota, Request, Response, Wait
from agentkit.pace import MINUTE, Pace
from agentkit.patience import one_of_many
from agentkit.plan import Ask, Plan
from agentkit.workers import per_process
from agentkit.wrapper import Wrapper

_SOON, _SHORTEST = 60, 600  # parts of a minute: longer waits are looked at again


@per_process
def shared_pace(key: Hashable, requests: float | None, tokens: float | None) -> Pace:
    """The pace of one key and model, shared by the whole process."""
    return Pace(requests, tokens)


class Paced(Wrapper):
    """Sends a request when the server's limits allow it.

    The limits are learned from the replies, and shared by all requests of the process with one
    address, key and model.

    Args:
        inner: The interface to ask.
        requests: Requests a minute, over what the replies say.
        tokens: Tokens a minute, over what the replies say.
        plans: Requests a minute by tokens a minute, for plans whose headers name only the latter.
        longest: Seconds; a request that would have to wait longer fails at once.
        patient: Whether one of many runs (`one_of_many`) waits as long as it takes.

    Raises:
        ConfigError: A limit is not above 0.
    """

    def __init__(
        self,
        inner: Interface,
        *,
        requests: float | None = None,
        tokens: float | None = None,
        plans: dict[int, int] | None = None,
        longest: float = 600.0,
        patient: bool = True,
    ) -> None:
        super().__init__(inner)
        if any(each is not None and not each > 0 for each in (requests, tokens)):
            raise ConfigError("Requests and tokens a minute are above 0.")
        self._by_hand = (requests, tokens)
        self._own: dict[str, Pace] = {}
        self._plans, self._longest, self._patient = plans or {}, longest, patient

    def plan(self, request: Request) -> Plan:
        """Wait for a place, send, and learn from the reply."""
        pace = self._pace(request)
        if sizes := pace.never_fits(request):
            error = InterfaceError(
                f"{self.name}: not sent, because the request has about {sizes[0]:,.0f} tokens, and "
                f"a minute takes {sizes[1]:,.0f}. agent.summarize(run) makes a transcript shorter; "
                "so do fewer tools."
            )
            error.excess = pace.excess(request)
            raise error
        ticket = pace.reserve(request, careful=bool(self._plans))
        try:
            while (wait := pace.wait(ticket)) > 0:
                if wait > self._longest and not (self._patient and one_of_many.get()):
                    raise InterfaceError(
                        f"{self.name}: the next request would have to wait {wait:.0f} s for "
                        f"{ticket.reason}, which is longer than {self._longest:.0f} s."
                    )
                yield Wait(nap(wait), f"{self.name}: {ticket.reason}")
            pace.sent(ticket)
            try:
                response = yield Ask(self.inner, request)
            except InterfaceError as error:
                pace.refused(ticket, error)
                if getattr(error, "status", None) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                    error.excess = pace.excess(request)
                raise
            assert response is not None
            pace.learn(ticket, response.usage, response.quotas, self._plans)
            return self._with_own_limit(response)
        finally:
            pace.release(ticket)

    def excess(self, request: Request) -> float:
        """Characters by which it is too long for the tokens of a minute."""
        return self._pace(request).excess(request)

    def _with_own_limit(self, response: Response) -> Response:
        if (tokens := self._by_hand[1]) is None:
            return response
        own = Quota("tokens", tokens, tokens, 0.0)
        return replace(response, quotas=(*response.quotas, own))

    def _pace(self, request: Request) -> Pace:
        key = self.inner.quota_key(request)
        if key is not None:
            return shared_pace(key, *self._by_hand)
        return self._own.setdefault(request.model, Pace(*self._by_hand))


def nap(seconds: float) -> float:
    """How much of a wait to sleep: the queue moves up when others take less than expected."""
    return seconds if seconds <= MINUTE / _SOON else max(seconds / 2, MINUTE / _SOON)
