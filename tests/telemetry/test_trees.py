"""Where spans are in the tree: whoever begins them, and in whatever thread, task or loop."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import aclosing

import pytest
from opentelemetry import trace as otel

from agentkit import Agent, Context, ResponseReceived, RunEnded, tool
from agentkit.interface import Interface
from agentkit.messages import AssistantMessage, Delta, Response
from agentkit.testing import ScriptedInterface, call

NOTHING = otel.INVALID_SPAN


def ran(mode, agent, prompt="Go.", **given):
    if mode == "sync":
        return agent.run(prompt, **given)
    return asyncio.run(agent.arun(prompt, **given))


def here():
    return otel.get_current_span()


class Streaming(Interface):
    """Gives its text in pieces, and keeps which span was current at each."""

    name = "streaming"

    def __init__(self, *pieces):
        self.pieces, self.current = pieces, []

    def send(self, request):
        return Response(message=AssistantMessage("".join(self.pieces)), model="m")

    def stream(self, request):
        for piece in self.pieces:
            self.current.append(here())
            yield Delta(piece)
        yield self.send(request)

    async def astream(self, request):
        for piece in self.stream(request):
            await asyncio.sleep(0)
            self.current.append(here())
            yield piece


@pytest.fixture
def looks(recorded):
    """Tools of each kind that make a span of their own."""

    @tool(read_only=True)
    def plain(context: Context) -> str:
        """Look."""
        with recorded.span("in plain"):
            return "a"

    @tool(read_only=True, timeout=20)
    def timed() -> str:
        """Look."""
        with recorded.span("in timed"):
            return "b"

    @tool(read_only=True)
    async def awaited() -> str:
        """Look."""
        with recorded.span("in awaited"):
            await asyncio.sleep(0)
            with recorded.span("inside"):
                await asyncio.sleep(0.001)
        with recorded.span("after"):
            return "c"

    return [plain, timed, awaited]


EACH = {
    "plain": [("in plain", [])],
    "timed": [("in timed", [])],
    "awaited": [("after", []), ("in awaited", [("inside", [])])],
}


@pytest.mark.parametrize("name", EACH)
def test_what_a_tool_does_is_a_part_of_its_call(recorded, looks, mode, name):
    model = ScriptedInterface(call(name), "Done.")
    with recorded.span("caller"):
        ran(mode, Agent(looks, model, trace=recorded.trace(), name="ann"))
        assert here().name == "caller"

    parts = [("chat agent", []), ("chat agent", []), (f"execute_tool {name}", EACH[name])]
    assert recorded.tree == [("caller", [("invoke_agent ann", parts)])]


def test_calls_side_by_side_are_apart(recorded, looks, mode):
    calls = [call(name) for name in (*EACH, *EACH)]
    ran(mode, Agent(looks, ScriptedInterface(calls, "Done."), trace=recorded.trace()))

    ((name, parts),) = recorded.tree
    told = [(f"execute_tool {name}", inside) for name, inside in EACH.items()]
    assert name == "invoke_agent"
    assert parts == sorted([("chat agent", [])] * 2 + told * 2)


def test_an_agent_inside_a_tool_is_a_part_of_the_call_without_being_told(recorded, mode):
    inner = Agent((), ScriptedInterface("Yes."), name="inner")
    untold = Agent((), ScriptedInterface("Yes."), name="untold", trace="")

    @tool
    def ask() -> str:
        """Ask."""
        untold.run("Well?")
        return inner.run("Well?").output

    @tool
    async def aask() -> str:
        """Ask."""
        await untold.arun("Well?")
        return (await inner.arun("Well?")).output

    asks = {"sync": ask, "async": aask}[mode]
    model = ScriptedInterface(call(asks.name), "Done.")
    ran(mode, Agent([asks], model, trace=recorded.trace(), name="outer"))

    within = [("invoke_agent inner", [("chat agent", [])])]
    parts = [("chat agent", []), ("chat agent", []), (f"execute_tool {asks.name}", within)]
    assert recorded.tree == [("invoke_agent outer", parts)]


def test_many_runs_are_apart(recorded):
    class Model(ScriptedInterface):
        async def asend(self, request):
            await asyncio.sleep(0)
            return ScriptedInterface("Yes.").send(request)

    agent = Agent((), Model(), trace=recorded.trace(), name="one")
    with recorded.span("batch"):
        assert all(each.done for each in agent.map(f"{n}" for n in range(20)))

    assert recorded.tree == [("batch", [("invoke_agent one", [("chat agent", [])])] * 20)]
    assert len({span.attributes["agentkit.run.id"] for span in recorded.named("invoke")}) == 20


def test_a_request_is_current_while_it_is_sent_and_the_caller_between(recorded, mode):
    model = Streaming("a", "b")
    agent = Agent((), model, trace=recorded.trace(), options={"stream": True})

    async def watched():
        async with aclosing(agent.aiter("Go.")) as events:
            return [here() async for _ in events]

    between = [here() for _ in agent.iter("Go.")] if mode == "sync" else asyncio.run(watched())

    assert set(between) == {NOTHING}
    assert {span.name for span in model.current} == {"chat agent"}
    assert recorded.one("chat")["gen_ai.response.time_to_first_chunk"] > 0


def test_a_stream_that_is_left_ends_its_spans(recorded):
    agent = Agent((), Streaming("a", "b"), trace=recorded.trace(), options={"stream": True})
    events = agent.iter("Go.")
    while not isinstance(next(events), Delta):
        pass
    other = threading.Thread(target=events.close)
    other.start()
    other.join()

    assert here() is NOTHING
    assert [span.attributes["error.type"] for span in recorded.spans] == ["cancelled"] * 2


@pytest.mark.parametrize("way", ["closed elsewhere", "collected", "cancelled"])
def test_an_awaited_stream_that_is_left_ends_its_spans(recorded, way):
    agent = Agent((), Streaming("a", "b"), trace=recorded.trace(), options={"stream": True})

    async def left():
        events = agent.aiter("Go.")
        async for event in events:
            if isinstance(event, Delta):
                break
        if way == "closed elsewhere":
            await asyncio.create_task(events.aclose())
        return here()

    async def cancelled():
        stuck = asyncio.Event()

        class Stuck(Streaming):
            async def astream(self, request):
                stuck.set()
                await asyncio.Event().wait()
                yield Delta("never")

        task = asyncio.create_task(Agent((), Stuck(), trace=recorded.trace()).arun("Go."))
        await stuck.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return here()

    assert asyncio.run(cancelled() if way == "cancelled" else left()) is NOTHING
    gc.collect()
    assert [span.attributes["error.type"] for span in recorded.spans] == ["cancelled"] * 2


def test_ctrl_c_in_a_tool_ends_the_spans(recorded, mode):
    @tool
    def interrupted() -> str:
        """Be interrupted."""
        raise KeyboardInterrupt

    agent = Agent([interrupted], ScriptedInterface(call("interrupted")), trace=recorded.trace())
    with pytest.raises(KeyboardInterrupt):
        ran(mode, agent)

    ended = {span.name: span.attributes.get("error.type") for span in recorded.spans}
    assert ended == {
        "invoke_agent": "KeyboardInterrupt",
        "chat agent": None,
        "execute_tool interrupted": "KeyboardInterrupt",
    }
    assert here() is NOTHING


def test_an_error_that_is_thrown_in_comes_to_the_run(recorded):
    events = Agent((), Streaming("a"), trace=recorded.trace()).iter("Go.")
    next(events)
    with pytest.raises(LookupError) as raised:
        events.throw(LookupError("from outside"))

    assert raised.value.run.id == recorded.one("invoke")["agentkit.run.id"]
    assert recorded.one("invoke")["error.type"] == "LookupError"


def test_who_has_the_answer_need_not_go_on(recorded):
    events = Agent((), ScriptedInterface("Hi."), trace=recorded.trace()).iter("Go.")
    while not isinstance(next(events), ResponseReceived):
        pass
    assert [span.name for span in recorded.spans] == ["chat agent"]
    while not isinstance(next(events), RunEnded):
        pass
    assert [span.status.is_ok for span in recorded.spans] == [True, True]
