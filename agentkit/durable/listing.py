"""Durable runs and their steps as the database has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dbos import PortableWorkflowError, StepInfo, WorkflowStatus

from agentkit.durable.database import Database
from agentkit.durable.records import load_error, load_run
from agentkit.durable.steps import BEGIN, DECISIONS, REQUEST
from agentkit.errors import AgentkitError, ConfigError, DurableError
from agentkit.messages import Message, ResultMessage
from agentkit.run import Run, Step
from agentkit.saving import load_messages, load_response

WORKFLOW = "agentkit.run"
"""The name that runs have in the tables of DBOS."""

STATES = ("queued", "running", "waiting", "done", "failed", "cancelled")
"""Of a run: those that wait for a person are `waiting`."""

_STATES = {
    "ENQUEUED": "queued",
    "DELAYED": "queued",
    "PENDING": "running",
    "CANCELLED": "cancelled",
    "SUCCESS": "done",
}
_STATUSES = {
    "queued": ["ENQUEUED", "DELAYED"],
    "running": ["PENDING"],
    "cancelled": ["CANCELLED", "SUCCESS"],
    "waiting": ["SUCCESS"],
    "done": ["SUCCESS"],
    "failed": ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableRun:
    """A run in the database. Times are seconds since 1970; what is not known yet is None.

    Args:
        id: The run.
        state: One of "queued", "running", "waiting" (for a person), "done", "failed", "cancelled".
        agent: The agent's name.
        prompt: What the user said.
        queue: Its queue, while it is in one.
        version: The version of the agents that it was begun with.
        worker: Who carries it out, or did so last.
        created: When it was submitted.
        updated: When its state changed last.
        error: Why it failed.
        forked_from: The run that it was forked from.
    """

    id: str
    state: str
    agent: str
    prompt: str | None
    queue: str | None
    version: str | None
    worker: str | None
    created: float | None
    updated: float | None
    error: str | None
    forked_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableStep:
    """A step of a run: what was done once, and is not done again.

    Args:
        number: From 1; `Engine.fork` goes by it.
        name: `request`, or the name of the tool that was called; `begin` for what the run begins
            with, `before ...` for the note that a call is about to run, and `decisions` for those
            of people.
        output: What came of it, as plain values.
        started: When it began, in seconds since 1970.
        ended: When it ended.
    """

    number: int
    name: str
    output: Any
    started: float | None
    ended: float | None


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run's row."""

    row: WorkflowStatus

    @property
    def saved(self) -> Mapping[str, Any]:
        """What was stored of it at its end, if it has ended."""
        error = self.row.error
        if isinstance(error, PortableWorkflowError) and isinstance(error.data, Mapping):
            return error.data
        return self.row.output if isinstance(self.row.output, Mapping) else {}

    @property
    def state(self) -> str:
        """One of `STATES`."""
        return str(self.saved.get("state") or _STATES.get(self.row.status, "failed"))

    @property
    def job(self) -> Mapping[str, Any]:
        """What was submitted."""
        given = self.row.input
        job: Mapping[str, Any] = given["args"][0] if given and given["args"] else {}
        return job

    @property
    def has_run(self) -> bool:
        """Whether the run was stored at its end: it was, if it ended by itself."""
        return "messages" in self.saved

    def run(self) -> Run[Any]:
        """The run as far as it was stored at its end.

        Raises:
            DurableError: It has not ended, or was cancelled on its way.
        """
        if not self.has_run:
            raise DurableError(f"The run {self.row.workflow_id!r} is {self.state}.")
        return load_run(self.saved)

    def error(self) -> AgentkitError | None:
        """Why it ended without an answer, if it did."""
        if saved := self.saved.get("error"):
            return load_error(saved)
        if self.state == "cancelled":
            run_id = self.row.workflow_id
            return DurableError(f"The run {run_id!r} was cancelled; resume({run_id!r}) goes on.")
        return None if self.row.error is None else DurableError(str(self.row.error))

    def described(self) -> DurableRun:
        """The run in a list."""
        row, error = self.row, self.error()
        return DurableRun(
            id=row.workflow_id,
            state=self.state,
            agent=str(self.job.get("agent", "")),
            prompt=self.job.get("prompt"),
            queue=row.queue_name,
            version=row.app_version,
            worker=row.executor_id,
            created=_seconds(row.created_at),
            updated=_seconds(row.updated_at),
            error=f"{type(error).__name__}: {error}" if self.state == "failed" else None,
            forked_from=row.forked_from,
        )


def found_run(database: Database, run_id: str) -> FoundRun:
    """A run.

    Raises:
        DurableError: There is none of this id, or the database cannot be used.
    """
    client = database.client
    rows = database.patiently(lambda: client.list_workflows(workflow_ids=[run_id], name=WORKFLOW))
    if not rows:
        raise DurableError(f"There is no run {run_id!r} in {database}.")
    return FoundRun(rows[0])


def found_runs(
    database: Database, *, state: str | None, queue: str | None, limit: int
) -> list[DurableRun]:
    """The newest runs first.

    Raises:
        ConfigError: There is no such state.
        DurableError: The database cannot be used.
    """
    if state not in (None, *STATES):
        raise ConfigError(f"The state of a run is one of {', '.join(STATES)}, not {state!r}.")
    found: list[DurableRun] = []
    client, at = database.client, 0
    while len(found) < limit:
        rows = database.patiently(
            lambda at=at: client.list_workflows(  # type: ignore[misc]
                name=WORKFLOW,
                status=_STATUSES[state] if state else None,
                queue_name=queue,
                limit=limit,
                offset=at,
                sort_desc=True,
            )
        )
        described = (FoundRun(row).described() for row in rows)
        found += [each for each in described if state in (None, each.state)]
        at += len(rows)
        if len(rows) < limit:
            break
    return found[:limit]


def found_steps(database: Database, run_id: str) -> list[DurableStep]:
    """The steps of a run, in order; none for one that has not begun."""
    client = database.client
    rows = database.patiently(lambda: client.list_workflow_steps(run_id))
    return [_described(each) for each in rows]


def run_so_far(run_id: str, steps: Sequence[DurableStep]) -> Run[Any]:
    """A run from its steps alone."""
    messages: list[Message] = []
    done: list[Step] = []
    for each in steps:
        output = each.output if isinstance(each.output, Mapping) else {}
        if each.name == BEGIN:
            messages += load_messages(output["messages"])
        elif each.name == REQUEST and "response" in output:
            response = load_response(output["response"])
            messages.append(response.message)
            done.append(Step(response))
        elif each.name not in (REQUEST, DECISIONS) and "result" in output:
            (result,) = load_messages([output["result"]])
            assert isinstance(result, ResultMessage)
            messages.append(result)
            done[-1] = Step(done[-1].response, (*done[-1].results, result))
    return Run.of_steps(run_id, None, tuple(messages), tuple(done))


def _described(row: StepInfo) -> DurableStep:
    output, error = row["output"], row["error"]
    return DurableStep(
        number=row["function_id"],
        name=row["function_name"],
        output=output if error is None else {"error": str(error)},
        started=_seconds(row["started_at_epoch_ms"]),
        ended=_seconds(row["completed_at_epoch_ms"]),
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
