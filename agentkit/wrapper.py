"""An interface around another: what it does is written once, without I/O, for all ways of asking.

A `plan` is a generator: it yields what is due (a question to an interface, or a pause), is sent the
response or has the error thrown in, and returns the response for the caller.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator, Hashable, Iterator
from contextlib import aclosing, closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from agentkit.errors import InterfaceError
from agentkit.interface import Interface, last_piece, place_of, whole
from agentkit.messages import Delta, Request, Response, Wait

_TOLD = 0.1  # seconds; shorter pauses are no news
# Characters of a text, but for blanks before it, from which `holds` must tell what it is.
_HEAD = 40


def never(head: str) -> bool:
    """Nothing waits."""
    return False


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for an interface; streamed text that begins as `holds` says waits to its end."""

    interface: Interface
    request: Request
    holds: Callable[[str], bool] = never


Due = Wait | Ask
Plan = Generator[Due, Response | None, Response]


class Wrapper(Interface):
    """An interface around another; subclasses write `plan`."""

    def __init__(self, inner: Interface) -> None:
        self.inner = inner
        self.name, self.place = inner.name, place_of(inner)

    def plan(self, request: Request) -> Plan:
        """What to do for a request."""
        raise NotImplementedError

    def check(self, request: Request) -> None:
        """What the interface inside refuses."""
        self.inner.check(request)

    def excess(self, request: Request) -> float:
        """What the interface inside says."""
        return self.inner.excess(request)

    def quota_key(self, request: Request) -> Hashable | None:
        """That of the interface inside."""
        return self.inner.quota_key(request)

    def close(self) -> None:
        """Close the interface inside."""
        self.inner.close()

    async def aclose(self) -> None:
        """Close the interface inside."""
        await self.inner.aclose()

    def send(self, request: Request) -> Response:
        """Send a request and wait for the whole response."""
        return last_piece(list(self.stream(whole(request))))

    async def asend(self, request: Request) -> Response:
        """`send`, awaited."""
        return last_piece([piece async for piece in self.astream(whole(request))])

    def stream(self, request: Request) -> Iterator[Delta | Wait | Response]:
        """Carry out the plan, and yield the pieces as they come."""
        with closing(_Steps(self, request)) as steps:
            while (due := steps.due()) is not None:
                if isinstance(due, Wait):
                    yield from steps.told(due)
                    time.sleep(due.seconds)
                    continue
                try:
                    with _closed(due.interface.stream(due.request)) as pieces:
                        for piece in pieces:
                            yield from steps.passed(piece)
                    steps.complete()
                except InterfaceError as error:
                    steps.failed(error)
            yield from steps.end()

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Wait | Response, None]:
        """`stream`, awaited."""
        import asyncio

        with closing(_Steps(self, request)) as steps:
            while (due := steps.due()) is not None:
                if isinstance(due, Wait):
                    for told in steps.told(due):
                        yield told
                    await asyncio.sleep(due.seconds)
                    continue
                try:
                    async with aclosing(due.interface.astream(due.request)) as pieces:
                        async for piece in pieces:
                            for passed in steps.passed(piece):
                                yield passed
                    steps.complete()
                except InterfaceError as error:
                    steps.failed(error)
            for last in steps.end():
                yield last

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"


@contextmanager
def _closed(pieces: Iterator[Any]) -> Iterator[Iterator[Any]]:
    """The iterator, closed at the end if it can be."""
    try:
        yield pieces
    finally:
        getattr(pieces, "close", int)()


class _Steps:
    """A plan on its way, without I/O."""

    def __init__(self, wrapper: Wrapper, request: Request) -> None:
        self._plan = wrapper.plan(request)
        self._streams = request.options.get("stream") is not False
        self._holds: Callable[[str], bool] = never
        self._outcome: Response | InterfaceError | None = None
        self._final: Response | None = None
        self._waited = 0.0
        self._head = ""
        self._held: list[Delta] | None = []
        self._said: list[str] = []  # text that is handed out

    def due(self) -> Due | None:
        """What to do next; nothing when the plan has its response."""
        outcome, self._outcome = self._outcome, None
        try:
            if isinstance(outcome, InterfaceError):
                due = self._plan.throw(outcome)
                outcome.waited = 0.0  # it is counted; the same error may come once more
            else:
                due = self._plan.send(outcome)
        except StopIteration as end:
            self._final = end.value
            return None
        except InterfaceError as error:
            error.waited = self._waited
            raise
        if isinstance(due, Ask):
            self._head, self._held, self._holds = "", [], due.holds
        return due

    def told(self, wait: Wait) -> Iterator[Wait]:
        self._waited += wait.seconds
        if wait.seconds >= _TOLD:
            yield wait

    def passed(self, piece: Delta | Wait | Response) -> Iterator[Delta | Wait]:
        """What of a piece goes on to the caller."""
        if isinstance(piece, Response):
            self._outcome = piece
        elif isinstance(piece, Wait):
            yield piece
        elif self._held is None or not piece.text:
            yield from self._out(piece)
        else:
            if len(self._head) < _HEAD:
                self._head = (self._head + piece.text).lstrip()
            self._held.append(piece)
            if not self._holds(self._head):
                held, self._held = self._held, None
                for each in held:
                    yield from self._out(each)

    def close(self) -> None:
        self._plan.close()

    def complete(self) -> None:
        """The stream has ended; it should have brought a response."""
        last_piece([self._outcome if isinstance(self._outcome, Response) else None])

    def failed(self, error: InterfaceError) -> None:
        # An interface inside may have handed text to this one, which held it.
        error.handed_out = bool(self._said)
        self._waited += error.waited
        self._outcome = error

    def end(self) -> Iterator[Delta | Response]:
        assert self._final is not None
        text, said = self._final.message.content or "", "".join(self._said)
        if self._streams and text.startswith(said) and text != said:
            rest, held = text[len(said) :], self._held or []
            # It may have come in another way than as a stream.
            yield from held if "".join(each.text for each in held) == rest else [Delta(rest)]
        yield replace(self._final, waited=self._final.waited + self._waited)

    def _out(self, delta: Delta) -> Iterator[Delta]:
        if delta.text:
            self._said.append(delta.text)
        yield delta
