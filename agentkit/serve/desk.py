"""`Desk`: begins runs, knows those that are being carried out, and goes on with the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from agentkit.agent import Agent
from agentkit.agent_settings import RunOptions
from agentkit.errors import AgentkitError, JournalError, StoppedError
from agentkit.journal import Journal, StoredRun
from agentkit.journal.stored import options_of
from agentkit.log import log
from agentkit.messages import FunctionCall
from agentkit.recorder import Start
from agentkit.run import Run
from agentkit.serve.live import LiveRun, LiveStore
from agentkit.serve.problems import Problem, busy, conflict, is_broken, not_found, traced
from agentkit.serve.telling import Told, waiting_in
from agentkit.serve.turns import Turns

CHAT = "chatcmpl-"
"""How the ids of runs begin whose caller waits on the line: nobody goes on with them unasked."""

STREAMED = {"stream": True}
"""Options of runs that somebody may watch, who then sees text as it comes."""

_TRIES = 3  # beginnings of a run after each of which the service died, with nothing between
_LAST = 10.0  # seconds for runs to see that they are to stop
Decision = Callable[[Run[Any], FunctionCall], Run[Any]]


class Desk:
    """Carries runs out, as tasks of the event loop that it is used in.

    The journal has all that is known of a run; this knows which are being carried out.

    Args:
        agents: The agents by name.
        journal: Where all runs are kept.
        most: The most runs at once.
        deps: What tools find as `Context.deps`.
        on_told: Called with each whole event of each run.
    """

    def __init__(
        self,
        agents: Mapping[str, Agent[Any]],
        journal: Journal,
        *,
        most: int,
        deps: Any = None,
        on_told: Callable[[LiveRun, Told], None],
    ) -> None:
        self.agents = {name: agent.with_journal(journal) for name, agent in agents.items()}
        self.journal, self.most = journal, most
        self.closing = False
        self._deps, self._on_told = deps, on_told
        self._live: set[LiveRun] = set()
        self._turns = Turns()

    def __len__(self) -> int:
        """How many runs are being carried out."""
        return len(self._live)

    def live(self, run_id: str) -> LiveRun | None:
        """A run that is being carried out."""
        return next((each for each in self._live if each.id == run_id), None)

    def listed(self, run_id: str) -> StoredRun:
        """A run as the journal lists it.

        Raises:
            Problem: There is none.
            JournalError: The file cannot be used.
        """
        try:
            return self.journal.listed(run_id)
        except JournalError as error:
            if is_broken(error):
                raise
            raise not_found(str(error), "run_not_found") from None

    def named(self, name: str | None) -> str:
        """The name of an agent; it may be left out where there is one.

        Raises:
            Problem: There is none.
        """
        known = ", ".join(self.agents)
        if name is None:
            if len(self.agents) == 1:
                return next(iter(self.agents))
            raise Problem(400, f"Say which agent: {known}.", "missing", param="agent")
        if name not in self.agents:
            raise not_found(f"There is no agent {name!r}, only {known}.", "agent_not_found")
        return name

    def check_room(self) -> None:
        """Refuse a further run where there is no room, or while the service stops.

        Raises:
            Problem: There is none.
        """
        if self.closing:
            raise busy("The service is stopping.", "shutting_down", _LAST)
        if len(self._live) >= self.most:
            raise busy(f"{self.most} runs are being carried out; ask again soon.", "overloaded")

    async def begin(self, name: str, prompt: str | None, given: RunOptions) -> LiveRun:
        """Begin a run, or go on with one; it is in the journal when this returns.

        Raises:
            Problem: There is no room.
            AgentkitError: It could not begin.
        """
        self.check_room()
        after = given.get("after")
        live = LiveRun(name, self._on_told, after.id if after else "")
        agent = self.agents[name].with_journal(LiveStore(self.journal, live))
        given = {"deps": self._deps, **given}
        self._live.add(live)
        live.task = asyncio.create_task(self._carry(live, agent, prompt, given))
        live.task.add_done_callback(lambda task: self._over(live))  # also where it never began
        await live.ready.wait()
        if not live.has_begun:
            failed = live.error if isinstance(live.error, Exception) else None
            raise failed or AgentkitError(f"The run did not begin: {live.error!r}.")
        return live

    async def _carry(
        self, live: LiveRun, agent: Agent[Any], prompt: str | None, given: RunOptions
    ) -> None:
        place = self._turns.number()
        try:
            await self._turns.take(place)
            async with aclosing(agent.aiter(prompt, **given)) as events:
                async for event in events:
                    live.see(event)
                    await self._turns.take(place)
        except BaseException as error:  # whatever a tool raises ends its run and nothing else
            stopped = isinstance(error, asyncio.CancelledError)
            live.error = (live.why if stopped else None) or error
            live.run = getattr(error, "run", live.run)
            if not stopped and not isinstance(error, AgentkitError):
                log.warning("the run %s failed: %s", live.id, traced(error))

    def _over(self, live: LiveRun) -> None:
        self._live.discard(live)
        live.close()

    async def resume(self, run_id: str) -> None:
        """Go on with a run that failed, or was cancelled or interrupted.

        Raises:
            Problem: It cannot be gone on with.
        """
        listed = self.listed(run_id)
        agent = self._own(listed)
        if listed.state == "done":
            return
        if listed.state == "waiting":
            raise conflict(f"Calls of {run_id!r} wait for a decision.", "decision_needed")
        await self._go_on(agent, self.agents[agent].stored(run_id))

    async def decide(self, run_id: str, call: str | int, decision: Decision) -> None:
        """Decide on a call that waits; with the last one the run goes on.

        Args:
            run_id: The run.
            call: The call's key or id, or its place among those that wait.
            decision: Gives the run in which that call was decided on.

        Raises:
            Problem: No such call waits.
            ConfigError: The decision does not fit.
        """
        listed = self.listed(run_id)
        agent = self._own(listed)
        run = self.agents[agent].stored(run_id)
        if listed.state not in ("waiting", "interrupted") or not run.pending:
            raise conflict(f"The run {run_id!r} is {listed.state}: no call of it waits.")
        decided = decision(run, _chosen(run, call))
        if decided.pending:  # nobody else comes in between: nothing is awaited from reading on
            start = Start(goes_on=True, revision=run.revision, agent=agent)
            self.journal.begin(decided, start).end(decided)
            return
        await self._go_on(agent, decided)

    async def _go_on(self, agent: str, run: Run[Any]) -> None:
        """Go on with a run, with the options that it was begun with."""
        options = options_of(self.journal.events(run.id))
        await self.begin(agent, None, {"after": run, "options": {**options, **STREAMED}})

    async def cancel(self, run_id: str, why: str) -> None:
        """End a run for good, as far as it came.

        Raises:
            Problem: There is none, or it has ended.
        """
        if live := self.live(run_id):
            live.stop(StoppedError(why, for_good=True))
            await live.over()
            if live.has_begun:
                return  # else it stands as it stood
        listed = self.listed(run_id)
        agent = self._own(listed)
        if listed.state == "cancelled":
            return
        if listed.state not in ("waiting", "interrupted"):
            raise conflict(f"The run {run_id!r} is {listed.state}.")
        run = self.agents[agent].stored(run_id)
        start = Start(goes_on=True, revision=run.revision, agent=agent)
        self.journal.begin(run, start).end(run, StoppedError(why, for_good=True))

    def _own(self, listed: StoredRun) -> str:
        """The agent that a run is of, if it can be gone on with here and now."""
        if self.live(listed.id):
            raise conflict(f"The run {listed.id!r} is running.", "running")
        if listed.agent not in self.agents:
            raise conflict(
                f"The run {listed.id!r} is none of this service's agents: `agentkit runs resume` "
                "goes on with it."
            )
        return listed.agent

    async def recover(self) -> None:
        """Go on with what an earlier service left, but for runs whose caller was on the line."""
        for each in reversed(self.journal.runs(state="interrupted", limit=10_000)):
            if each.agent not in self.agents or each.id.startswith(CHAT):
                continue
            if self._keeps_dying(each.id):
                log.warning("the run %s is left: the service died of it before", each.id)
                continue
            while len(self._live) >= self.most and not self.closing:
                await asyncio.sleep(0.1)
            try:
                await self.resume(each.id)
            except (AgentkitError, Problem) as error:
                log.warning("the run %s could not be gone on with: %s", each.id, error)

    def _keeps_dying(self, run_id: str) -> bool:
        """Whether it was gone on with several times and got nowhere."""
        begun = 0
        for each in reversed(self.journal.events(run_id)):
            if each.kind in ("response", "result"):
                break
            begun += each.kind == "begin"
        return begun >= _TRIES

    async def close(self, grace: float) -> None:
        """Begin no more runs, give those that run some time, and interrupt the rest.

        Args:
            grace: Seconds.
        """
        self.closing = True
        await self._ended(grace)
        self.stop()
        await self._ended(_LAST)

    def stop(self) -> None:
        """Interrupt all runs."""
        for live in list(self._live):
            live.stop(StoppedError("the service was stopped", for_good=False))

    async def _ended(self, seconds: float) -> None:
        tasks = [live.task for live in self._live if live.task]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)


def _chosen(run: Run[Any], call: str | int) -> FunctionCall:
    waiting = waiting_in(run)
    if isinstance(call, int):
        found = list(waiting[call : call + 1]) if call >= 0 else []
    else:
        found = [each for each in waiting if each.key == call]
        found = found or [each for each in waiting if each.call.id == call]
    if not found:
        ids = ", ".join(f"{each.call.id} ({each.call.name})" for each in waiting)
        raise Problem(409, f"The call {call!r} does not wait; those that do: {ids}.", "conflict")
    return found[0].call
