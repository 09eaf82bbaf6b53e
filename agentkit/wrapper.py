"""An interface around another: what it does is written once, for all ways of asking."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Hashable, Iterator, Sequence
from contextlib import aclosing, closing, contextmanager
from typing import Any

from agentkit.errors import InterfaceError
from agentkit.interface import Interface, aasked, asked, last_piece, place_of, whole
from agentkit.messages import Delta, Request, Response, Wait
from agentkit.plan import Ask, Do, Due, Plan, Steps
from agentkit.tracing import Target
from agentkit.workers import in_thread_awaited


class Wrapper(Interface):
    """An interface around another; subclasses write `plan`."""

    asks_another = True

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

    def target(self, request: Request) -> Target:
        """That of the interface inside."""
        return self.inner.target(request)

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
                    if isinstance(due, Do):
                        due.function()
                        continue
                    with _closed(asked(due.interface, due.request)) as pieces:
                        for piece in pieces:
                            yield from plans.passed(piece)
                    plans.complete()
                except InterfaceError as error:
                    plans.failed(error)
            yield from plans.ready()
            plans.check()

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
                    if isinstance(due, Do):
                        await in_thread_awaited(due.function)
                        continue
                    async with aclosing(aasked(due.interface, due.request)) as pieces:
                        async for piece in pieces:
                            for passed in plans.passed(piece):
                                yield passed
                    plans.complete()
                except InterfaceError as error:
                    plans.failed(error)
            for each in plans.ready():
                yield each
            plans.check()

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
        self._open = [_begun(wrapper, request)]  # the innermost last
        self._ready: list[Delta | Wait | Response] = []
        self._is_free = False  # whether pieces go through all plans
        self._error: InterfaceError | None = None

    def due(self) -> Due | None:
        """What to do next; nothing when the outermost plan has its response, or an error."""
        self._is_free = False
        while True:
            steps = self._open[-1]
            try:
                due = steps.due()
            except InterfaceError as error:
                if len(self._open) == 1:
                    self._error = error
                    return None
                self._open.pop()
                self._open[-1].failed(error)
                continue
            if due is None:
                if self._ended(steps):
                    return None
            elif isinstance(due, Wait):
                self._ready += self._outwards(steps.told(due), self._open[:-1])
                return due
            elif isinstance(due, Ask) and isinstance(due.interface, Wrapper):
                self._open.append(_begun(due.interface, due.request))
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

    def check(self) -> None:
        """Raise the error with which all has ended, now that what came before it is handed out."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        while self._open:
            self._open.pop().close()

    def _ended(self, steps: Steps) -> bool:
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
    def _outwards(pieces: list[Delta | Wait], plans: Sequence[Steps]) -> list[Delta | Wait]:
        for steps in reversed(plans):
            pieces = steps.passed(pieces)
        return pieces


def _begun(wrapper: Wrapper, request: Request) -> Steps:
    return Steps(wrapper.plan(request), streams=request.options.get("stream") is not False)
