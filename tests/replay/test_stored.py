"""Runs of a journal that are run again from what is recorded there."""

import pytest

from agentkit import Agent, LimitError, Limits, ToolError, tool
from agentkit.journal import Journal
from agentkit.replay import Replay
from agentkit.replay.file import Lines
from agentkit.replay.stored import Recorded
from agentkit.replay.tape import Tape
from agentkit.testing import ScriptedInterface, call


@tool(read_only=True)
def look(at: str) -> str:
    """Look."""
    if at == "void":
        raise ToolError("nothing there")
    return f"{at}: " + "x" * (2_000 if at == "long" else 3)


@tool(destructive=True)
def drop(what: str) -> str:
    """Drop."""
    return f"{what} is gone"


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "runs.db")


def replayed(journal, run_id, **settings):
    recorded = Recorded.of(journal.events(run_id))
    replay = Replay(None, "replay", results=True, tape=recorded.tape)
    agent = Agent([look, drop], replay=replay, journal="", **settings)
    messages, unsaid = recorded.begins[0]
    return agent.run(unsaid, messages=messages, run_id=run_id)


def kept(journal, *replies, **settings):
    return Agent([look, drop], ScriptedInterface(*replies), journal=journal, **settings)


def test_a_run_comes_out_the_same_from_its_journal(journal):
    calls = [call("look", at="a"), call("look", at="void"), call("look", at="a"), call("nothing")]
    model = kept(journal, calls, call("look", at="long"), "Done.", instructions="Be kind.")
    run = model.run("Look.", run_id="r")

    assert replayed(journal, "r") == run


def test_a_run_that_was_decided_on_comes_out_the_same(journal):
    model = kept(
        journal, [call("drop", what="a"), call("drop", what="b"), call("drop", what="c")], "Done."
    )
    run = model.run("Drop.", run_id="r")
    first, second, third = run.pending
    run = run.approve(first).deny(second, "not that").answer(third, "it was gone")
    run = model.run(after=run)
    again = replayed(journal, "r", approval="never")

    assert [m.content for m in again.messages] == [m.content for m in run.messages]
    assert again.output == "Done."


def test_a_run_that_left_out_old_results_comes_out_the_same(journal):
    class Small(ScriptedInterface):
        def excess(self, request):
            return max(sum(len(m.content or "") for m in request.messages) - 5_000, 0)

    model = Small(*[call("look", at="long")] * 4, "Done.")
    agent = Agent([look, drop], model, journal=journal, limits=Limits(repeats=None))
    run = agent.run("Look.", run_id="r")
    assert any("left out" in each for each in run.repairs)
    again = replayed(journal, "r", limits=Limits(repeats=None))

    assert again == run


def test_a_recording_knows_what_was_left_out(tmp_path, journal):
    class Small(ScriptedInterface):
        def excess(self, request):
            return max(sum(len(m.content or "") for m in request.messages) - 5_000, 0)

    def run(interface, mode):
        replay = Replay(tmp_path / "run.jsonl", mode)
        return Agent([look], interface, replay=replay, limits=Limits(repeats=None)).run("Look.")

    recorded = run(Small(*[call("look", at="long")] * 4, "Done."), "record")

    assert any("left out" in each for each in recorded.repairs)
    assert run("groq", "replay") == recorded


def test_runs_that_are_exported_together_are_replayed_each(journal, tmp_path):
    seen = []

    @tool
    def count() -> int:
        """Count."""
        seen.append(1)
        return len(seen)

    runs = {
        name: Agent([count], ScriptedInterface(call("count"), f"{name}."), journal=journal).run(
            name
        )
        for name in "ab"
    }
    written = Lines()
    for run in runs.values():
        Recorded.of(journal.events(run.id), Tape(sink=written))
    path = tmp_path / "two.jsonl"
    path.write_text("".join(f"{line}\n" for line in written.lines))
    agent = Agent([count], replay=Replay(path, results=True))

    for name in "ba":
        assert agent.run(name).messages == runs[name].messages


def test_a_run_that_failed_is_replayed_as_far_as_it_came(journal):
    with pytest.raises(LimitError) as first:
        kept(journal, call("look", at="a"), limits=Limits(steps=1)).run("Look.", run_id="r")
    with pytest.raises(LimitError) as again:
        replayed(journal, "r", limits=Limits(steps=1))

    assert again.value.run == first.value.run


def test_a_run_that_continues_a_transcript_has_its_own_results_alone(journal):
    """Equal calls of what came before are no results of the run."""
    counted = []

    @tool
    def count() -> int:
        """Count."""
        counted.append(1)
        return len(counted)

    model = ScriptedInterface(call("count"), "One.", call("count"), "Two.")
    agent = Agent([count], model, journal=journal)
    first = agent.run("Count.")
    run = agent.run("Again.", messages=first.messages, run_id="r")
    recorded = Recorded.of(journal.events("r"))
    replay = Replay(None, "replay", results=True, tape=recorded.tape)
    again = Agent([count], replay=replay, journal="").run(
        messages=recorded.begins[0][0], run_id="r"
    )

    assert again == run
