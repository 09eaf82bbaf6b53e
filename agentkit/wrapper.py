"""An interface around another: what it does is written once, without I/O, for all ways of asking.

A `plan` is a generator: it yields what is due (a question to an interface, or a pause), is sent the
response or has the error thrown in, and returns the response for the caller.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator, Hashable, Iterator, Sequence
from contextlib import aclosing, closing, contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from agentkit.errors import InterfaceError
from agentkit.interface import Interface, last_piece, place_of, whole
from agentkit.messages import Delta, Request, Response, Wait

_TOLD = 0.1  # seconds; shorter pauses are no news
# Characters of a text, but for blanks before it, from which `holds` must tell what it is.
_HEAD = 40


def never(head: str) -> bool:
    """Nothing waits."""
    return False


class Ask(NamedTuple):
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
        with closing(_Plans(self, request)) as plans:
            while (due := plans.due()) is not None:
                yield from plans.ready()
                if isinstance(due, Wait):
                    time.sleep(due.seconds)
                    continue
                try:
                    with _closed(due.interface.stream(due.request)) as pieces:
                        for piece in pieces:
                            yield from plans.passed(piece)
                    plans.complete()
                except InterfaceError as error:
                    plans.failed(error)
            yield from plans.ready()

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Wait | Response, None]:
        """`stream`, awaited."""
        import asyncio

        with closing(_Plans(self, request)) as plans:
            while (due := plans.due()) is not None:
                for each in plans.ready():
                    yield each
                if isinstance(due, Wait):
                    await asyncio.sleep(due.seconds)
                    continue
                try:
                    async with aclosing(due.interface.astream(due.request)) as pieces:
                        async for piece in pieces:
                            for passed in plans.passed(piece):
                                yield passed
                    plans.complete()
                except InterfaceError as error:
                    plans.failed(error)
            for each in plans.ready():
                yield each

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"


@contextmanager
def _closed(pieces: Iterator[Any]) -> Iterator[Iterator[Any]]:
    """The iterator, closed at the end if it can be."""
    try:
        yield pieces
    finally:
        getattr(pieces, "close", int)()


class _Plans:
    """The plans of a wrapper and of those inside it, on their way, without I/O.

    A wrapper around a wrapper is asked here and not as an interface, so that any number of them
    costs one stream of pieces.
    """

    def __init__(self, wrapper: Wrapper, request: Request) -> None:
        self._open = [_Steps(wrapper, request)]  # the innermost last
        self._ready: list[Delta | Wait | Response] = []
        self._is_free = False  # whether pieces go through all plans

    def due(self) -> Due | None:
        """What to do next; nothing when the outermost plan has its response."""
        self._is_free = False
        while True:
            steps = self._open[-1]
            try:
                due = steps.due()
            except InterfaceError as error:
                if len(self._open) == 1:
                    raise
                self._open.pop()
                self._open[-1].failed(error)
                continue
            if due is None:
                if self._ended(steps):
                    return None
            elif isinstance(due, Wait):
                self._ready += self._outwards(steps.told(due), self._open[:-1])
                return due
            elif isinstance(due.interface, Wrapper):
                self._open.append(_Steps(due.interface, due.request))
            else:
                return due

    def ready(self) -> Iterator[Delta | Wait | Response]:
        """What can be handed out by now."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def passed(self, piece: Delta | Wait | Response) -> Sequence[Delta | Wait]:
        """What of a piece goes through all plans to the caller."""
        if isinstance(piece, Response):
            self._open[-1].answered(piece)
            return ()
        if self._is_free and isinstance(piece, Delta):  # as nearly all are
            for steps in self._open:
                steps.said.append(piece.text)
            return (piece,)
        passed = self._outwards([piece], self._open)
        self._is_free = not any(steps.holds_text for steps in self._open)
        return passed

    def complete(self) -> None:
        """The stream has ended; it should have brought a response."""
        self._open[-1].complete()

    def failed(self, error: InterfaceError) -> None:
        """The stream has failed."""
        self._open[-1].failed(error)

    def close(self) -> None:
        while self._open:
            self._open.pop().close()

    def _ended(self, steps: _Steps) -> bool:
        """Whether that was the outermost plan; otherwise the next one has its response."""
        rest, response = steps.end()
        if len(self._open) == 1:
            self._ready += [*rest, response]
            return True
        self._open.pop()
        if rest:
            self._ready += self._outwards(rest, self._open)
        self._open[-1].answered(response)
        return False

    @staticmethod
    def _outwards(pieces: list[Delta | Wait], plans: Sequence[_Steps]) -> list[Delta | Wait]:
        for steps in reversed(plans):
            pieces = steps.passed(pieces)
        return pieces


class _Steps:
    """A plan on its way, without I/O."""

    _final: Response | None = None
    _waited = 0.0
    _head = ""
    _holds: Callable[[str], bool] = staticmethod(never)

    def __init__(self, wrapper: Wrapper, request: Request) -> None:
        self._plan = wrapper.plan(request)
        self._streams = request.options.get("stream") is not False
        self._outcome: Response | InterfaceError | None = None
        self._held: list[Delta] | None = []
        self.said: list[str] = []  # text that is handed out

    @property
    def holds_text(self) -> bool:
        """Whether text may have to wait."""
        return self._held is not None

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
        if self._streams and isinstance(due, Ask):
            self._head, self._held, self._holds = "", [], due.holds
        return due

    def told(self, wait: Wait) -> list[Delta | Wait]:
        """A pause that the plan makes, where it is news."""
        self._waited += wait.seconds
        return [wait] if wait.seconds >= _TOLD else []

    def answered(self, response: Response) -> None:
        """The response to what was asked."""
        self._outcome = response

    def passed(self, pieces: list[Delta | Wait]) -> list[Delta | Wait]:
        """What of some pieces goes on to the caller."""
        if self._held is not None:
            pieces = [free for piece in pieces for free in self._freed(piece)]
        self.said += [piece.text for piece in pieces if isinstance(piece, Delta)]
        return pieces

    def _freed(self, piece: Delta | Wait) -> Sequence[Delta | Wait]:
        """What can go on once this piece is there; text may have to wait for what follows it."""
        if self._held is None or isinstance(piece, Wait) or not piece.text:
            return [piece]
        if len(self._head) < _HEAD:
            self._head = (self._head + piece.text).lstrip()
        self._held.append(piece)
        if self._holds(self._head):
            return []
        held, self._held = self._held, None
        return held

    def close(self) -> None:
        self._plan.close()

    def complete(self) -> None:
        """The stream has ended; it should have brought a response."""
        last_piece([self._outcome if isinstance(self._outcome, Response) else None])

    def failed(self, error: InterfaceError) -> None:
        # An interface inside may have handed text to this one, which held it.
        error.handed_out = any(self.said)
        self._waited += error.waited
        self._outcome = error

    def end(self) -> tuple[list[Delta | Wait], Response]:
        """The text that was not handed out yet, and the response."""
        final = self._final
        assert final is not None
        if self._waited:
            final = replace(final, waited=final.waited + self._waited)
        if not self._streams:
            return [], final
        text, said = final.message.content or "", "".join(self.said)
        if text == said or not text.startswith(said):
            return [], final
        rest, held = text[len(said) :], self._held or []
        # It may have come in another way than as a stream.
        is_held = "".join(each.text for each in held) == rest
        return ([*held] if is_held else [Delta(rest)]), final
