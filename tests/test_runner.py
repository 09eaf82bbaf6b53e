"""`map` and `amap`: one agent, any number of items."""

import asyncio
import contextvars
import json
import sqlite3
import threading
from contextlib import closing

import pytest

from agentkit import (
    Agent,
    AssistantMessage,
    ConfigError,
    Context,
    Interface,
    InterfaceError,
    LimitError,
    Limits,
    Response,
    StatusError,
    SystemMessage,
    UserMessage,
    tool,
)
from agentkit.errors import DefinitionError, JournalError, MissingKeyError
from agentkit.journal import Journal
from agentkit.messages import FunctionCall, ResultMessage

both = pytest.mark.parametrize("kind", ["map", "amap"])
WHO = contextvars.ContextVar("who", default="nobody")


class Echo(Interface):
    """A model that calls the only tool, if there is one, and says the prompt in capitals."""

    name = "echo"

    def __init__(self, **errors):
        self.errors, self.asked, self.lock = errors, [], threading.Lock()

    def send(self, request):
        prompt = [m.content for m in request.messages if isinstance(m, UserMessage)][-1]
        with self.lock:
            self.asked.append(prompt)
        if prompt in self.errors:
            raise self.errors[prompt]
        last = request.messages[-1]
        if request.definitions and not isinstance(last, ResultMessage):
            call = FunctionCall(request.definitions[0].name, json.dumps({"text": prompt}))
            return Response(message=AssistantMessage(None, (call,)))
        said = last.content if isinstance(last, ResultMessage) else prompt.upper()
        return Response(message=AssistantMessage(said))

    async def asend(self, request):
        return self.send(request)


def outcomes(kind, agent, items, **settings):
    if kind == "map":
        return list(agent.map(items, **settings))

    async def gather():
        return [each async for each in agent.amap(items, **settings)]

    return asyncio.run(gather())


@both
def test_each_prompt_has_its_outcome_in_order(kind):
    found = outcomes(kind, Agent((), Echo()), (f"p{n}" for n in range(30)), concurrency=7)

    assert [each.output for each in found] == [f"P{n}" for n in range(30)]
    assert [each.index for each in found] == list(range(30))
    assert [each.given for each in found] == [f"p{n}" for n in range(30)]
    assert all(each.done for each in found)


@both
def test_an_item_may_say_more_than_a_prompt(kind):
    agent = Agent((), Echo(), instructions="Be brief.")
    earlier = [SystemMessage("Be loud."), UserMessage("before"), AssistantMessage("yes")]
    items = [{"prompt": "a", "run_id": "r"}, {"prompt": "b", "messages": earlier}]
    one, two = (each.run for each in outcomes(kind, agent, items))

    assert (one.id, one.output, two.output) == ("r", "A", "B")
    assert two.messages[0] == SystemMessage("Be loud.")


@both
def test_all_have_the_same_deps_but_for_those_with_their_own(kind):
    @tool
    def who(text: str, context: Context[str]) -> str:
        return f"{text} for {context.deps}"

    agent = Agent([who], Echo())
    found = outcomes(kind, agent, ["a", {"prompt": "b", "deps": "Bea"}], deps="Ada")

    assert [each.output for each in found] == ["a for Ada", "b for Bea"]


@both
def test_what_goes_wrong_with_one_is_its_own(kind):
    broken = InterfaceError("no reply")
    found = outcomes(kind, Agent((), Echo(b=broken)), ["a", "b", "c"])

    assert [each.error for each in found] == [None, broken, None]
    assert found[1].run.messages == (UserMessage("b"),)
    assert not found[1].done
    with pytest.raises(InterfaceError, match="no reply"):
        _ = found[1].output


@both
@pytest.mark.parametrize(
    ("item", "says"),
    [
        (3, "not int"),
        (None, "not NoneType"),
        ({"prompt": 3}, "not int"),
        ({"prompts": "a"}, "no argument 'prompts'"),
        ({}, "nothing to answer"),
        ({"prompt": "a", "options": {"functions": [1]}}, "functions is not an option"),
        ({"prompt": "a", "conversation": "c"}, "kept in a journal"),
    ],
)
def test_an_item_that_is_none_is_its_own_fault(kind, item, says):
    found = outcomes(kind, Agent((), Echo(), journal=""), ["a", item, "c"])

    assert [each.done for each in found] == [True, False, True]
    assert isinstance(found[1].error, ConfigError)
    assert says in str(found[1].error)


