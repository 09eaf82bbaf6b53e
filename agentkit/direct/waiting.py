"""Waiting in an event loop, with time-outs that cost little."""

from __future__ import annotations

import asyncio

import httpx


class Waiting:
    """What one task waits for, again and again.

    A timer for each wait costs more than the wait. Here one timer serves many: it looks, when it
    rings, whether the time has come. And it fails what is waited for, where `asyncio.timeout`
    cancels the task, which others may do at the same time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, timeout: float | None, error: type[httpx.TimeoutException]) -> None:
        """Wait for `wake`.

        Raises:
            httpx.TimeoutException: It was not called in time.
        """
        waiter = self._waiter = self._loop.create_future()
        if timeout is None:
            self._deadline = None
        else:
            self._deadline, self._error = self._loop.time() + timeout, error
            if self._timer is None or self._deadline < self._rings:
                self._set_timer(self._deadline)
        await waiter

    def wake(self) -> None:
        """End the wait, if there is one."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def stop(self) -> None:
        """End the wait, if there is one, and the timer."""
        self.wake()
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        waiter = self._waiter
        if self._deadline is None or waiter is None or waiter.done():
            return  # the next who waits sets it again
        if self._loop.time() < self._deadline:
            self._set_timer(self._deadline)
        else:
            waiter.set_exception(self._error(""))
