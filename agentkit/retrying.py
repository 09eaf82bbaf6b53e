"""Asking again after failures that may pass.

No library does it here: the core has four dependencies, and a wait that depends on what the server
said, for sync, async and streams alike, is these few lines.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from http import HTTPStatus

from agentkit.errors import ConfigError, InterfaceError
from agentkit.interface import Interface
from agentkit.messages import Request, Wait
from agentkit.patience import one_of_many
from agentkit.plan import Ask, Plan
from agentkit.wrapper import Wrapper

_FIRST, _LONGEST = 0.5, 8.0  # seconds of back-off, doubled each time


class Retrying(Wrapper):
    """Asks again after 408, 409, 429, 498, 5xx and failed connections.

    It waits a random time up to a bound that doubles ("full jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter), and at least as long
    as the server says. It never asks again when a part of the answer was handed out, and fails at
    once when the wait would be longer than the budget.

    Args:
        inner: The interface to ask.
        attempts: How often to ask in all.
        seconds: The budget: no request is begun later than this after the first.
        clock: Seconds that only go forward.
        jitter: A random number from 0 to 1.
        patient: Whether one of many runs (`one_of_many`) waits as long as a server's limit takes.

    Raises:
        ConfigError: An argument is too small.
    """

    def __init__(
        self,
        inner: Interface,
        *,
        attempts: int = 5,
        seconds: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        patient: bool = True,
    ) -> None:
        super().__init__(inner)
        if attempts < 1 or seconds < 0:
            raise ConfigError("attempts is at least 1, and patience at least 0 seconds.")
        self._attempts, self._seconds = attempts, seconds
        self._clock, self._jitter, self._patient = clock, jitter, patient

    def plan(self, request: Request) -> Plan:
        """Ask, and ask again, until there is a response or no hope."""
        begun, attempt = self._clock(), 0
        while True:
            attempt += 1
            try:
                response = yield Ask(self.inner, request)
            except InterfaceError as failure:
                if failure.handed_out or not failure.retryable:
                    raise
                error = failure
                begun += failure.waited  # for a place in the queue, say
            else:
                assert response is not None
                return response
            wait = self._wait(error, attempt)
            spent = self._clock() - begun
            if attempt == self._attempts:
                self._give_up(error, f"Gave up after {attempt} attempts in {spent:.0f} s.")
            if self._waits_with_others(error):
                begun += wait
            elif spent + wait > self._seconds:
                left = max(self._seconds - spent, 0)
                self._give_up(
                    error, f"It would take a wait of {wait:.0f} s, and {left:.0f} s are left."
                )
            yield Wait(wait, str(error))

    def _wait(self, error: InterfaceError, attempt: int) -> float:
        named: float = getattr(error, "retry_after", None) or 0.0
        jitter = self._jitter()
        bound: float = min(_LONGEST, _FIRST * 2.0 ** min(attempt - 1, 10))
        # Some servers say 0, or the same short time again and again.
        return max(named + jitter * min(1.0, named / 10), jitter * bound)

    def _waits_with_others(self, error: InterfaceError) -> bool:
        """Whether the wait is one for a limit that all of many runs wait for."""
        is_limit = getattr(error, "status", None) == HTTPStatus.TOO_MANY_REQUESTS
        return is_limit and self._patient and one_of_many.get()

    @staticmethod
    def _give_up(error: InterfaceError, why: str) -> None:
        error.add(why)
        raise error
