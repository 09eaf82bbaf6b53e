"""The drivers of the loop: they do what is due, and tell what happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, cast

from agentkit.calls import Calls
from agentkit.errors import InterfaceError, JournalError
from agentkit.events import Event, RequestSent, ResponseReceived, RunEnded
from agentkit.interface import Interface, aasked, asked, last_piece
from agentkit.loop import Loop
from agentkit.messages import Delta, Request, Response, Wait
from agentkit.recorder import DueCall, Record
from agentkit.tracing import atold, told


def drive(loop: Loop[Any], calls: Calls, interface: Interface) -> Generator[Event, None, None]:
    """Carry a run out."""
    steps = _drive(loop, calls, interface)
    return steps if calls.begin is None else told(calls.begin, steps)


def _drive(loop: Loop[Any], calls: Calls, interface: Interface) -> Generator[Event, None, None]:
    try:
        while (due := _due(loop, calls, interface)) is not None:
            if not isinstance(due, Request):
                yield from calls.run(due)
                continue
            yield RequestSent(due)
            piece: Delta | Wait | Response | None = None
            try:
                for piece in asked(interface, due):
                    yield _fed(loop, piece, calls.record)
            except InterfaceError as error:
                if not _shorter(loop, interface, due, error):
                    raise
            else:
                last_piece([piece])
    except BaseException as error:
        _hand_over(loop, error, calls.record)
        raise
    yield _ended(loop, calls.record)


def adrive(loop: Loop[Any], calls: Calls, interface: Interface) -> AsyncGenerator[Event, None]:
    """`drive`, awaited."""
    steps = _adrive(loop, calls, interface)
    return steps if calls.begin is None else atold(calls.begin, steps)


async def _adrive(
    loop: Loop[Any], calls: Calls, interface: Interface
) -> AsyncGenerator[Event, None]:
    try:
        while (due := _due(loop, calls, interface)) is not None:
            if not isinstance(due, Request):
                async with aclosing(calls.arun(due)) as events:
                    async for event in events:
                        yield event
                continue
            yield RequestSent(due)
            try:
                async with aclosing(aasked(interface, due)) as pieces:
                    piece: Delta | Wait | Response | None = None
                    async for piece in pieces:
                        yield _fed(loop, piece, calls.record)
            except InterfaceError as error:
                if not _shorter(loop, interface, due, error):
                    raise
            else:
                last_piece([piece])
    except BaseException as error:
        _hand_over(loop, error, calls.record)
        raise
    yield _ended(loop, calls.record)


def _due(
    loop: Loop[Any], calls: Calls, interface: Interface
) -> Request | tuple[DueCall, ...] | None:
    """What is due; a request is as short as the interface wants it, and recorded."""
    while isinstance(due := loop.due(), Request) and loop.shorten(interface.excess(due)):
        pass
    if isinstance(due, Request) and calls.record:
        calls.record.request(due)
    return due


def _shorter(
    loop: Loop[Any], interface: Interface, request: Request, error: InterfaceError
) -> bool:
    """Whether a request that failed is worth another try, because it is shorter now: a refusal may
    have told that it was too long."""
    return not error.handed_out and loop.shorten(error.excess or interface.excess(request))


def _fed(loop: Loop[Any], piece: Delta | Wait | Response, record: Record | None) -> Event:
    if not isinstance(piece, Response):
        return piece
    response = loop.take(piece)
    if record:
        record.response(response)
    loop.settle()
    return ResponseReceived(response)


def _ended(loop: Loop[Any], record: Record | None) -> Event:
    run = loop.run()
    if record:
        record.end(run)
        run = replace(run, revision=record.revision)
    return RunEnded(run)


def _hand_over(loop: Loop[Any], error: BaseException, record: Record | None) -> None:
    loop.cancel()
    run, waited = loop.run(), error.waited if isinstance(error, InterfaceError) else 0.0
    run = replace(run, waited=run.waited + waited)
    cast(Any, error).run = run
    if record:
        with suppress(JournalError):  # the error that ends the run says more
            record.end(run, error)
        cast(Any, error).run = replace(run, revision=record.revision)
