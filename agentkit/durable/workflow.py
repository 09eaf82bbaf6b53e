"""A durable run from its beginning to where it ends or waits for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from agentkit.agent import Agent
from agentkit.beginning import Beginning
from agentkit.durable.database import Database
from agentkit.durable.listing import found_run
from agentkit.durable.records import save_error, save_run, stored
from agentkit.durable.steps import (
    BEGIN,
    DECISIONS,
    StepGate,
    StepInterface,
    Steps,
    StepToolbox,
    Work,
)
from agentkit.durable.tables import decisions
from agentkit.messages import FunctionCall, UserMessage
from agentkit.run import Run
from agentkit.saving import load_messages, save_messages
from agentkit.tracing import going_on
from agentkit.transcript import replies_in
from agentkit.workers import in_thread_awaited

CANCEL = "cancel"
"""The decision that ends a run."""

TRACEPARENT = "traceparent"
"""Where a job has what its trace goes on from."""


class RunFailed(Exception):  # noqa: N818 - the name that operators see in the database
    """How a run failed, as DBOS stores it: `data` has the error, and the run so far."""

    def __init__(self, error: BaseException, data: dict[str, Any]) -> None:
        self.data = data
        super().__init__(f"{type(error).__name__}: {data['error']['message']}")


@dataclass
class Conduct:
    """Carries out a run.

    Args:
        agent: The agent.
        job: What was submitted.
        run_id: The run.
        steps: Its steps.
        database: Where decisions are.
        deps: What tools find in their context.
    """

    agent: Agent[Any]
    job: Mapping[str, Any]
    run_id: str
    steps: Steps
    database: Database
    deps: Any
    decided: dict[str, int] = field(default_factory=dict)  # decisions so far, by call

    async def run(self) -> dict[str, Any]:
        """The run as plain values, when it is done or waits.

        Raises:
            RunFailed: It failed.
        """
        with going_on(self.job.get(TRACEPARENT)):
            return await self._run()

    async def _run(self) -> dict[str, Any]:
        agent = self._durable()
        try:
            begun = await self.steps.do(BEGIN, self._begin)
            messages = load_messages(begun["messages"])
            run = await agent.arun(messages=messages, run_id=self.run_id, deps=self.deps)
            while run.pending:
                found = await self.steps.do(DECISIONS, self._found(run))
                if not found["decisions"]:
                    return self._saved(run, "waiting")
                if any(each["kind"] == CANCEL for each in found["decisions"]):
                    return self._saved(run, "cancelled")
                run = self._decided(run, found["decisions"])
                if not run.done:
                    run = await agent.arun(after=run, deps=self.deps)
            return self._saved(run, "done")
        except Exception as error:
            far = getattr(error, "run", None)
            saved = self._saved(far, "failed") if isinstance(far, Run) else {"state": "failed"}
            raise RunFailed(error, {**saved, "error": save_error(error)}) from None

    def _durable(self) -> Agent[Any]:
        toolbox = StepToolbox(self.agent.toolbox, self.steps)
        gate = StepGate(toolbox, self.agent.approval, steps=self.steps)
        return self.agent.around(StepInterface(self.agent.interface, self.steps), gate)

    async def _begin(self) -> dict[str, Any]:
        """What the run begins with. It is stored, as instructions may have the day in them."""
        given: Any = {}
        if after := self.job.get("after"):
            found = await in_thread_awaited(found_run, self.database, after)
            given = {"messages": found.run().messages}
        begin = Beginning.of(self.job["prompt"], given, self.agent.instructions, None)
        said = [] if begin.prompt is None else [UserMessage(begin.prompt)]
        return {"messages": save_messages([*begin.messages, *said])}

    def _found(self, run: Run[Any]) -> Work:
        places = list(waiting(run, self.decided))

        async def work() -> dict[str, Any]:
            rows = await in_thread_awaited(self.database.patiently, lambda: self._rows(places))
            return {"decisions": [{**json.loads(row), "place": place} for place, row in rows]}

        return work

    def _rows(self, places: Sequence[str]) -> list[tuple[str, str]]:
        mine = decisions.c.run == self.run_id, decisions.c.place.in_(places)
        with self.database.engine.begin() as connection:
            connection.execute(sa.update(decisions).where(*mine).values(seen=True))
            found = sa.select(decisions.c.place, decisions.c.decision).where(*mine)
            return [(row.place, row.decision) for row in connection.execute(found)]

    def _decided(self, run: Run[Any], found: list[dict[str, Any]]) -> Run[Any]:
        calls = waiting(run, self.decided)
        for each in found:
            run = apply(run, calls[each["place"]], each)
            call_key = each["place"].rpartition("/")[0]
            self.decided[call_key] = self.decided.get(call_key, 0) + 1
        return run

    def _saved(self, run: Run[Any], state: str) -> dict[str, Any]:
        saved: dict[str, Any] = stored({**save_run(run), "state": state, "decided": self.decided})
        return saved


def waiting(run: Run[Any], decided: Mapping[str, int]) -> dict[str, FunctionCall]:
    """The calls that wait, by the place of the next decision on each.

    A call may wait twice, as when a worker dies in the middle of what was approved: a decision is
    for once.

    Args:
        run: The run.
        decided: How many decisions there were, by call.
    """
    reply = replies_in(run.messages)
    keys = [f"{reply}/{call.id}" for call in run.pending]
    return {f"{k}/{decided.get(k, 0)}": c for k, c in zip(keys, run.pending, strict=True)}


def apply(run: Run[Any], call: FunctionCall, decision: Mapping[str, Any]) -> Run[Any]:
    """The run in which something was decided.

    Raises:
        ConfigError: It does not fit.
    """
    match decision["kind"]:
        case "approve":
            return run.approve(call, decision["arguments"])
        case "deny":
            return run.deny(call, decision["why"])
        case "answer":
            return run.answer(call, decision["result"])
    return run  # it is cancelled
