"""An event loop in which hours pass at once, so that tests of rates depend on no machine's speed."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Jumping(selectors.DefaultSelector):
    """Waits by moving the loop's time on."""

    loop: VirtualTime

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self.loop.now += timeout
        return ready


class VirtualTime(asyncio.SelectorEventLoop):
    """Its time stands still while tasks work, and jumps to the next timer when all of them wait.

    What waits for a thread or a socket must not also wait for a timer: the timer would come first.
    """

    def __init__(self) -> None:
        self.now = 1_000.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def in_virtual_time(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine with an event loop of virtual time."""
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(work)


def virtual_now() -> float:
    """The time of the loop that runs."""
    return asyncio.get_running_loop().time()
