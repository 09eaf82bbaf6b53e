"""Turns: a few runs go on in each round of the event loop, so that all else has time there too."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count

_AT_ONCE = 4  # steps of runs in one round; each may write to the journal, which takes a millisecond


class Turns:
    """Lets those who wait go on, a few at a time, the oldest run first.

    Without it two hundred runs whose models answer at the same moment would write to the journal
    one after the other while no request is looked at.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._is_going = False

    def number(self) -> int:
        """The place of a new run among all."""
        return next(self._numbers)

    async def take(self, number: int) -> None:
        """Wait for the turn of a run.

        Args:
            number: Its place.
        """
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        heappush(self._waiting, (number, next(self._numbers), turn))
        if not self._is_going:
            self._is_going = True
            loop.call_soon(self._go)
        await turn

    def _go(self) -> None:
        left = _AT_ONCE
        while self._waiting and left:
            turn = heappop(self._waiting)[2]
            if not turn.done():  # as one whose run was cancelled
                turn.set_result(None)
                left -= 1
        self._is_going = bool(self._waiting)
        if self._is_going:
            asyncio.get_running_loop().call_soon(self._go)
