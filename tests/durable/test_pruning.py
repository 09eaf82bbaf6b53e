"""Runs that ended long ago are forgotten; no others are."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest
import sqlalchemy as sa
from waiting import until

from agentkit import Agent, tool
from agentkit.durable.pruning import forget_runs
from agentkit.durable.tables import decisions
from agentkit.errors import ConfigError, DurableError, StatusError
from agentkit.testing import ScriptedInterface, call


def talking(*replies):
    return Agent((), ScriptedInterface(*replies), name="talking")


def ids(runs):
    return {each.id for each in runs.runs()}


def rows(runs):
    """How many rows there are of runs, in each table that has them."""
    engine = runs.database.engine
    schema = None if engine.dialect.name == "sqlite" else "dbos"
    tables = ("workflow_status", "workflow_input", "workflow_output", "operation_outputs")
    with engine.connect() as connection:
        counted = [
            connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name, schema=schema)))
            for name in tables
        ]
        return [*counted, connection.scalar(sa.select(sa.func.count()).select_from(decisions))]


def test_what_ended_longer_ago_is_forgotten_with_its_steps(engine):
    broken = StatusError("The server is away.", status=503)
    runs = engine(talking("Hello.", broken))
    with runs.worker():
        runs.result(runs.submit("talking", "Hello?", run_id="done"))
        with pytest.raises(StatusError):
            runs.result(runs.submit("talking", "Hello?", run_id="failed"))
    runs.submit("talking", "Hello?", run_id="cancelled")
    runs.cancel("cancelled")

    assert runs.prune(days=1) == 0
    assert ids(runs) == {"done", "failed", "cancelled"}
    assert runs.prune(days=0) == 3
    assert ids(runs) == set()
    assert rows(runs) == [0, 0, 0, 0, 0]
    with pytest.raises(DurableError, match="There is no run 'failed'"):
        runs.resume("failed")


def test_what_is_queued_runs_or_waits_is_kept(engine):
    begun, end, removed = Event(), Event(), []

    @tool(destructive=True)
    def remove(name: str) -> str:
        """Remove something."""
        removed.append(name)
        return f"{name} is gone"

    @tool(idempotent=True)
    def block() -> str:
        """Wait."""
        begun.set()
        assert end.wait(60)
        return "waited"

    replies = [call("remove", name="a"), call("block"), "It is over.", "It is gone."]
    runs = engine(Agent([remove, block], ScriptedInterface(*replies), name="talking"))
    with runs.worker():
        assert runs.result(runs.submit("talking", "Remove a.", run_id="waits")).pending
        runs.submit("talking", "Wait.", run_id="runs")
        runs.submit("talking", "Wait.", run_id="queued", queue="nobody's")
        assert begun.wait(60)

        assert runs.prune(0) == 0
        assert ids(runs) == {"waits", "runs", "queued"}
        end.set()
        assert runs.result("runs").output == "It is over."
        runs.approve("waits")
        assert runs.result("waits").output == "It is gone."
    assert removed == ["a"]
    assert rows(runs)[-1] == 1
    assert runs.prune(0) == 2
    assert ids(runs) == {"queued"}
    assert rows(runs)[-1] == 0


def test_more_runs_than_are_looked_at_at_once(engine, monkeypatch):
    monkeypatch.setattr("agentkit.durable.pruning._AT_ONCE", 3)

    @tool(destructive=True)
    def remove() -> str:
        """Remove something."""
        return "gone"

    replies = [call("remove") if number % 3 == 0 else "Hello." for number in range(10)]
    runs = engine(Agent([remove], ScriptedInterface(*replies), name="talking"))
    with runs.worker(concurrency=1):
        for number in range(10):
            runs.submit("talking", "Hello?", run_id=f"run-{number}")
        assert until(lambda: not runs.runs(state="queued") and not runs.runs(state="running"))

    assert asyncio.run(runs.aprune(0)) == 6
    assert {each.state for each in runs.runs()} == {"waiting"}
    assert len(ids(runs)) == 4


def test_a_run_that_is_resumed_meanwhile_is_kept(engine):
    runs = engine(talking("Hello."))
    for run_id in ("resumed", "cancelled"):
        runs.submit("talking", "Hello?", run_id=run_id)
        runs.cancel(run_id)
    runs.resume("resumed")  # by somebody else, after they were found

    assert forget_runs(runs.database, ["resumed", "cancelled", "none"]) == 1
    with runs.worker():
        assert runs.result("resumed").output == "Hello."


@pytest.mark.parametrize("days", [-1, float("nan"), float("inf"), "30", None, True])
def test_days_are_a_number_from_0_on(engine, days):
    with pytest.raises(ConfigError, match="days= is a number from 0 on"):
        engine().prune(days)
