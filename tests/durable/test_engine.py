"""`Engine`: what is submitted is carried out once, and can be asked about."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from waiting import until

from agentkit import Agent, Context, tool
from agentkit.durable import Engine
from agentkit.errors import ConfigError, DurableError, ReplyError, StatusError
from agentkit.messages import AssistantMessage
from agentkit.testing import ScriptedInterface, call


@tool(idempotent=True)
def double(number: int) -> int:
    """Double a number.

    Args:
        number: The number.
    """
    return number * 2


def doubling(*more, name="doubling", **given):
    replies = more or (call("double", number=21), "It is 42.")
    return Agent([double], ScriptedInterface(*replies), name=name, **given)


def test_a_run_is_carried_out_and_can_be_looked_at(engine):
    agent = doubling()
    runs = engine(agent)
    run_id = runs.submit(agent, "Twice 21?")

    assert [each.state for each in runs.runs()] == ["queued"]
    with runs.worker() as worker:
        run = runs.result(run_id)

    assert (run.output, run.done, run.id) == ("It is 42.", True, run_id)
    assert [len(step.results) for step in run.steps] == [1, 0]
    assert run == runs.result(run_id)
    (listed,) = runs.runs(state="done", queue="agentkit")
    assert (listed.agent, listed.prompt, listed.version) == ("doubling", "Twice 21?", "1")
    assert listed.worker == worker.id
    steps = runs.steps(run_id)
    assert [each.name for each in steps] == ["begin", "request", "double", "request"]
    assert [each.number for each in steps] == [1, 2, 3, 4]
    assert steps[2].output["result"]["content"] == "42"


def test_a_run_waits_until_there_is_a_worker(engine):
    agent = doubling()
    runs = engine(agent)
    run_id = runs.submit("doubling", "Twice 21?")

    with pytest.raises(TimeoutError, match="has not ended"):
        runs.result(run_id, timeout=0.1)
    with runs.worker():
        assert runs.result(run_id).output == "It is 42."


def test_all_of_it_can_be_awaited(engine):
    agent = doubling()
    runs = engine(agent)

    async def main():
        run_id = await runs.asubmit(agent, "Twice 21?")
        run = await runs.aresult(run_id)
        assert [each.id for each in await runs.aruns()] == [run_id]
        assert len(await runs.asteps(run_id)) == 4
        return run

    with runs.worker():
        assert asyncio.run(main()).output == "It is 42."


def test_the_same_id_twice_is_one_run(engine):
    agent = doubling()
    runs = engine(agent)

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: runs.submit(agent, "Twice 21?", run_id="one"), range(16)))
    with runs.worker():
        assert ids == {"one"}
        assert runs.result("one").output == "It is 42."
    assert len(runs.runs()) == 1
    with pytest.raises(DurableError, match="submitted with something else"):
        runs.submit(agent, "Twice 4?", run_id="one")


def test_a_step_that_is_done_is_not_done_again(engine):
    asked = []

    class Counting(ScriptedInterface):
        def send(self, request):
            asked.append(len(request.messages))
            return super().send(request)

    broken = StatusError("The server is away.", status=503)
    agent = Agent(
        [double], Counting(call("double", number=21), broken, "It is 42."), name="doubling"
    )
    runs = engine(agent)
    with runs.worker():
        run_id = runs.submit(agent, "Twice 21?")
        with pytest.raises(StatusError, match="away") as failed:
            runs.result(run_id)
        assert failed.value.status == 503
        assert [len(step.results) for step in failed.value.run.steps] == [1]
        (listed,) = runs.runs(state="failed")
        assert listed.error == "StatusError: The server is away."

        runs.resume(run_id)
        assert runs.result(run_id).output == "It is 42."
    assert asked == [1, 3, 3]


def test_only_what_failed_or_was_cancelled_is_resumed(engine):
    agent = doubling()
    runs = engine(agent)
    run_id = runs.submit(agent, "Twice 21?")
    with pytest.raises(DurableError, match="is queued: there is nothing to resume"):
        runs.resume(run_id)


def test_a_run_can_be_cancelled_before_it_begins_and_resumed(engine):
    agent = doubling()
    runs = engine(agent)
    run_id = runs.submit(agent, "Twice 21?")
    runs.cancel(run_id)
    with pytest.raises(DurableError, match="was cancelled"):
        runs.result(run_id)
    assert [each.state for each in runs.runs()] == ["cancelled"]

    runs.resume(run_id)
    with runs.worker():
        assert runs.result(run_id).output == "It is 42."
    runs.cancel(run_id)  # which is too late
    assert runs.result(run_id).output == "It is 42."


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_run_is_cancelled_in_the_middle_of_a_call(engine, is_async):
    begun, cancelled, free = [], [], asyncio.Event()

    async def wait(number: int) -> int:
        """Wait."""
        begun.append(number)
        try:
            await free.wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    def block(number: int) -> int:
        """Wait."""
        begun.append(number)
        until(lambda: cancelled)
        return number

    waits = tool(idempotent=True)(wait if is_async else block)
    agent = Agent([waits], ScriptedInterface(call(waits.name, number=1)), name="waiting")
    runs = engine(agent)
    with runs.worker():
        run_id = runs.submit(agent, "Wait.")
        assert until(lambda: begun)
        runs.cancel(run_id)
        with pytest.raises(DurableError, match="cancelled") as ended:
            runs.result(run_id)
        assert [m.role for m in ended.value.run.messages] == ["user", "assistant"]
        assert until(lambda: not runs_here(runs)), "the worker still carries it out"
        assert until(lambda: cancelled) if is_async else not cancelled
        cancelled.append("let the thread end")
    assert [each.name for each in runs.steps(run_id)] == ["begin", "request"]


def runs_here(runs):
    return runs.runs(state="running")


def test_a_run_is_forked_from_a_step_on(engine):
    replies = [call("double", number=21), "It is 42.", "It is forty-two."]
    agent = doubling(*replies)
    runs = engine(agent)
    with runs.worker():
        run_id = runs.submit(agent, "Twice 21?")
        assert runs.result(run_id).output == "It is 42."
        fork = runs.fork(run_id, 4)
        assert runs.result(fork).output == "It is forty-two."
        assert fork != run_id
        assert runs.result(run_id).output == "It is 42."
    assert {each.forked_from for each in runs.runs()} == {None, run_id}
    for step in (0, 9, "4", True):
        with pytest.raises(ConfigError, match="has steps 1 to 4"):
            runs.fork(run_id, step)


def test_a_run_goes_on_from_another(engine):
    interface = ScriptedInterface("Hello Ada.", "You are Ada.")
    agent = Agent((), interface, name="talk", instructions="Be kind.")
    runs = engine(agent)
    with runs.worker():
        first = runs.submit(agent, "I am Ada.")
        runs.result(first)
        second = runs.submit(agent, "Who am I?", after=first)
        run = runs.result(second)
    assert run.output == "You are Ada."
    said = [message.content for message in run.messages]
    assert said == ["Be kind.", "I am Ada.", "Hello Ada.", "Who am I?", "You are Ada."]
    with pytest.raises(DurableError, match="no run 'none'"):
        runs.submit(agent, "Who am I?", after="none")


def test_a_typed_answer_is_typed_again(engine):
    agent = Agent((), ScriptedInterface("[1, 2]"), output=list[int], name="n")
    runs = engine(agent)
    with runs.worker():
        run_id = runs.submit(agent, "Count.")
        assert runs.result(run_id).output == [1, 2]
    assert engine().result(run_id).output == [1, 2]


def test_what_tools_find_in_their_context(engine):
    found = []

    @tool(idempotent=True)
    def look(context: Context[object]) -> str:
        """Look."""
        found.append((context.deps, context.call_key))
        return "seen"

    replies = [call("look"), "Done."] * 3
    agent = Agent([look], ScriptedInterface(*replies), name="looking")
    runs = engine(agent)
    for deps in (None, "the worker's", lambda given: f"made of {given}"):
        with runs.worker(deps=deps):
            runs.result(runs.submit(agent, "Look.", run_id=f"run-{len(found)}", deps=[1]))
    assert found == [([1], "run-0:1:0"), ([1], "run-1:1:0"), ("made of [1]", "run-2:1:0")]


def test_workers_take_runs_of_their_version_and_queues_alone(engine):
    old, new = doubling("old"), doubling("new")
    first, second = engine(old, version="1"), engine(new, version="2")
    mine = second.submit(new, "Say it.")
    other = first.submit(old, "Say it.")
    elsewhere = second.submit(new, "Say it.", queue="elsewhere")
    with second.worker():
        assert second.result(mine).output == "new"
        assert second.runs(state="queued", queue="elsewhere")[0].id == elsewhere
        assert first.runs(state="queued", queue="agentkit")[0].id == other
    with first.worker():
        assert first.result(other).output == "old"


def test_a_changed_agent_of_the_same_version_is_an_error(engine):
    broken = ReplyError("No answer.")
    before = doubling(call("double", number=21), broken)
    runs = engine(before)
    with runs.worker():
        run_id = runs.submit(before, "Twice 21?")
        with pytest.raises(ReplyError):
            runs.result(run_id)

    @tool(name="double", idempotent=True)
    def triple(number: float) -> float:
        """Treble a number."""
        return number * 3

    after = Agent([triple], ScriptedInterface("It is 63."), name="doubling")
    changed = engine(after)
    changed.resume(run_id)
    with changed.worker():
        with pytest.raises(DurableError, match="other tools or options"):
            changed.result(run_id)
        assert changed.result(changed.fork(run_id, 2)).output == "It is 63."


def test_instructions_may_change_while_a_run_is_on_its_way(engine):
    """They may have the day in them: a run keeps those that it began with."""
    broken = ReplyError("No answer.")
    runs = engine(doubling(broken, instructions="It is Monday."))
    with runs.worker():
        run_id = runs.submit("doubling", "Which day is it?")
        with pytest.raises(ReplyError):
            runs.result(run_id)
    later = engine(doubling("Monday.", instructions="It is Tuesday."))
    later.resume(run_id)
    with later.worker():
        run = later.result(run_id)
    assert run.messages[0].content == "It is Monday."


def test_secrets_are_not_stored(engine, monkeypatch, address):
    monkeypatch.setenv("SHOP_TOKEN", "very-secret-indeed")

    @tool(idempotent=True)
    def show(text: str) -> str:
        """Show."""
        return f"{text} very-secret-indeed"

    agent = Agent([show], ScriptedInterface(call("show", text="x"), "Done."), name="showing")
    runs = engine(agent)
    with runs.worker():
        run_id = runs.submit(
            agent, "My key is gsk_abcdefghijklmnop.", deps={"t": "very-secret-indeed"}
        )
        run = runs.result(run_id)
    everything = str(run) + str(runs.steps(run_id)) + str(runs.runs())
    assert "gsk_abc" not in everything
    assert "very-secret" not in everything
    assert run.messages[2].content == "x [secret]"


def test_odd_text_is_stored_and_read_again(engine):
    odd = "half \ud800 pair, nul \x00, \u202e turned, 😀"
    agent = Agent((), ScriptedInterface(AssistantMessage(odd)), name="odd")
    runs = engine(agent)
    with runs.worker():
        run_id = runs.submit(agent, odd)
        run = runs.result(run_id)
    assert run.output == odd.replace("\ud800", "?")
    assert run.messages[0].content == run.output


def test_what_a_tool_raises_ends_the_run(engine):
    @tool(on_error="raise", idempotent=True)
    def fail() -> str:
        """Fail."""
        raise KeyError("gone")

    @tool(on_error="raise", idempotent=True)
    def leave() -> str:
        """Leave."""
        raise SystemExit(3)

    agent = Agent([fail, leave], ScriptedInterface(call("fail"), call("leave"), "Alive."), name="a")
    runs = engine(agent)
    with runs.worker():
        with pytest.raises(DurableError, match="KeyError: 'gone'"):
            runs.result(runs.submit(agent, "Go."))
        with pytest.raises(DurableError, match="SystemExit"):
            runs.result(runs.submit(agent, "Go."))
        assert runs.result(runs.submit(agent, "Go.")).output == "Alive."


def test_calls_that_run_side_by_side_are_numbered_in_their_order(engine):
    @tool(read_only=True)
    async def nap(number: int) -> int:
        """Nap: the later ones end first."""
        await asyncio.sleep(0.05 * (3 - number))
        return number

    calls = [call("nap", number=number) for number in range(4)]
    agent = Agent([nap], ScriptedInterface(calls, "Done."), name="napping")
    runs = engine(agent)
    with runs.worker():
        run_id = runs.submit(agent, "Nap.")
        runs.result(run_id)
    naps = [each for each in runs.steps(run_id) if each.name == "nap"]
    assert [(each.number, each.output["result"]["content"]) for each in naps] == [
        (3, "0"),
        (4, "1"),
        (5, "2"),
        (6, "3"),
    ]


def test_what_does_not_fit_is_refused_at_once(engine, address):
    agent = doubling()
    runs = engine(agent)
    for prompt in (None, "", "  ", 7):
        with pytest.raises(ConfigError, match="nothing to do"):
            runs.submit(agent, prompt)
    with pytest.raises(ConfigError, match="Did you mean 'doubling'"):
        runs.submit("doublin", "Go.")
    with pytest.raises(ConfigError, match="none of the engine's"):
        runs.submit(doubling(), "Go.")
    with pytest.raises(ConfigError, match="takes what JSON has"):
        runs.submit(agent, "Go.", deps=object())
    for queue in ("", "_dbos_internal_queue", None):
        with pytest.raises(ConfigError, match="no name for a queue"):
            runs.submit(agent, "Go.", queue=queue)
    for run_id in ("", " ", " x", 7):
        with pytest.raises(ConfigError, match="run_id= is some text"):
            runs.submit(agent, "Go.", run_id=run_id)
    for what in (runs.result, runs.stored, runs.cancel, runs.resume, runs.approve, runs.steps):
        with pytest.raises(DurableError, match="There is no run 'none'"):
            what("none")
    with pytest.raises(ConfigError, match="The state of a run is one of queued"):
        runs.runs(state="asleep")
    with pytest.raises(ConfigError, match="have a name each"):
        Engine(address, [doubling(name="")])
    with pytest.raises(ConfigError, match="have a name each"):
        Engine(address, [doubling(), doubling()])
    with pytest.raises(ConfigError, match="agents by their names"):
        Engine(address, {"": agent})
    with pytest.raises(ConfigError, match="version= is some text"):
        Engine(address, version="")
    assert "Engine(" in repr(runs)
