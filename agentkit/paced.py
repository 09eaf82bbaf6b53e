"""Waiting before a server's limits are met, not after."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache

from agentkit.errors import InterfaceError
from agentkit.interface import Interface
from agentkit.messages import Request, Wait
from agentkit.pace import Pace
from agentkit.wrapper import Plan, Wrapper


@cache
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
    """

    def __init__(
        self,
        inner: Interface,
        *,
        requests: float | None = None,
        tokens: float | None = None,
        plans: dict[int, int] | None = None,
        longest: float = 600.0,
    ) -> None:
        super().__init__(inner)
        self._by_hand = (requests, tokens)
        self._plans, self._longest = plans or {}, longest

    def plan(self, request: Request) -> Plan:
        """Wait for a place, send, and learn from the reply."""
        pace = shared_pace(self.inner.quota_key(request), *self._by_hand)
        ticket = pace.reserve(request, careful=bool(self._plans))
        try:
            while (wait := pace.wait(ticket)) > 0:
                if wait > self._longest:
                    raise InterfaceError(
                        f"{self.name}: the next request would have to wait {wait:.0f} s for "
                        f"{ticket.reason}, which is longer than {self._longest:.0f} s."
                    )
                yield Wait(wait, f"{self.name}: {ticket.reason}")
            pace.sent(ticket)
            try:
                response = yield self.inner, request
            except InterfaceError as error:
                pace.refused(ticket, error)
                raise
            assert response is not None
            pace.learn(ticket, response.usage, response.quotas, self._plans)
            return response
        finally:
            pace.release(ticket)
