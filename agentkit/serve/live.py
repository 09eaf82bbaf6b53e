"""A run that is being carried out, and what those who watch it are told."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

from agentkit.context import Progress
from agentkit.errors import StoppedError
from agentkit.events import Event, RunEnded
from agentkit.journal import Journal, StoredEvent
from agentkit.journal.record import reason_of, state_of
from agentkit.messages import Delta, Request, Response, ResultMessage, Wait
from agentkit.recorder import DueCall, Record, Start
from agentkit.run import Run
from agentkit.saving import plain_value
from agentkit.serve.telling import START, Place, Teller, Told

_MOST_PASSING = 20_000  # pieces of text that are kept of one step, the last ones


class LiveRun:
    """A run that is being carried out.

    Whoever watches it holds a place in its log and nothing else, so that slow readers cost neither
    memory nor time. What comes in pieces is kept until the next whole event, which has it all.

    Args:
        agent: The name of its agent.
        on_told: Called with each whole event, such as by who counts.
        run_id: The run, where it goes on; one that begins has its id from its beginning on.
    """

    def __init__(
        self, agent: str, on_told: Callable[[LiveRun, Told], None], run_id: str = ""
    ) -> None:
        self.agent = agent
        self.id = run_id
        self.begun = time.time()
        self.run: Run[Any] | None = None  # once it has ended, also with an error
        self.error: BaseException | None = None
        self.why: StoppedError | None = None  # it is to stop
        self.task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()  # it has begun, or could not
        self.ended = False
        self.callers = 0  # that wait on the line, and for whom it is carried out
        self._on_told = on_told
        self._log: list[Told] = []
        self._passing: list[Told] = []
        self._news = asyncio.Event()
        self.teller = Teller("", agent)

    @property
    def state(self) -> str:
        """What became of it, or "running"."""
        if self._log and self._log[-1].type == "run_ended":
            return str(self._log[-1].data["state"])
        return "running"

    @property
    def has_begun(self) -> bool:
        """Whether it stands in the journal that it runs."""
        return bool(self._log)

    @property
    def is_cancelled(self) -> bool:
        """Whether it is being cancelled from outside, and not by a tool of its own."""
        return self.task is not None and self.task.cancelling() > 0

    def stop(self, why: StoppedError) -> None:
        """Cancel it, for good or until it is gone on with."""
        if self.task is not None and not self.ended and self.why is None:
            self.why = why
            self.task.cancel()

    def begin(self, run: Run[Any], prompt: str | None, before: Sequence[StoredEvent]) -> None:
        """It has begun, or goes on, as the journal says.

        Args:
            run: As it begins.
            prompt: What was said.
            before: What happened in it up to now, if it goes on.
        """
        self.id, self.teller = run.id, Teller(run.id, self.agent)
        if before:
            self._log = self.teller.replay(before)
        else:
            self._log = self.teller.begin(self.begun, prompt, run.messages, run.summarized)
        self.ready.set()
        self._wake()

    def tell(self, told: Sequence[Told]) -> None:
        """Tell of something whole."""
        self._passing.clear()
        self._log += told
        for each in told:
            self._on_told(self, each)
        self._wake()

    def see(self, event: Event) -> None:
        """Tell of what passes; the rest is told by the record of the run."""
        now = time.time()
        match event:
            case Delta(text=text, reasoning=reasoning):
                pieces = {"reasoning": reasoning, "text": text}
                found = [
                    self.teller.passing(kind, now, text=piece)
                    for kind, piece in pieces.items()
                    if piece
                ]
            case Wait(seconds=seconds, reason=why):
                found = [self.teller.passing("waiting", now, seconds=seconds, why=why)]
            case Progress(tool=name, call_key=key, message=message, fraction=fraction):
                self._passing = [e for e in self._passing if e.data.get("key") != key]
                more = {"key": key, "name": name, "message": message, "fraction": fraction}
                found = [self.teller.passing("progress", now, **more)]
            case RunEnded(run=run):
                self.run, found = run, []
            case _:
                return
        self._passing += found
        del self._passing[:-_MOST_PASSING]
        self._wake()

    def close(self) -> None:
        """It is over: who watches it sees the rest and no more."""
        self.ended = True
        self.error = self.error or self.why
        self.ready.set()
        self._wake()

    def since(self, place: Place) -> list[Told]:
        """What was told after a place."""
        logs = (self._log, self._passing)  # one goes on where the other ends
        return [e for log in logs for e in log[bisect_right(log, place, key=_place) :]]

    async def watch(self, place: Place = START) -> AsyncIterator[Told]:
        """What is told after a place, as it comes, until the run is over."""
        while True:
            news, found = self._news, self.since(place)
            for each in found:
                yield each
                place = each.place
            if found:
                continue
            if self.ended:
                return
            await news.wait()

    async def over(self) -> None:
        """Wait for the end."""
        while not self.ended:
            await self._news.wait()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _place(told: Told) -> Place:
    return told.place


class LiveStore:
    """The journal of one run, which tells those who watch the run what is written.

    Args:
        journal: The journal.
        live: The run.
    """

    def __init__(self, journal: Journal, live: LiveRun) -> None:
        self._journal, self._live = journal, live
        self.run, self.last_turn = journal.run, journal.last_turn

    def begin(self, run: Run[Any], start: Start) -> Record:
        """The record of a run that begins, or goes on."""
        record = self._journal.begin(run, replace(start, agent=self._live.agent))
        before = self._journal.events(run.id) if start.goes_on else ()
        self._live.begin(run, start.prompt, before)
        return LiveRecord(record, self._live)


class LiveRecord:
    """Writes what happens in a run, and then tells it.

    Args:
        record: The journal's.
        live: The run.
    """

    def __init__(self, record: Record, live: LiveRun) -> None:
        self._record, self._live, self._teller = record, live, live.teller

    @property
    def revision(self) -> str:
        """The last event that is written."""
        return self._record.revision

    def request(self, request: Request) -> None:
        """A request is about to be sent."""
        self._record.request(request)
        self._live.tell(self._teller.request(time.time(), request.model))

    def response(self, response: Response) -> None:
        """A response came, and its calls were made readable."""
        self._record.response(response)
        self._live.tell(self._teller.response(time.time(), response))

    def begun(self, due: DueCall) -> None:
        """A call is about to run."""
        self._record.begun(due)
        self._live.tell(self._teller.call(time.time(), due.key, due.index, due.call.name))

    def result(self, due: DueCall, result: ResultMessage) -> None:
        """A call has its result."""
        self._record.result(due, result)
        self._live.tell(self._teller.result(time.time(), due.key, result))

    def end(self, run: Run[Any], error: BaseException | None = None) -> None:
        """The run has ended; one that was stopped says by whom in place of `CancelledError`."""
        stopped = isinstance(error, asyncio.CancelledError | GeneratorExit)  # between two events
        if stopped and self._live.is_cancelled:
            error = self._live.why or StoppedError("the service was stopped", for_good=False)
        self._record.end(run, error)
        self._live.run = run
        self._live.tell(
            self._teller.end(
                time.time(),
                state_of(run, error),
                run.messages,
                plain_value(run.output) if run.done else None,
                reason_of(error) if error else None,
            )
        )
