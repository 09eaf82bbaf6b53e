"""`Runner`: the ways to carry a run out, for whatever can prepare one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Generator, Iterable
from contextlib import aclosing
from typing import Any, Generic, TypeVar, Unpack, cast

from agentkit.agent_settings import ResumeOptions, RunOptions
from agentkit.calls import Calls
from agentkit.crew import Window, aeach, each
from agentkit.driver import adrive, drive
from agentkit.errors import JournalError
from agentkit.events import Event, RunEnded
from agentkit.interface import Interface
from agentkit.loop import Loop
from agentkit.outcomes import Item, Outcome, Turns, ends_all, read_item, turn_key
from agentkit.patience import one_of_many
from agentkit.recorder import Store
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
        await self.aready()
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
        await self.aready()
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
        await self.aready()
        run = self.stored(run_id)
        return run if run.done else await self.arun(after=run, **given)

    def map(
        self,
        items: Iterable[Item],
        *,
        concurrency: int = 10,
        in_order: bool = True,
        **given: Unpack[ResumeOptions],
    ) -> Generator[Outcome[T], None, None]:
        """Run for each of many items side by side, and yield what came of each.

        What goes wrong with an item is the `error` of its outcome and stops no other. What would go
        wrong with all of them is raised: nothing more runs, and what was done is yielded before.
        Works inside a running event loop too; sync tools run in threads. To leave it early cancels
        what runs.

        Args:
            items: Prompts, or mappings with `prompt` and the names of `RunOptions`; any number, as
                they are taken when their turn comes. With a journal, one whose `run_id` is there
                is gone on with, and given as it is when it is done.
            concurrency: The most runs at once. The server's limits are kept in any case; these runs
                wait for them as long as it takes, where another run gives up after ten minutes.
            in_order: Whether outcomes come in the order of the items, or as they are there.
            given: What all runs are given; an item's own comes first.

        Raises:
            ConfigError: A setting of the agent or an option does not fit; at once.
            DefinitionError: A tool cannot be offered; at once.
            JournalError: The journal cannot be used.
            StatusError: The server takes no request at all: no key, no credit, or no such model.
        """
        return each(self.worker(**given), items, Window(concurrency, in_order=in_order))

    def amap(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        concurrency: int = 10,
        in_order: bool = True,
        **given: Unpack[ResumeOptions],
    ) -> AsyncGenerator[Outcome[T], None]:
        """`map`, awaited. To leave it early, wrap it: `async with aclosing(agent.amap(...))`."""
        return aeach(self.worker(**given), items, Window(concurrency, in_order=in_order))

    def worker(
        self, **given: Unpack[ResumeOptions]
    ) -> Callable[[int, Item], Coroutine[Any, Any, Outcome[T]]]:
        """What `map` does with the index of an item and the item, for who sees to the rest.

        Args:
            given: What all runs are given.

        Raises:
            ConfigError: A setting of the agent or an option does not fit; at once.
            DefinitionError: A tool cannot be offered; at once.
        """
        self._check(given)
        turns = Turns()

        async def work(index: int, item: Item) -> Outcome[T]:
            one_of_many.set(True)
            try:
                prompt, options = read_item(item, cast(RunOptions, given))
                async with turns.taken(turn_key(options)):
                    return Outcome(index, item, await self._begun_or_gone_on(prompt, options))
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                return Outcome(index, item, getattr(error, "run", None), error)  # a tool raised it
            except Exception as error:
                if ends_all(error):
                    raise
                return Outcome(index, item, getattr(error, "run", None), error)

        import asyncio

        return work

    async def _begun_or_gone_on(self, prompt: str | None, options: RunOptions) -> Run[T]:
        """Run, but go on with a run of this id that the journal has."""
        await self.aready()
        run_id = options.get("run_id")
        if run_id and self.journal is not None:
            try:
                run = self.stored(run_id)
            except JournalError:  # there is none; a journal that cannot be used says so again
                pass
            else:
                more: Any = {k: v for k, v in options.items() if k in ResumeOptions.__annotations__}
                return run if run.done else await self.arun(after=run, **more)
        return await self.arun(prompt, **options)

    @abstractmethod
    async def aready(self) -> None:
        """Have at hand what runs need and what takes time to ask for."""

    @property
    @abstractmethod
    def journal(self) -> Store | None:
        """Where runs are kept, if anywhere."""

    @abstractmethod
    def stored(self, run_id: str) -> Run[T]:
        """A run of the journal, to go on with."""

    @abstractmethod
    def _prepared(self, prompt: str | None, given: RunOptions) -> tuple[Loop[T], Calls, Interface]:
        """The loop of a run that begins, or goes on, with what carries it out."""

    @abstractmethod
    def _check(self, given: ResumeOptions) -> None:
        """See that runs can begin: refuse what would be wrong with each of them."""


def _last(ends: list[RunEnded[Any]]) -> Run[Any]:
    return ends[-1].run
