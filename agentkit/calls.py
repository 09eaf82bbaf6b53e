"""Running the calls that are due: `read_only` ones side by side, all others one after the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any

from agentkit.context import Context, Progress
from agentkit.events import CallEnded, CallStarted, Event
from agentkit.loop import DueCall, Loop
from agentkit.messages import ResultMessage
from agentkit.toolbox import Toolbox
from agentkit.workers import Ended, carried, in_thread

_SIDE_BY_SIDE = 32  # a thread each; a response with more calls runs them in groups


def run_calls(
    loop: Loop[Any], toolbox: Toolbox, due: Sequence[DueCall], deps: Any
) -> Iterator[Event]:
    """Run the calls, feed the loop, and tell what happens."""
    for batch in _batches(due, toolbox):
        yield from (CallStarted(each.call, each.key) for each in batch)
        inbox: SimpleQueue[Any] = SimpleQueue()
        if len(batch) == 1:
            yield from _in_place(loop, toolbox, batch[0], deps, inbox)
            continue
        jobs: dict[Any, DueCall] = {
            in_thread(toolbox.call, each.call, _context(each, deps, inbox.put)): each
            for each in batch
        }
        for job in jobs:
            job.add_done_callback(inbox.put)
        try:
            waiting = len(jobs)
            while waiting:
                item = inbox.get()
                waiting -= not isinstance(item, Progress)
                yield from _news(loop, jobs, item)
        finally:
            _keep(loop, jobs)
        _raise_first(jobs)


def _in_place(
    loop: Loop[Any], toolbox: Toolbox, each: DueCall, deps: Any, inbox: SimpleQueue[Any]
) -> Iterator[Event]:
    """Run one call in the caller's own thread, where a tool may keep what it opened."""
    result = toolbox.call(each.call, _context(each, deps, inbox.put))
    loop.feed_result(each, result)
    while not inbox.empty():
        yield inbox.get()
    yield CallEnded(each.call, each.key, result)


async def arun_calls(
    loop: Loop[Any], toolbox: Toolbox, due: Sequence[DueCall], deps: Any
) -> AsyncGenerator[Event, None]:
    """`run_calls`, awaited."""
    import asyncio

    here = asyncio.get_running_loop()
    for batch in _batches(due, toolbox):
        for each in batch:
            yield CallStarted(each.call, each.key)
        inbox: asyncio.Queue[Any] = asyncio.Queue()

        def tell(item: Any, inbox: Any = inbox) -> None:
            here.call_soon_threadsafe(inbox.put_nowait, item)

        jobs: dict[Any, DueCall] = {
            asyncio.ensure_future(
                carried(toolbox.acall(each.call, _context(each, deps, tell)))
            ): each
            for each in batch
        }
        for job in jobs:
            job.add_done_callback(inbox.put_nowait)
        try:
            waiting = len(jobs)
            while waiting:
                item = await inbox.get()
                waiting -= not isinstance(item, Progress)
                for event in _news(loop, jobs, item):
                    yield event
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            _keep(loop, jobs)
        _raise_first(jobs)


def _context(each: DueCall, deps: Any, tell: Callable[[Progress], None]) -> Context[Any]:
    return Context(deps, each.key, each.call.name, tell)


def _batches(due: Sequence[DueCall], toolbox: Toolbox) -> Iterator[list[DueCall]]:
    """Neighbours that are read_only together, each other call alone, in order."""
    batch: list[DueCall] = []
    for each in due:
        known = toolbox.get(each.call.name)
        alone = known is not None and not known.read_only
        if batch and (alone or len(batch) == _SIDE_BY_SIDE):
            yield batch
            batch = []
        if alone:
            yield [each]
        else:
            batch.append(each)
    if batch:
        yield batch


def _news(loop: Loop[Any], jobs: dict[Any, DueCall], item: Any) -> Iterator[Event]:
    if isinstance(item, Progress):
        yield item
    elif (result := _result(item)) is not None:
        loop.feed_result(jobs[item], result)
        yield CallEnded(jobs[item].call, jobs[item].key, result)


def _keep(loop: Loop[Any], jobs: dict[Any, DueCall]) -> None:
    """Whatever ended the run, what is done is done."""
    for job, each in jobs.items():
        if (result := _result(job)) is not None:
            loop.feed_result(each, result)


def _result(job: Any) -> ResultMessage | None:
    """What a future of either kind holds, if it has a result."""
    if not job.done() or job.cancelled() or job.exception():
        return None
    result: ResultMessage = job.result()
    return result


def _raise_first(jobs: dict[Any, DueCall]) -> None:
    """What a tool with `on_error="raise"` raised, once the others are done."""
    for job in jobs:
        try:
            job.result()
        except Ended as ended:
            raise ended.cause from None
