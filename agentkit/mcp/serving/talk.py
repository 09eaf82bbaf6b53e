"""One call of a client on its way: what it tells while it runs, and what it asks the client's user.

A client of the handshake versions is asked over the line on which its call waits. A newer one gets
the questions as a result, and calls again with the answers; until then the call is parked.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from agentkit.context import Progress
from agentkit.workers import carried

Answers = Sequence[bool] | None
"""Whether each question was answered with yes; None where nobody can be asked."""

asking: ContextVar[Callable[[Sequence[str]], Awaitable[Answers]] | None] = ContextVar(
    "asking", default=None
)
"""What asks the user of the client whose call runs, for what is run by it."""

_NEWS = 100  # words of progress that wait to be sent; older ones go first
_GRACE = 2.0  # seconds in which a cancelled call may clean up; then it is left to itself
_PARKED = 64  # calls that wait for answers
_PATIENCE = 600.0  # seconds that one waits for them


class Talk:
    """A call in a task of its own, so that a cancel reaches it once and not at each await.

    Args:
        run: Carries the call out; given this.
        about: Stands for what is called, with which arguments.
        turns: Is held while it runs, and not while it waits for an answer.
        can_ask: Whether the client can ask its user.
    """

    def __init__(
        self,
        run: Callable[[Talk], Awaitable[Any]],
        about: str,
        turns: asyncio.Semaphore,
        *,
        can_ask: bool,
    ) -> None:
        self.about, self._turns, self._can_ask = about, turns, can_ask
        self.questions: tuple[str, ...] = ()
        self._news: deque[Progress] = deque(maxlen=_NEWS)
        self._loop, self._stir = asyncio.get_running_loop(), asyncio.Event()
        self._answers: asyncio.Future[Answers] | None = None
        self._steps = Steps()
        self.job = asyncio.ensure_future(carried(self._asking(run)))
        self.is_over = False  # and all that it told is there, which `job.done` does not mean
        self.job.add_done_callback(self._over)

    async def _asking(self, run: Callable[[Talk], Awaitable[Any]]) -> Any:
        asking.set(self.ask)
        async with self._turns:
            return await run(self)

    def _over(self, _: Any) -> None:
        self.is_over = True
        self._stir.set()

    def tell(self, progress: Progress) -> None:
        """Send word of how far the call is; from any thread."""
        with suppress(RuntimeError):  # the loop is closed, and the call goes on in its thread
            self._loop.call_soon_threadsafe(self._tell, progress)

    def _tell(self, progress: Progress) -> None:
        self._news.append(progress)
        self._stir.set()

    async def ask(self, questions: Sequence[str]) -> Answers:
        """Ask the client's user, and wait for the answers."""
        if not self._can_ask:
            return None
        self._answers = self._loop.create_future()
        self.questions = tuple(questions)
        self._stir.set()
        self._turns.release()
        try:
            return await self._answers
        finally:
            await self._turns.acquire()

    def answer(self, answers: Answers) -> None:
        """Let the call go on with what the user said."""
        self.questions = ()
        if self._answers and not self._answers.done():
            self._answers.set_result(answers)

    async def stirred(self) -> None:
        """Wait until there is news or a question, or the call is done."""
        await self._stir.wait()
        self._stir.clear()

    def news(self) -> Iterator[tuple[float, float | None, str]]:
        """How far it is, of how much, in words."""
        while self._news:
            each = self._news.popleft()
            yield *self._steps.next(each.fraction), each.message

    def cancel(self) -> None:
        """Cancel the call, and do not wait for it."""
        self.job.cancel()

    async def end(self) -> None:
        """Cancel the call, and wait a little for its end."""
        self.job.cancel()
        await asyncio.wait([self.job], timeout=_GRACE)


class Steps:
    """Numbers for progress that only grow, as the protocol wants them."""

    def __init__(self) -> None:
        self._last = -1.0
        self._counts: bool | None = None  # whether the first word of it brought no fraction

    def next(self, fraction: float | None) -> tuple[float, float | None]:
        """How far, and of how much where that is known."""
        if self._counts is None:
            self._counts = fraction is None
        if self._counts:
            self._last = max(self._last + 1.0, 1.0)
            return self._last, None
        known = fraction if fraction is not None and math.isfinite(fraction) else 0.0
        self._last = max(math.nextafter(self._last, math.inf), min(known, 1.0))
        return self._last, 1.0


class Parked:
    """The calls that wait until their client comes back with answers."""

    def __init__(self) -> None:
        self._talks: OrderedDict[str, Talk] = OrderedDict()

    def put(self, talk: Talk) -> str:
        """Keep a call, and give the name under which it is taken back."""
        name = secrets.token_urlsafe()
        self._talks[name] = talk
        asyncio.get_running_loop().call_later(_PATIENCE, self._drop, name)
        while len(self._talks) > _PARKED:
            self._drop(next(iter(self._talks)))
        return name

    def take(self, name: str | None, about: str) -> Talk | None:
        """The call of that name, if it is about the same."""
        talk = self._talks.get(name or "")
        if talk is None or talk.about != about:
            return None
        return self._talks.pop(name or "")

    async def close(self) -> None:
        """Cancel all of them."""
        talks, self._talks = list(self._talks.values()), OrderedDict()
        await asyncio.gather(*(each.end() for each in talks))

    def _drop(self, name: str) -> None:
        if talk := self._talks.pop(name, None):
            talk.cancel()
