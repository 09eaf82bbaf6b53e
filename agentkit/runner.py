"""`Runner`: the ways to carry a run out, for whatever can prepare one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import Any, Generic, TypeVar, Unpack

from agentkit.agent_settings import ResumeOptions, RunOptions
from agentkit.calls import Calls
from agentkit.driver import adrive, drive
from agentkit.events import Event, RunEnded
from agentkit.interface import Interface
from agentkit.loop import Loop
from agentkit.run import Run

T = TypeVar("T")


class Runner(ABC, Generic[T]):
    """Carries runs out: whole or as events, sync or async, from the beginning or from a journal."""

    def run(self, prompt: str | None = None, **given: Unpack[RunOptions]) -> Run[T]:
        """Run until the final answer. Works inside a running event loop too.

        Args:
            prompt: What the user says.
            given: See `RunOptions`.

        Raises:
            LimitError: A limit was reached.
            InterfaceError: The model gave no usable reply.
            ConfigError: An option, alias or setting does not fit, or there is nothing to do.
            DefinitionError: A tool cannot be offered.

        Whatever ends the run, also a KeyboardInterrupt or what a tool raised, carries the run so
        far as `error.run`. (For Ctrl-C, `asyncio.run` raises a KeyboardInterrupt of its own; the
        one with the run is its `__context__`.)
        """
        events = drive(*self._prepared(prompt, given))
        return _last([e for e in events if type(e) is RunEnded])

    async def arun(self, prompt: str | None = None, **given: Unpack[RunOptions]) -> Run[T]:
        """`run`, awaited. Sync tools run in threads."""
        async with aclosing(adrive(*self._prepared(prompt, given))) as events:
            return _last([e async for e in events if type(e) is RunEnded])

    def iter(
        self, prompt: str | None = None, **given: Unpack[RunOptions]
    ) -> Generator[Event, None, None]:
        """`run` as a stream of events, the last of which is `RunEnded`."""
        yield from drive(*self._prepared(prompt, given))

    async def aiter(
        self, prompt: str | None = None, **given: Unpack[RunOptions]
    ) -> AsyncGenerator[Event, None]:
        """`iter`, awaited. To leave it early, wrap it: `async with aclosing(agent.aiter(...))`."""
        async with aclosing(adrive(*self._prepared(prompt, given))) as events:
            async for event in events:
                yield event

    def resume(self, run_id: str, **given: Unpack[ResumeOptions]) -> Run[T]:
        """Go on with a run of the journal that was cut short, also by the end of its process.

        Nothing that is in the journal is asked or called again. A call that had begun and has no
        result is repeated where its tool is `idempotent` or `read_only`; otherwise the run stops
        with it in `pending`: `Run.approve` repeats it, `Run.deny` leaves it, `Run.answer` gives its
        result, and `agent.run(after=run)` goes on. A run that has its answer is given as it is.

        Args:
            run_id: The run.
            given: See `ResumeOptions`.

        Raises:
            JournalError: There is no journal, or no such run in it.
        """
        run = self.stored(run_id)
        return run if run.done else self.run(after=run, **given)

    async def aresume(self, run_id: str, **given: Unpack[ResumeOptions]) -> Run[T]:
        """`resume`, awaited."""
        run = self.stored(run_id)
        return run if run.done else await self.arun(after=run, **given)

    @abstractmethod
    def stored(self, run_id: str) -> Run[T]:
        """A run of the journal, to go on with."""

    @abstractmethod
    def _prepared(self, prompt: str | None, given: RunOptions) -> tuple[Loop[T], Calls, Interface]:
        """The loop of a run that begins, or goes on, with what carries it out."""


def _last(ends: list[RunEnded[Any]]) -> Run[Any]:
    return ends[-1].run