@both
@pytest.mark.parametrize("error", [ValueError("broke"), asyncio.CancelledError()])
def test_what_a_tool_raises_is_the_items_own(kind, error):
    @tool(on_error="raise")
    async def fail(text: str) -> str:
        if text == "b":
            raise error
        return text

    found = outcomes(kind, Agent([fail], Echo()), ["a", "b", "c"])

    assert [each.error for each in found] == [None, error, None]


@both
def test_what_a_tool_raises_to_end_the_program_ends_all(kind):
    @tool(on_error="raise")
    def leave(text: str) -> str:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        outcomes(kind, Agent([leave], Echo()), ["a", "b"])


@both
@pytest.mark.parametrize(
    "error",
    [
        StatusError("wrong key", status=401),
        StatusError("no credit", status=402),
        StatusError("gone", status=404, code="model_not_found"),
        ConfigError("no such alias"),
        DefinitionError("no such tool"),
    ],
    ids=str,
)
def test_an_error_that_all_would_meet_ends_all(kind, error):
    model = Echo(p1=error)
    with pytest.raises(type(error)) as raised:
        outcomes(kind, Agent((), model), (f"p{n}" for n in range(1000)), concurrency=2)

    assert raised.value is error
    assert len(model.asked) < 20


@both
def test_a_missing_key_is_told_before_any_item_is_taken(kind, monkeypatch):
    for name in ("GROQ_API_KEY", "AGENTKIT_INTERFACE"):
        monkeypatch.delenv(name, raising=False)
    taken = []

    with pytest.raises(MissingKeyError):
        getattr(Agent((), "groq"), kind)(taken.append(n) for n in range(3))
    assert taken == []


@both
def test_wrong_settings_are_refused_at_once(kind):
    agent = Agent((), Echo())

    with pytest.raises(ConfigError, match="concurrency"):
        getattr(agent, kind)(["a"], concurrency=0)
    with pytest.raises(TypeError, match="'prompts'"):
        getattr(agent, kind)(["a"], prompts=1)
    with pytest.raises(ConfigError, match="n must be 1"):
        getattr(agent, kind)(["a"], options={"n": 2})


@both
def test_with_a_journal_finished_items_are_not_asked_again(kind, tmp_path):
    items = [{"prompt": f"p{n}", "run_id": f"r{n}"} for n in range(6)]
    path = tmp_path / "runs.db"
    outcomes(kind, Agent((), Echo(), journal=path), items[:3])
    again = Echo()
    found = outcomes(kind, Agent((), again, journal=path), items)

    assert [each.output for each in found] == [f"P{n}" for n in range(6)]
    assert again.asked == ["p3", "p4", "p5"]


@both
def test_an_item_that_was_cut_short_is_gone_on_with(kind, tmp_path):
    path = tmp_path / "runs.db"
    calls = []

    @tool(idempotent=True)
    def keep(text: str) -> str:
        calls.append(text)
        return f"kept {text}"

    with pytest.raises(LimitError):
        Agent([keep], Echo(), journal=path, limits=Limits(steps=1)).run("a", run_id="r")
    model = Echo()
    (found,) = outcomes(kind, Agent([keep], model, journal=path), [{"prompt": "a", "run_id": "r"}])

    assert (found.output, calls, model.asked) == ("kept a", ["a"], ["a"])
    assert len(found.run.steps) == 2


@both
def test_the_same_id_twice_is_one_run(kind, tmp_path):
    model = Echo()
    agent = Agent((), model, journal=tmp_path / "runs.db")
    found = outcomes(kind, agent, [{"prompt": "a", "run_id": "r"}] * 5)

    assert [each.output for each in found] == ["A"] * 5
    assert model.asked == ["a"]


