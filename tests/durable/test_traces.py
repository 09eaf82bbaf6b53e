"""Durable runs in a trace: each step is told once, wherever the run is carried out."""

from __future__ import annotations

import threading

import pytest
from telemetry.recorded import Recorded
from waiting import until

from agentkit import Agent, tool
from agentkit.telemetry import read_spans
from agentkit.testing import ScriptedInterface, call


@tool(read_only=True)
def look(what: str) -> str:
    """Look at something."""
    return f"{what} is there"


@tool(destructive=True)
def remove(what: str) -> str:
    """Remove something."""
    return f"{what} is gone"


@pytest.fixture
def recorded():
    made = Recorded.new()
    yield made
    made.close()


STEPS = [call("look", what="a"), call("nosuch"), call("remove", what="a"), "It is gone."]


def test_what_is_stored_is_not_told_again(engine, recorded):
    agent = Agent([look, remove], ScriptedInterface(*STEPS), name="tidy", trace=recorded.trace())
    runs = engine(agent)
    with recorded.span("web request"):
        run_id = runs.submit(agent, "Tidy up.")
        assert runs.submit(agent, "Tidy up.", run_id=run_id) == run_id
    assert runs.submit(agent, "Tidy up.", run_id=run_id) == run_id  # also from elsewhere
    with runs.worker():
        assert runs.result(run_id).pending
        runs.approve(run_id)
        assert until(lambda: runs.result(run_id).done)

    before = [("chat agent", [])] * 3 + [("execute_tool look", [])]
    after = [("chat agent", []), ("execute_tool remove", [])]
    parts = sorted([("invoke_agent tidy", before), ("invoke_agent tidy", after)])
    assert recorded.tree == [("web request", parts)]
    assert {each.attributes["agentkit.run.id"] for each in recorded.named("invoke")} == {run_id}
    assert [each.attributes["agentkit.run.state"] for each in recorded.named("invoke")] == [
        "waiting",
        "done",
    ]


def test_a_run_that_is_left_goes_on_in_the_same_trace(engine, tmp_path):
    path, here, go_on = tmp_path / "trace.jsonl", threading.Event(), threading.Event()

    @tool(read_only=True)
    def wait() -> str:
        """Wait."""
        here.set()
        go_on.wait(20)
        return "waited"

    model = ScriptedInterface(call("wait"), "Done.")
    agent = Agent([wait], model, name="patient", trace=path)
    runs = engine(agent)
    run_id = runs.submit(agent, "Wait.")
    with runs.worker():
        assert here.wait(20)
        threading.Timer(0.1, go_on.set).start()  # while the worker stops
    with runs.worker():
        assert runs.result(run_id).output == "Done."

    spans = list(read_spans(path))
    assert [each.name for each in spans].count("execute_tool wait") == 1
    assert [each.name for each in spans].count("chat agent") == 2
    assert {each.trace_id for each in spans} == {run_id}
    parts = [each.attributes for each in spans if each.name == "invoke_agent patient"]
    assert parts[-1]["agentkit.run.state"] == "done"
    assert [each.get("error.type") for each in parts[:-1]] == ["cancelled"] * (len(parts) - 1)
