"""`Worker`: how many runs it has at once, what it needs, and what it says."""

from __future__ import annotations

import asyncio
import logging

import pytest
import sqlalchemy as sa
from waiting import until

from agentkit import Agent, tool
from agentkit.durable.database import Database
from agentkit.durable.tables import schema
from agentkit.errors import ConfigError, DurableError
from agentkit.testing import ScriptedInterface, call


def test_concurrency_is_for_all_queues_together(engine):
    here, most = [], []

    @tool(idempotent=True)
    async def meet() -> str:
        """Meet others."""
        here.append(1)
        most.append(len(here))
        await asyncio.sleep(0.2)
        here.pop()
        return "met"

    class Model(ScriptedInterface):
        def send(self, request):
            reply = call("meet") if len(request.messages) == 1 else "Done."
            return ScriptedInterface(reply).send(request)

    agent = Agent([meet], Model(), name="meeting")
    runs = engine(agent)
    for number in range(8):
        runs.submit(agent, "Go.", run_id=f"{number}", queue="ab"[number % 2])
    with runs.worker(["a", "b"], concurrency=3):
        for number in range(8):
            assert runs.result(f"{number}").output == "Done."
    assert max(most) == 3


def test_what_makes_deps_may_fail(engine, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "very-secret-indeed")

    def deps(given):
        raise ValueError(f"no customer {given} with very-secret-indeed")

    agent = Agent((), ScriptedInterface("Hi."), name="a")
    runs = engine(agent)
    run_id = runs.submit(agent, "Go.", deps="ada")
    with runs.worker(deps=deps), pytest.raises(DurableError) as failed:
        runs.result(run_id)
    assert str(failed.value) == "ValueError: no customer ada with [secret]"


def test_a_process_has_one_worker(engine):
    agent = Agent((), ScriptedInterface("Hi."), name="a")
    runs = engine(agent)
    with runs.worker(), pytest.raises(ConfigError, match="a process has one"):
        runs.worker().start()
    with runs.worker():
        assert runs.result(runs.submit(agent, "Go.")).output == "Hi."


def test_what_does_not_fit_is_refused(engine):
    runs = engine(Agent((), ScriptedInterface(), name="a"))
    for given in ({"concurrency": 0}, {"concurrency": 1.5}, {"connections": 0}):
        with pytest.raises(ConfigError, match="is a whole number above 0"):
            runs.worker(**given)
    for queues in ("support", []):
        with pytest.raises(ConfigError, match="queues= is a list of names"):
            runs.worker(queues)
    with pytest.raises(ConfigError, match="A worker needs agents"):
        engine().worker()


def test_a_missing_key_is_told_before_anything_runs(engine):
    runs = engine(Agent((), "groq", name="a"))
    with pytest.raises(ConfigError, match="GROQ_API_KEY"):
        runs.worker().start()


def test_an_agent_that_is_not_there_fails_the_run(engine):
    mine, other = (Agent((), ScriptedInterface("Hi."), name=name) for name in ("mine", "other"))
    asking = engine(mine, other)
    run_id = asking.submit(other, "Go.")
    with engine(mine).worker(), pytest.raises(DurableError, match="has no agent 'other'"):
        asking.result(run_id)
    asking.resume(run_id)
    with asking.worker():
        assert asking.result(run_id).output == "Hi."


def test_a_worker_that_stops_leaves_its_runs_to_others(engine):
    begun, ended = [], []

    @tool(idempotent=True)
    async def work(number: int) -> str:
        """Work."""
        begun.append(number)
        assert await asyncio.to_thread(until, lambda: ended)
        return f"worked {number}"

    agent = Agent([work], ScriptedInterface(call("work", number=1), "Done."), name="working")
    runs = engine(agent)
    run_id = runs.submit(agent, "Go.")
    worker = runs.worker()
    worker.start()
    assert until(lambda: begun)
    ended.append("the call ends while the worker stops")
    worker.stop()
    worker.stop()  # once more does nothing
    assert runs.steps(run_id)[2].output["result"]["content"] == "worked 1"
    with runs.worker():
        assert runs.result(run_id).output == "Done."
    assert begun == [1]


def test_dbos_logs_as_others_do(engine, caplog):
    with engine(Agent((), ScriptedInterface(), name="a")).worker():
        logger = logging.getLogger("dbos")
        assert (logger.handlers, logger.propagate) == ([], True)
        logger.error("something of its own")
    assert "something of its own" in caplog.text


def test_tables_of_a_newer_agentkit_are_left_alone(address):
    database = Database(address)
    database.prepare()
    with database.engine.begin() as connection:
        connection.execute(sa.update(schema).values(version="3.10-1"))
    with pytest.raises(DurableError, match=r"made by a newer agentkit \(3\.10-1"):
        database.prepare()
    database.close()
