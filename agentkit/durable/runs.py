"""What can be asked of durable runs, and done with them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from dbos import error as dbos_error

from agentkit.agent import Agent
from agentkit.durable.database import Database
from agentkit.durable.deciding import decide, forget, last_step, put_back
from agentkit.durable.listing import (
    DurableRun,
    DurableStep,
    FoundRun,
    found_run,
    found_runs,
    found_steps,
    run_so_far,
)
from agentkit.durable.pruning import prune
from agentkit.durable.steps import DECISIONS
from agentkit.durable.workflow import CANCEL, waiting
from agentkit.errors import ConfigError, DurableError
from agentkit.messages import FunctionCall
from agentkit.run import Run

_SOON, _LATE = 0.05, 1.0  # seconds
_ENDED = ("waiting", "done", "failed", "cancelled")


class Runs:
    """The runs of a database.

    Args:
        database: The database.
        agents: The agents, by name.
        version: The version of the agents.
    """

    def __init__(self, database: Database, agents: Mapping[str, Agent[Any]], version: str) -> None:
        self.database = database
        self.agents, self.version = dict(agents), version

    def result(self, run_id: str, *, timeout: float | None = None) -> Run[Any]:
        """Wait until a run has its answer, or waits for a person: its `pending` calls.

        Args:
            run_id: The run.
            timeout: Seconds to wait; without an end if not given.

        Raises:
            DurableError: There is no such run, it was cancelled, or the database cannot be used.
            TimeoutError: It has not ended by then.
            AgentkitError: It failed: what `Agent.run` would have raised. `error.run` is the run so
                far.
        """
        begun, waits = time.monotonic(), pauses()
        while (found := self._ended(run_id)) is None:
            too_late(run_id, begun, timeout)
            time.sleep(next(waits))
        return self._came_to(found)

    def _ended(self, run_id: str) -> FoundRun | None:
        found = found_run(self.database, run_id)
        return found if found.state in _ENDED else None

    def _came_to(self, found: FoundRun) -> Run[Any]:
        if found.state in ("waiting", "done"):
            run = found.run()
            agent = self.agents.get(str(found.job.get("agent")))
            return agent.typed(run) if agent is not None and run.done else run
        error = found.error()
        assert error is not None  # it ended without an answer
        error.run = found.run() if found.has_run else self.stored(found.row.workflow_id)
        raise error

    def stored(self, run_id: str) -> Run[Any]:
        """A run as far as it came, also one that is on its way.

        Raises:
            DurableError: There is no such run, or the database cannot be used.
        """
        found = found_run(self.database, run_id)
        if found.has_run:
            return found.run()
        return run_so_far(run_id, found_steps(self.database, run_id))

    def cancel(self, run_id: str) -> None:
        """End a run, also in the middle of a call; nothing happens where it has ended.

        What it did is kept: `stored` shows it, and `resume` goes on. A sync tool cannot be stopped
        in its thread: the run does not wait for it.

        Raises:
            DurableError: There is no such run, or the database cannot be used.
        """
        found = found_run(self.database, run_id)
        if found.state == "waiting":
            call = next(iter(waiting(found.run(), found.saved.get("decided", {})).values()))
            decide(self.database, run_id, call, {"kind": CANCEL})
            return
        client = self.database.client
        self.database.patiently(lambda: client.cancel_workflow(run_id))
        if found_run(self.database, run_id).state == "waiting":  # it came to that just now
            self.cancel(run_id)

    def resume(self, run_id: str) -> None:
        """Go on with a run that failed or was cancelled, from where it stands.

        Steps that were done are not done again, but for the request that failed. It goes on with
        this engine's version.

        Raises:
            DurableError: There is no such run, or it did neither.
        """
        found = found_run(self.database, run_id)
        if found.state not in ("failed", "cancelled"):
            raise DurableError(f"The run {run_id!r} is {found.state}: there is nothing to resume.")
        steps = found_steps(self.database, run_id)
        step = steps[-1].number + 1 if steps else 1
        if steps and ("error" in (steps[-1].output or {}) or steps[-1].name == DECISIONS):
            step = steps[-1].number
        forget(self.database, run_id, CANCEL)
        put_back(self.database, run_id, step, found.job, self.version)

    def fork(self, run_id: str, step: int) -> str:
        """A run of its own that goes another way from a step on; gives its id.

        The steps before are taken over. It goes on with this engine's version, as a run that shows
        what a changed agent would do.

        Args:
            run_id: The run.
            step: The first step to be done anew: a number of `steps`.

        Raises:
            ConfigError: The run has no such step.
            DurableError: There is no such run, or the database cannot be used.
        """
        found = found_run(self.database, run_id)
        last = last_step(self.database, run_id)
        if type(step) is not int or not 1 <= step <= last + 1:
            raise ConfigError(f"The run {run_id!r} has steps 1 to {last}, and no {step!r}.")
        client = self.database.client
        try:
            handle = self.database.patiently(
                lambda: client.fork_workflow(
                    run_id,
                    step,
                    application_version=self.version,
                    queue_name=found.job.get("queue"),
                )
            )
        except dbos_error.DBOSException as error:
            raise DurableError(f"The run {run_id!r} cannot be forked: {error}") from error
        return str(handle.get_workflow_id())

    def approve(
        self,
        run_id: str,
        call: FunctionCall | str | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """Let a call run that waits, and its run go on.

        Args:
            run_id: The run.
            call: One of `result(run_id).pending`, or its id; not needed where only one waits.
            arguments: Other arguments to call it with.

        Raises:
            ConfigError: The call does not wait, or it must be said which is meant.
            DurableError: The run does not wait, or somebody has decided on the call before.
        """
        edited = None if arguments is None else dict(arguments)
        decide(self.database, run_id, call, {"kind": "approve", "arguments": edited})

    def deny(self, run_id: str, call: FunctionCall | str | None = None, why: str = "") -> None:
        """Refuse a call that waits, and let its run go on; the model is told why.

        Args and errors are those of `approve`.
        """
        decide(self.database, run_id, call, {"kind": "deny", "why": why})

    def answer(self, run_id: str, call: FunctionCall | str | None, result: str) -> None:
        """Give a call that waits its result without running it, and let its run go on.

        Args and errors are those of `approve`.
        """
        decide(self.database, run_id, call, {"kind": "answer", "result": result})

    def runs(
        self, *, state: str | None = None, queue: str | None = None, limit: int = 100
    ) -> list[DurableRun]:
        """The newest runs first.

        Args:
            state: Those that are "queued", "running", "waiting", "done", "failed" or "cancelled".
            queue: Those of a queue.
            limit: The most.

        Raises:
            ConfigError: There is no such state.
            DurableError: The database cannot be used.
        """
        return found_runs(self.database, state=state, queue=queue, limit=limit)

    def steps(self, run_id: str) -> list[DurableStep]:
        """What a run has done so far, in order.

        Raises:
            DurableError: There is no such run, or the database cannot be used.
        """
        found_run(self.database, run_id)
        return found_steps(self.database, run_id)

    def prune(self, days: float) -> int:
        """Forget runs that ended longer ago, with their steps, and tell how many.

        Runs that are queued, run or wait for a person stay, however old they are. New runs use the
        space.

        Args:
            days: How long ago.

        Raises:
            ConfigError: It is not a number from 0 on.
            DurableError: The database cannot be used.
        """
        return prune(self.database, days)

    def migrate(self) -> None:
        """Make or change the tables, if that is to be done; what else is done does so too.

        Raises:
            DurableError: The database cannot be used.
        """
        self.database.prepare()

    def close(self) -> None:
        """Close the connections; they are opened again when they are needed."""
        self.database.close()


def too_late(run_id: str, begun: float, timeout: float | None) -> None:
    """Give up waiting when the time is over.

    Raises:
        TimeoutError: It is.
    """
    if timeout is not None and time.monotonic() - begun > timeout:
        raise TimeoutError(f"The run {run_id!r} has not ended after {timeout} seconds.")


def pauses() -> Iterator[float]:
    """Seconds between looks at whether a run has ended."""
    pause = _SOON
    while True:
        yield pause
        pause = min(pause * 1.5, _LATE)
