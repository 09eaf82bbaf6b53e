"""An interface that plays its attempts piece by piece, a clock for pauses, and two ways to ask."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import aclosing
from typing import Any

from agentkit import AssistantMessage, Delta, Request, Response, Usage, UserMessage, Wait
from agentkit.interface import Interface, last_piece
from agentkit.pace import Pace, Ticket

Piece = Delta | Wait | Response | BaseException
ASKED = Request(messages=(UserMessage("Hi"),))


def said(text: str | None = "Hello.", **more: Any) -> Response:
    """A response that says so."""
    return Response(message=AssistantMessage(text), **more)


class Staged(Interface):
    """Each attempt is its pieces, in order; an error among them is raised in its place.

    After the last attempt comes the last one again. `open` counts the streams on their way, and
    `closed` those that were left before their end.
    """

    name = "staged"

    def __init__(self, *attempts: Piece | list[Piece]) -> None:
        self.attempts = [each if isinstance(each, list) else [each] for each in attempts]
        self.requests: list[Request] = []
        self.open = self.closed = 0

    def send(self, request: Request) -> Response:
        return last_piece(list(self.stream(request)))

    def stream(self, request: Request) -> Iterator[Delta | Wait | Response]:
        self.requests.append(request)
        self.open += 1
        try:
            for piece in self.attempts.pop(0) if self.attempts[1:] else self.attempts[0]:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        except GeneratorExit:
            self.closed += 1
            raise
        finally:
            self.open -= 1

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Wait | Response, None]:
        for piece in self.stream(request):
            yield piece


def pieces(interface: Interface, mode: str, request: Request = ASKED, most: int = 99) -> list[Any]:
    """The first pieces of a stream, which then is closed."""
    if mode == "sync":
        stream = interface.stream(request)
        taken = [piece for _, piece in zip(range(most), stream, strict=False)]
        stream.close()
        return taken

    async def collect() -> list[Any]:
        taken: list[Any] = []
        async with aclosing(interface.astream(request)) as stream:
            while len(taken) < most:
                try:
                    taken.append(await anext(stream))
                except StopAsyncIteration:
                    break
        return taken

    return awaited(interface, collect())


def response(interface: Interface, mode: str, request: Request = ASKED) -> Response:
    """The whole response."""
    if mode == "sync":
        return interface.send(request)
    return awaited(interface, interface.asend(request))


def awaited(interface: Interface, work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a loop of its own and close what the interface opened in it."""

    async def main() -> Any:
        try:
            return await work
        finally:
            await interface.aclose()

    return asyncio.run(main())


class Clock:
    """Time that passes in pauses alone, which are kept in `pauses`.

    Several may pause at once: time goes on to the end of the shortest pause. `stop` is raised in
    the next one.
    """

    def __init__(self, monkeypatch: Any) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []
        self.stop: BaseException | None = None
        self._ends: list[float] = []
        self._lock = threading.Lock()
        self._turn = asyncio.sleep
        monkeypatch.setattr(time, "sleep", self.sleep)
        monkeypatch.setattr(asyncio, "sleep", self.asleep)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self._pause(seconds)
        with self._lock:
            self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self._pause(seconds)
        end = self.now + seconds
        self._ends.append(end)
        try:
            while True:
                for _ in range(5):  # so that all who are to pause do
                    await self._turn(0)
                if self.now >= end or end == min(self._ends):
                    break
            self.now = max(self.now, end)
        finally:
            self._ends.remove(end)

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.stop is not None:
            raise self.stop


def estimated(tokens: int = 300, text: str = "") -> Request:
    """A request that a pace estimates at so many tokens, if they are many and the text is empty."""
    return Request(messages=(UserMessage(text),), options={"max_tokens": tokens})


def sent(pace: Pace, request: Request = ASKED, **given: Any) -> Ticket:
    """The ticket of a request that goes out at once."""
    ticket = pace.reserve(request, **given)
    assert pace.wait(ticket) == 0
    pace.sent(ticket)
    return ticket


def at_once(pace: Pace, request: Request = ASKED, most: int = 200) -> int:
    """How many such requests go out before one has to wait; no reply comes."""
    for count in range(most):
        ticket = pace.reserve(request)
        if pace.wait(ticket) > 0:
            pace.release(ticket)
            return count
        pace.sent(ticket)
    return most


def goes(pace: Pace, clock: Clock, *requests: Request, used: int | None = None) -> list[float]:
    """When requests that come now go out, in seconds from now, if each waits as it is told.

    Each has its reply at once; `used` are the tokens that it names.
    """
    begun, times = clock.now, [-1.0] * len(requests)
    waiting = {place: pace.reserve(each) for place, each in enumerate(requests)}
    for _ in range(20_000):
        told = {place: pace.wait(ticket) for place, ticket in waiting.items()}
        for place in [each for each, wait in told.items() if wait <= 0][:1]:
            ticket, times[place] = waiting.pop(place), round(clock.now - begun, 3)
            pace.sent(ticket)
            pace.learn(ticket, None if used is None else Usage(used, 0), ())
            pace.release(ticket)
            told = {}
        if not waiting:
            return times
        clock.now += min(told.values(), default=0.0)
    raise AssertionError(f"no end of waiting: {times}")
