"""Waiting before a server's limits are met, not after."""

from __future__ import annotations

import math
from collections.abc import Generator, Hashable
from dataclasses import replace
from http import HTTPStatus

from agentkit.errors import ConfigError, InterfaceError
from agentkit.estimate import Estimate, counted_of
from agentkit.interface import Interface
from agentkit.messages import Quota, Request, Response, Wait
from agentkit.pace import MINUTE, Pace
from agentkit.patience import one_of_many
from agentkit.plan import Ask, Do, Plan
from agentkit.shared_limits import SHARED, Place, Rates
from agentkit.ticket import Ticket
from agentkit.workers import per_process
from agentkit.wrapper import Wrapper

_SOON, _SHORTEST = 60, 600  # parts of a minute: longer waits are looked at again
_NOT_TAKEN = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS)


@per_process
def shared_pace(key: Hashable, requests: float | None, tokens: float | None) -> Pace:
    """The pace of one key and model, shared by the whole process."""
    return Pace(requests, tokens)


class Paced(Wrapper):
    """Sends a request when the server's limits allow it.

    The limits are learned from the replies, and shared by all requests of the process with one
    address, key and model; within `sharing` also by those of other processes.

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
        place = self._place(request, ticket)
        try:
            yield from self._waits(pace, ticket, place)
            pace.sent(ticket)
            try:
                response = yield Ask(self.inner, request)
            except InterfaceError as error:
                pace.refused(ticket, error)
                status = getattr(error, "status", None)
                if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                    error.excess = pace.excess(request)
                if place is not None and status in _NOT_TAKEN:
                    wait = getattr(error, "retry_after", None)
                    if place.refused(wait, pace.learned):
                        yield Do(place.flush)
                raise
            assert response is not None
            pace.learn(ticket, response.usage, response.quotas, self._plans)
            if place is not None:
                tokens = counted_of(response.usage) if response.usage else 0
                if place.answered(tokens or None, pace.learned):
                    yield Do(place.flush)
            return self._with_own_limit(response)
        finally:
            pace.release(ticket)
            if place is not None:
                place.release()

    def _waits(self, pace: Pace, ticket: Ticket, place: Place | None) -> Generator[Wait | Do]:
        """All that is to be waited for before a request is sent."""
        while True:
            wait, reason, most = pace.wait(ticket), ticket.reason, math.inf
            if wait <= 0 and place is not None and not place.is_fresh:
                yield Do(place.ask)
                wait, reason, most = place.wait, place.reason, MINUTE / _SOON
            if wait > self._longest and not (self._patient and one_of_many.get()):
                raise InterfaceError(
                    f"{self.name}: the next request would have to wait {wait:.0f} s for "
                    f"{reason}, which is longer than {self._longest:.0f} s."
                )
            if wait > 0:
                yield Wait(min(nap(wait), most), f"{self.name}: {reason}")
            elif place is None or place.is_fresh:  # else it took too long to come here
                break
        if place is not None:
            place.sent()

    def _place(self, request: Request, ticket: Ticket) -> Place | None:
        """A place under the limits that are shared with other processes, where they are."""
        shared, key = SHARED.get(), self.inner.quota_key(request)
        if shared is None or key is None:
            return None
        # By an estimate that has learned nothing, so that it is the same in all processes.
        tokens = Estimate().probable(ticket)
        name = f"{self.inner.name} {request.model}"
        return shared.place(key, name, tokens, Rates(*self._by_hand), self._longest)

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
