"""Calls that wait for a person, whose decision may come days later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from waiting import until

from agentkit import Agent, tool
from agentkit.durable.deciding import wake_decided
from agentkit.errors import ConfigError, DurableError
from agentkit.testing import ScriptedInterface, call


def removing(*replies, removed=None):
    kept = [] if removed is None else removed

    @tool(destructive=True)
    def remove(name: str) -> str:
        """Remove something.

        Args:
            name: Its name.
        """
        kept.append(name)
        return f"{name} is gone"

    return Agent([remove], ScriptedInterface(*replies), name="removing")


def waits_for(runs, *agents):
    """A run that waits, of an agent whose worker has ended."""
    with runs.worker():
        run_id = runs.submit("removing", "Remove it.")
        run = runs.result(run_id)
    assert run.pending
    return run_id, run


def test_an_approval_comes_after_everything_was_restarted(engine, address):
    removed = []
    first = removing(call("remove", name="a"), removed=removed)
    run_id, run = waits_for(engine(first))
    assert [each.waits for each in run.pending] == ["remove may destroy something"]
    assert not removed

    later = engine(removing("It is gone.", removed=removed))
    assert [each.state for each in later.runs(state="waiting")] == ["waiting"]
    later.approve(run_id)
    assert [each.state for each in later.runs()] == ["queued"]
    with later.worker():
        assert later.result(run_id).output == "It is gone."
    assert removed == ["a"]
    with pytest.raises(DurableError, match="is done: no call of it waits"):
        later.approve(run_id)


def test_a_call_is_refused_or_answered_by_a_person(engine):
    removed = []
    for decide, content in (
        (lambda runs, run_id: runs.deny(run_id, why="keep it"), "did not allow it: keep it"),
        (lambda runs, run_id: runs.answer(run_id, None, "I did it."), "I did it."),
    ):
        runs = engine(removing(call("remove", name="a"), "As you say.", removed=removed))
        run_id, _ = waits_for(runs)
        decide(runs, run_id)
        with runs.worker():
            run = runs.result(run_id)
        assert content in run.messages[2].content
        assert run.output == "As you say."
    assert not removed


def test_a_call_is_approved_with_other_arguments(engine):
    removed = []
    runs = engine(removing(call("remove", name="a"), "Done.", removed=removed))
    run_id, _ = waits_for(runs)
    with pytest.raises(ConfigError, match="cannot be written as JSON"):
        runs.approve(run_id, arguments={"name": object()})
    runs.approve(run_id, arguments={"name": "b"})
    with runs.worker():
        assert runs.result(run_id).output == "Done."
    assert removed == ["b"]


def test_of_several_calls_each_is_decided_on_alone(engine):
    removed = []
    calls = [call("remove", name=name) for name in "abc"]
    runs = engine(removing(calls, "Done.", removed=removed))
    run_id, run = waits_for(runs)
    first, second, _ = run.pending
    with pytest.raises(ConfigError, match="Say which of the calls that wait is meant: call_0"):
        runs.approve(run_id)
    with pytest.raises(ConfigError, match="The call 'call_9' does not wait"):
        runs.approve(run_id, "call_9")
    with runs.worker():
        runs.approve(run_id, second)
        assert until(lambda: runs.runs()[0].state == "waiting")
        assert until(lambda: len(runs.stored(run_id).pending) == 2)
        assert not removed  # calls that may change something run in their order
        runs.deny(run_id, first.id)
        assert until(lambda: removed == ["b"])
        assert until(lambda: runs.runs()[0].state == "waiting")
        runs.approve(run_id)
        run = runs.result(run_id)
    assert run.output == "Done."
    assert removed == ["b", "c"]
    assert [m.is_error for m in run.messages if m.role == "function"] == [True, False, False]


def test_of_two_people_the_first_decides(engine):
    runs = engine(removing(call("remove", name="a"), "Done."))
    run_id, run = waits_for(runs)

    def decided(_):
        try:
            runs.approve(run_id, run.pending[0])
        except DurableError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(decided, range(4)))
    assert said[0] == ""
    for each in said[1:]:
        assert "has decided on remove" in each or "is queued: no call of it waits" in each
    with runs.worker():
        assert runs.result(run_id).output == "Done."
    assert len([s for s in runs.steps(run_id) if s.name == "remove"]) == 1


def test_a_decision_whose_process_ended_is_seen_by_workers(engine, monkeypatch):
    removed = []
    runs = engine(removing(call("remove", name="a"), "Done.", removed=removed))
    run_id, _ = waits_for(runs)
    with monkeypatch.context() as patch:
        patch.setattr("agentkit.durable.deciding.wake", lambda database, run_id: None)
        runs.approve(run_id)
    assert [each.state for each in runs.runs()] == ["waiting"]
    with runs.worker():
        assert until(lambda: removed == ["a"])
        assert runs.result(run_id, timeout=20).output == "Done."


def test_a_run_that_waits_can_be_cancelled(engine):
    removed = []
    runs = engine(removing(call("remove", name="a"), "Done.", removed=removed))
    run_id, _ = waits_for(runs)
    runs.cancel(run_id)
    with runs.worker():
        assert until(lambda: runs.runs()[0].state == "cancelled")
        with pytest.raises(DurableError, match="was cancelled"):
            runs.result(run_id)
        assert [each.id for each in runs.runs(state="cancelled")] == [run_id]
        assert not runs.runs(state="done")
        assert not removed

        runs.resume(run_id)
        assert until(lambda: runs.runs()[0].state == "waiting")
        runs.approve(run_id)
        assert runs.result(run_id).output == "Done."


def test_to_wake_a_run_twice_is_to_wake_it_once(engine):
    runs = engine(removing(call("remove", name="a"), "Done."))
    run_id, _ = waits_for(runs)
    runs.approve(run_id)
    wake_decided(runs.database)
    with runs.worker():
        assert runs.result(run_id).output == "Done."
        wake_decided(runs.database)
        assert runs.result(run_id).output == "Done."
