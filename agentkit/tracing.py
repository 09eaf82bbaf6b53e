"""Telling a trace what happens, where it happens; without a trace nobody is told.

`HERE` is the span of what is going on: of a run, a request or a call. It is current in each step of
that, and not between two steps. So a generator may be left early, closed in another task or
collected as garbage, and nothing is current that should not be.
"""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from agentkit.messages import FunctionCall, FunctionDefinition, Message, Request

T = TypeVar("T")
_ELSEWHERE: ContextVar[str] = ContextVar("elsewhere", default="")


class Target(NamedTuple):
    """Where a request goes, as far as is known before it is sent.

    Args:
        provider: The name of the interface.
        model: The model.
        address: The server's host, if there is one.
        port: The server's port.
    """

    provider: str
    model: str
    address: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that begins, or goes on.

    Args:
        run_id: The run.
        agent: The agent's name.
        target: Where its requests go, if they are not told elsewhere.
        messages: The transcript that it begins with.
        definitions: The functions that it offers.
        conversation: The conversation that it belongs to.
        replays: Whether what it did before passes by once more, so that it is told of only when it
            does something.
        traceparent: What it is a part of that goes on elsewhere, if nothing goes on here.
    """

    run_id: str
    agent: str
    target: Target
    messages: tuple[Message, ...]
    definitions: tuple[FunctionDefinition, ...] = ()
    conversation: str | None = None
    replays: bool = False
    traceparent: str = field(default_factory=_ELSEWHERE.get)


class Told(Protocol):
    """Something on its way: a run, a request or a call. It is current inside of `with`."""

    def __enter__(self) -> object: ...
    def __exit__(self, *raised: object) -> None: ...

    def saw(self, item: object) -> None:
        """A piece, an event or an outcome came of it."""

    def end(self, error: BaseException | None = None) -> None:
        """It is over; a second time means nothing."""


class Span(Told, Protocol):
    """What is told in a trace."""

    @property
    def trace(self) -> Trace:
        """Where it is told."""

    def request(self, target: Target, request: Request) -> Span:
        """A request that is sent now, as a part of it."""

    def call(self, tool: Any, call: FunctionCall, key: str) -> Span:
        """A call that is run now, as a part of it; `tool` is None if there is none."""

    def note(self, error: BaseException) -> None:
        """This is the error that its outcome tells of."""

    @property
    def traceparent(self) -> str:
        """The header by which another process goes on with the trace, or "" for none."""


@runtime_checkable
class Trace(Protocol):
    """Where runs are told span by span."""

    def run(self, begun: Begun) -> Span:
        """The span of a run, which begins now: a part of what is going on, if anything is."""


HERE: ContextVar[Span | None] = ContextVar("here", default=None)
Begin = Callable[[], Told]

_HEADER = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")


def traceparent() -> str:
    """What goes on here as the header `traceparent` of W3C's Trace Context, or "" for nothing."""
    if (here := HERE.get()) is not None:
        return here.traceparent
    if "opentelemetry.trace" not in sys.modules:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def going_on(traceparent: str | None) -> Iterator[None]:
    """Runs that begin inside of it are a part of what goes on elsewhere.

    Args:
        traceparent: The header of that; one that makes no sense is as good as none.
    """
    known = traceparent if traceparent and _HEADER.match(traceparent) else ""
    token = _ELSEWHERE.set(known)
    try:
        yield
    finally:
        _ELSEWHERE.reset(token)


def beginning(inherits: bool, own: Trace | None, begun: Callable[[], Begun]) -> Begin | None:
    """What begins to tell a run, where it is told.

    Args:
        inherits: Whether it is told where the run is whose tool begins it, if one does.
        own: Where it is told if not so.
        begun: Gives what is told of it first.
    """
    here = HERE.get()
    trace = here.trace if here is not None and inherits else own
    if trace is None:
        return Untold if here is not None else None
    return partial(trace.run, begun())


def note(error: BaseException) -> None:
    """Tell what is going on here of an error that will be an outcome."""
    if (here := HERE.get()) is not None:
        here.note(error)


def told(begin: Begin, steps: Generator[T, None, None]) -> Generator[T, None, None]:
    """`yield from steps`, as a span that begins with the first step and ends with the last."""
    span, step = begin(), partial(next, steps)
    try:
        while True:
            with span:
                try:
                    item = step()
                except StopIteration:
                    break
            span.saw(item)
            try:
                yield item
                step = partial(next, steps)
            except GeneratorExit:
                with span:
                    steps.close()
                raise
            except BaseException as thrown:
                step = partial(steps.throw, thrown)
    except BaseException as error:
        span.end(error)
        raise
    span.end()


async def atold(begin: Begin, steps: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """`told`, awaited."""
    span, step = begin(), steps.__anext__
    try:
        while True:
            try:
                item = await Stepped(span, step())
            except StopAsyncIteration:
                break
            span.saw(item)
            try:
                yield item
                step = steps.__anext__
            except GeneratorExit:
                await Stepped(span, steps.aclose())
                raise
            except BaseException as thrown:
                step = partial(steps.athrow, thrown)
    except BaseException as error:
        span.end(error)
        raise
    span.end()


def within(span: Told, function: Callable[[], T]) -> T:
    """What a function gives, told as a span."""
    try:
        with span:
            outcome = function()
    except BaseException as error:
        span.end(error)
        raise
    span.saw(outcome)
    span.end()
    return outcome


async def awithin(span: Told, awaitable: Awaitable[T]) -> T:
    """`within`, awaited."""
    try:
        outcome = await Stepped(span, awaitable)
    except BaseException as error:
        span.end(error)
        raise
    span.saw(outcome)
    span.end()
    return outcome


class Stepped(Generic[T]):
    """An awaitable with a span that is current in each of its steps.

    Args:
        span: The span.
        awaitable: What to await.
    """

    def __init__(self, span: Told, awaitable: Awaitable[T]) -> None:
        self._span, self._awaitable = span, awaitable

    def __await__(self) -> Generator[Any, Any, T]:
        steps: Any = self._awaitable.__await__()
        step = partial(steps.send, None)
        while True:
            try:
                with self._span:
                    waits_for = step()
            except StopIteration as end:
                value: T = end.value
                return value
            try:
                step = partial(steps.send, (yield waits_for))
            except BaseException as thrown:
                step = partial(steps.throw, thrown)


class Untold:
    """In the place of the span of a run that is told nowhere, inside of one that is told."""

    def __enter__(self) -> None:
        self._before = HERE.get()
        HERE.set(None)

    def __exit__(self, *raised: object) -> None:
        HERE.set(self._before)

    def saw(self, item: object) -> None: ...
    def end(self, error: BaseException | None = None) -> None: ...
