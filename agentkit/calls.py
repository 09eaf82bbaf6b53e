"""Running the calls that are due: `read_only` ones side by side, all others one after the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from agentkit.approval import Gate
from agentkit.context import Context, Progress, nobody
from agentkit.events import ApprovalNeeded, CallEnded, CallStarted, Event
from agentkit.loop import Loop
from agentkit.messages import ResultMessage
from agentkit.reading import READ, read_result
from agentkit.recorder import DueCall, Keep, Record, Results
from agentkit.tracing import Begin
from agentkit.workers import Ended, carried, in_thread

_SIDE_BY_SIDE = 32  # a thread each; a response with more calls runs them in groups


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of a run.

    Args:
        loop: Is fed their results.
        gate: Has the tools, and says which calls must wait for approval.
        deps: What tools find in their context.
        record: Is told of each call before it runs and when it has its result, in its own thread.
        recorded: Has the results of calls that are not to run.
        begin: Begins to tell the run in a trace, where it is told in one.
    """

    loop: Loop[Any]
    gate: Gate
    deps: Any
    record: Record | None = None
    recorded: Results | None = None
    begin: Begin | None = None

    def run(self, due: Sequence[DueCall]) -> Iterator[Event]:
        """Run the calls, feed the loop, and tell what happens."""
        for batch in self._batches(due):
            free, refused, waiting = self._judged(batch)
            yield from refused
            yield from map(self._started, free)
            yield from self._side_by_side(free) if len(free) > 1 else self._in_place(free)
            if waiting:
                yield from self._hold(waiting)
                return

    def _side_by_side(self, batch: Sequence[DueCall]) -> Iterator[Event]:
        inbox: SimpleQueue[Any] = SimpleQueue()
        jobs: dict[Any, DueCall] = {
            in_thread(self._call, each, self._context(each, inbox.put)): each for each in batch
        }
        for job in jobs:
            job.add_done_callback(inbox.put)
        try:
            waiting = len(jobs)
            while waiting:
                item = inbox.get()
                waiting -= not isinstance(item, Progress)
                yield from self._news(jobs, item)
        finally:
            self._keep(jobs)
        _raise_first(jobs)

    def _in_place(self, calls: Sequence[DueCall]) -> Iterator[Event]:
        """Run one call in the caller's own thread, where a tool may keep what it opened."""
        for each in calls:
            inbox: SimpleQueue[Any] = SimpleQueue()
            result = self._call(each, self._context(each, inbox.put))
            self.loop.feed_result(each, result)
            while not inbox.empty():
                yield inbox.get()
            yield CallEnded(each.call, each.key, result)

    async def arun(self, due: Sequence[DueCall]) -> AsyncGenerator[Event, None]:
        """`run`, awaited."""
        for batch in self._batches(due):
            free, refused, waiting = self._judged(batch)
            for event in refused:
                yield event
            for each in free:
                yield self._started(each)
            if self._is_quiet(free):
                for each in free:
                    yield await self._ain_place(each)
            else:
                async with aclosing(self._aside_by_side(free)) as events:
                    async for event in events:
                        yield event
            if waiting:
                for event in self._hold(waiting):
                    yield event
                return

    def _is_quiet(self, calls: Sequence[DueCall]) -> bool:
        """Whether it is one call at the most, of a tool that tells nothing while it runs."""
        tools = [self.gate.toolbox.get(each.call.name) for each in calls]
        return len(tools) < 2 and not any(each and each.parameters.takes_context for each in tools)

    async def _ain_place(self, each: DueCall) -> Event:
        """Await a call in the run's own task."""
        import asyncio

        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        result = await self._acall(each, self._context(each, nobody))
        self.loop.feed_result(each, result)
        if task and task.cancelling() > before:  # the tool took it for its own
            raise asyncio.CancelledError
        return CallEnded(each.call, each.key, result)

    async def _aside_by_side(self, batch: Sequence[DueCall]) -> AsyncGenerator[Event, None]:
        import asyncio

        here = asyncio.get_running_loop()
        inbox: asyncio.Queue[Any] = asyncio.Queue()

        def tell(item: Any) -> None:
            here.call_soon_threadsafe(inbox.put_nowait, item)

        jobs: dict[Any, DueCall] = {
            asyncio.ensure_future(carried(self._acall(each, self._context(each, tell)))): each
            for each in batch
        }
        for job in jobs:
            job.add_done_callback(inbox.put_nowait)
        try:
            waiting = len(jobs)
            while waiting:
                item = await inbox.get()
                waiting -= not isinstance(item, Progress)
                for event in self._news(jobs, item):
                    yield event
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self._keep(jobs)
        _raise_first(jobs)

    def _call(self, each: DueCall, context: Context[Any]) -> ResultMessage:
        result, keep = self._begun(each)
        if result is None:
            result = self._read_on(each) or self.gate.toolbox.call(each.call, context)
            keep(result)
        return self._ended(each, result)

    async def _acall(self, each: DueCall, context: Context[Any]) -> ResultMessage:
        result, keep = self._begun(each)
        if result is None:
            result = self._read_on(each) or await self.gate.toolbox.acall(each.call, context)
            keep(result)
        return self._ended(each, result)

    def _begun(self, each: DueCall) -> tuple[ResultMessage | None, Keep[ResultMessage]]:
        """The recorded result of a call that is about to run, or what keeps the one that comes."""
        if self.record:
            self.record.begun(each)
        if self.recorded is None:
            return None, _forget
        known = self.recorded.result(each, self.loop.messages)
        return (known, _forget) if isinstance(known, ResultMessage) else (None, known)

    def _read_on(self, each: DueCall) -> ResultMessage | None:
        """The result of a call that reads on in an earlier result; None for other calls."""
        if each.call.name != READ:
            return None
        return read_result(each.call, self.loop.messages, self.loop.room())

    def _ended(self, each: DueCall, result: ResultMessage) -> ResultMessage:
        if self.record:
            self.record.result(each, result)
        return result

    def _context(self, each: DueCall, tell: Callable[[Progress], None]) -> Context[Any]:
        return Context(self.deps, each.key, each.call.name, tell, self.loop.room())

    def _batches(self, due: Sequence[DueCall]) -> Iterator[list[DueCall]]:
        """Neighbours that are read_only together, each other call alone, in order."""
        batch: list[DueCall] = []
        for each in due:
            known = self.gate.toolbox.get(each.call.name)
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

    def _started(self, each: DueCall) -> Event:
        self.loop.begin(each)
        return CallStarted(each.call, each.key)

    def _judged(
        self, batch: Sequence[DueCall]
    ) -> tuple[list[DueCall], list[Event], dict[int, str]]:
        """The calls that may run, what is told of refused ones, and the next one if it must wait.

        They are judged when their turn comes: results that came before may matter.
        """
        free: list[DueCall] = []
        refused: list[Event] = []
        for each in batch:
            verdict = self._judge(each)
            if isinstance(verdict, str):
                return free, refused, {each.index: verdict}
            if verdict is None:
                free.append(each)
                continue
            self.loop.feed_result(each, self._ended(each, verdict))
            refused += CallStarted(each.call, each.key), CallEnded(each.call, each.key, verdict)
        return free, refused, {}

    def _judge(self, each: DueCall) -> str | ResultMessage | None:
        messages = self.loop.messages if self.gate.policy == "ask_after_untrusted" else ()
        return self.gate.judge(each.call, lambda: self._context(each, nobody), messages)

    def _hold(self, waiting: Mapping[int, str]) -> Iterator[Event]:
        """End the run with all calls that must wait, so that they can be decided on at once."""
        others = [each for each in self.loop.open_calls() if each.index not in waiting]
        verdicts = {each.index: self._judge(each) for each in others}
        more = {index: why for index, why in verdicts.items() if isinstance(why, str)}
        for each in self.loop.hold({**waiting, **more}):
            yield ApprovalNeeded(each.call, each.key)

    def _news(self, jobs: dict[Any, DueCall], item: Any) -> Iterator[Event]:
        if isinstance(item, Progress):
            yield item
        elif (result := _result(item)) is not None:
            self.loop.feed_result(jobs[item], result)
            yield CallEnded(jobs[item].call, jobs[item].key, result)

    def _keep(self, jobs: dict[Any, DueCall]) -> None:
        """Whatever ended the run, what is done is done."""
        for job, each in jobs.items():
            if (result := _result(job)) is not None:
                self.loop.feed_result(each, result)


def _forget(result: ResultMessage) -> None:
    """Keep it nowhere."""


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