@both
def test_items_of_one_conversation_are_its_turns_in_their_order(kind, tmp_path):
    agent = Agent((), Echo(), journal=tmp_path / "runs.db")
    items = [{"prompt": f"p{n}", "conversation": "ab"[n % 2]} for n in range(20)]
    found = outcomes(kind, agent, items, concurrency=8)
    said = [m.content for m in found[-1].run.messages if isinstance(m, UserMessage)]

    assert [each.error for each in found] == [None] * 20
    assert said == [f"p{n}" for n in range(1, 20, 2)]


@both
def test_a_journal_that_cannot_be_used_ends_all(kind, tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (x)")

    with pytest.raises(JournalError, match="another program"):
        outcomes(kind, Agent((), Echo(), journal=path), [{"prompt": "a", "run_id": "r"}, "b"])


def test_what_waits_for_approval_is_no_error(tmp_path):
    @tool(destructive=True)
    def burn(text: str) -> str:
        return text

    (found,) = Agent([burn], Echo(), journal=tmp_path / "runs.db").map(["a"])

    assert (found.error, found.done, len(found.run.pending)) == (None, False, 1)
    with pytest.raises(ConfigError, match="approval"):
        _ = found.output


def test_those_who_leave_early_cancel_what_runs_and_can_go_on(tmp_path):
    path, items = tmp_path / "runs.db", [{"prompt": f"p{n}", "run_id": f"r{n}"} for n in range(9)]
    with closing(Agent((), Echo(), journal=path).map(items, concurrency=2)) as found:
        first = next(found)
    model = Echo()
    rest = list(Agent((), model, journal=path).map(items, concurrency=2))

    assert first.output == "P0"
    assert [each.output for each in rest] == [f"P{n}" for n in range(9)]
    assert "p0" not in model.asked
    assert {each.state for each in Journal(path).runs()} == {"done"}


def test_sync_tools_of_map_run_side_by_side_in_threads():
    meeting = threading.Barrier(4, timeout=20)

    @tool
    def meet(text: str) -> str:
        meeting.wait()
        return text

    found = list(Agent([meet], Echo()).map(["a", "b", "c", "d"], concurrency=4))

    assert [each.output for each in found] == ["a", "b", "c", "d"]


def test_context_variables_of_the_caller_reach_tools():
    @tool
    def who(text: str) -> str:
        return WHO.get()

    WHO.set("Ada")

    assert [each.output for each in Agent([who], Echo()).map(["a"])] == ["Ada"]


def test_map_works_inside_a_running_event_loop():
    async def notebook():
        return [each.output for each in Agent((), Echo()).map(["a", "b"])]

    assert asyncio.run(notebook()) == ["A", "B"]


@pytest.mark.parametrize("outer", ["run", "arun", "map"])
@pytest.mark.parametrize("inner", ["sync", "async"])
def test_a_tool_may_map_over_items_of_its_own_to_any_depth(outer, inner):
    """Each level blocks the one that it was called from, and has a loop that is free."""

    @tool
    def leaf(text: str) -> str:
        return f"<{text}>"

    def spread(agent):
        def mapped(text: str) -> str:
            return "".join(each.output for each in agent.map([text + "1", text + "2"]))

        async def amapped(text: str) -> str:
            return mapped(text)

        return tool(name="spread", description="Spread.")(mapped if inner == "sync" else amapped)

    agent = Agent([leaf], Echo())
    for _ in range(3):
        agent = Agent([spread(agent)], Echo())
    done = {
        "run": lambda: agent.run("a").output,
        "arun": lambda: asyncio.run(agent.arun("a")).output,
        "map": lambda: next(iter(agent.map(["a"]))).output,
    }[outer]()

    assert done == "".join(f"<a{x}{y}{z}>" for x in "12" for y in "12" for z in "12")


def test_amap_takes_an_async_iterable():
    async def source():
        for prompt in "abc":
            await asyncio.sleep(0)
            yield prompt

    async def main():
        return [each.output async for each in Agent((), Echo()).amap(source())]

    assert asyncio.run(main()) == ["A", "B", "C"]
