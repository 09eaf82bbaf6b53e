"""What spans and metrics say: the names of the conventions, and the values of a real run."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from model_server import Raw, Reply
from opentelemetry.trace import SpanKind

from agentkit import Agent, LimitError, Limits, StatusError, ToolError, open_interface, tool
from agentkit.messages import AssistantMessage, Response, Usage
from agentkit.safe import Secret
from agentkit.telemetry import attributes as names
from agentkit.testing import ScriptedInterface, call

PAGE = Path(__file__).parent.parent.parent / "docs" / "traces.md"
TABLES = (
    names.RUN_BEGINS,
    names.RUN_ENDS,
    names.CHAT_BEGINS,
    names.CHAT_ENDS,
    names.CALL_BEGINS,
    names.CALL_WAITS,
)
METRICS = (*names.DURATIONS.values(), names.TOKENS, names.TIME_TO_FIRST_CHUNK)
USED = {name for table in TABLES for name in table} | {
    *names.CONTENT,
    *(label for metric in METRICS for label in metric.labels),
    names.FIRST_CHUNK,
    names.TOKEN_TYPE,
}


@tool(read_only=True)
def add(a: int, b: int) -> int:
    """Add two numbers.

    That is all.
    """
    return a + b


def conventions():
    for part in ("gen_ai", "error", "server"):
        found = import_module(f"opentelemetry.semconv._incubating.attributes.{part}_attributes")
        yield from (value for value in vars(found).values() if isinstance(value, str))


def test_names_are_those_of_the_conventions():
    own = {each for each in USED if each.startswith("agentkit.")}
    assert USED - own - set(conventions()) == set()

    from opentelemetry.semconv._incubating.metrics import gen_ai_metrics

    newer = {"gen_ai.invoke_agent.duration", "gen_ai.execute_tool.duration"}
    known = {value for value in vars(gen_ai_metrics).values() if isinstance(value, str)}
    assert {each.name for each in METRICS} - newer <= known


def test_the_page_has_every_name():
    told = set(re.findall(r"`([a-z_]+\.[a-z_.]+)`", PAGE.read_text(encoding="utf-8")))
    events = {names.WAITED, names.NEEDS_APPROVAL, names.SECONDS, names.REASON}
    ours = USED | events | {metric.name for metric in METRICS}
    assert ours - told == set()
    assert {each for each in told if each.startswith(("gen_ai.", "agentkit."))} - ours <= {
        "agentkit.telemetry",
        "agentkit.tracing",
    }


def test_a_run_over_http(recorded, server, interface):
    server.script(Reply(calls=[call("add", a=1, b=2)], usage=(70, 30)), Reply("3.", usage=(7, 3)))
    options = {"temperature": 0, "max_tokens": 9, "stop": "!", "top_p": 1.0}
    agent = Agent([add], interface(dialect="tools"), trace=recorded.trace(), options=options)
    run = agent.run("Sum?", run_id="r1")

    first, second = (dict(span.attributes) for span in recorded.named("chat"))
    model = server.bodies[0]["model"]
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    assert first | {"gen_ai.response.id": ""} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "groq",
        "gen_ai.request.model": model,
        "server.address": "127.0.0.1",
        "server.port": port,
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ("!",),
        "gen_ai.request.top_p": 1.0,
        "gen_ai.response.finish_reasons": ("tool_calls",),
        "gen_ai.response.id": "",
        "gen_ai.response.model": run.steps[0].response.model,
        "gen_ai.usage.input_tokens": 70,
        "gen_ai.usage.output_tokens": 30,
        "agentkit.cost": run.steps[0].response.cost,
    }
    assert second["gen_ai.usage.output_tokens"] == 3
    assert recorded.one("invoke_agent") == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "groq",
        "gen_ai.request.model": model,
        "agentkit.run.id": "r1",
        "agentkit.run.state": "done",
        "agentkit.cost": pytest.approx(run.cost),
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 77,
        "gen_ai.usage.output_tokens": 33,
    }
    assert recorded.one("execute_tool") == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "add",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.description": "Add two numbers.",
        "gen_ai.tool.call.id": run.messages[1].calls[0].id,
        "agentkit.call.key": "r1:1:0",
    }
    kinds = {span.name.partition(" ")[0]: span.kind for span in recorded.spans}
    assert kinds == {
        "chat": SpanKind.CLIENT,
        "invoke_agent": SpanKind.INTERNAL,
        "execute_tool": SpanKind.INTERNAL,
    }
    assert [span.name for span in recorded.named("chat")] == [f"chat {model}"] * 2


def test_each_request_that_fails_is_told_and_each_wait(recorded, server):
    refused = Raw([b'{"error":{"message":"slow down"}}'], 429, headers={"retry-after": "0.2"})
    server.script(refused, "Hi.")
    own = open_interface("groq", base_url=server.url, api_key="gsk_0123456789")
    run = Agent((), own, trace=recorded.trace()).run("Go.")

    refusal, answer = recorded.named("chat")
    assert (refusal.attributes["error.type"], refusal.status.is_ok) == ("429", False)
    assert refusal.status.description is None  # it may quote anything
    assert "error.type" not in answer.attributes
    (span,) = recorded.named("invoke")
    (event,) = span.events
    assert event.name == "agentkit.wait"
    assert dict(event.attributes) == {"agentkit.wait.seconds": run.waited}
    assert refusal.end_time <= event.timestamp <= answer.start_time
    assert span.attributes["agentkit.run.waited"] == run.waited
    own.close()


def test_errors_of_runs(recorded):
    failing = ScriptedInterface(StatusError("No.", status=500))
    with pytest.raises(StatusError):
        Agent((), failing, trace=recorded.trace(), name="a").run("Go.")
    forever = ScriptedInterface(call("add", a=1, b=2))
    with pytest.raises(LimitError):
        Agent([add], forever, trace=recorded.trace(), name="b", limits=Limits(steps=1)).run("Go.")

    ended = {span.name: span.attributes.get("error.type") for span in recorded.spans}
    assert ended["invoke_agent a"] == "500"
    assert ended["invoke_agent b"] == "LimitError"
    assert ended["execute_tool add"] is None
    assert [span.attributes["agentkit.run.state"] for span in recorded.named("invoke")] == [
        "failed",
        "failed",
    ]


@pytest.mark.parametrize("options", [{"stop": 5}, {"response_format": {"type": None}}], ids=str)
def test_options_that_make_no_sense_are_the_servers_to_refuse(recorded, options):
    run = Agent((), ScriptedInterface("Hi."), trace=recorded.trace(), options=options).run("Go.")

    assert run.output == "Hi."
    assert not recorded.one("chat").keys() & {"gen_ai.request.stop_sequences", "gen_ai.output.type"}


def test_an_error_that_cannot_tell_what_it_is_comes_out_as_it_is(recorded):
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    with pytest.raises(MuteError):
        Agent((), ScriptedInterface(MuteError()), trace=recorded.trace()).run("Go.")

    assert recorded.one("invoke")["error.type"] == "MuteError"


def test_errors_of_calls(recorded):
    @tool
    def broken() -> str:
        """Break."""
        raise ValueError("about ada@example.com")

    @tool
    def own_words() -> str:
        """Say no."""
        raise ToolError("No.")

    @tool(timeout=0.01)
    async def slow() -> str:
        """Take long."""
        import asyncio

        await asyncio.sleep(20)
        return ""

    calls = [call("broken"), call("own_words"), call("slow"), call("add", a="x"), call("nosuch")]
    model = ScriptedInterface(*calls, "Done.")
    Agent([broken, own_words, slow, add], model, trace=recorded.trace()).run("Go.")

    told = [(span.name, span.attributes["error.type"]) for span in recorded.named("execute_tool")]
    assert told == [
        ("execute_tool broken", "ValueError"),
        ("execute_tool own_words", "tool_error"),
        ("execute_tool slow", "tool_error"),
        ("execute_tool add", "ArgumentsError"),
        ("execute_tool _OTHER", "tool_error"),
    ]
    everything = json.dumps([span.to_json() for span in recorded.spans])
    assert "ada@example.com" not in everything
    assert "nosuch" not in everything


def test_calls_that_wait_for_a_person(recorded, tmp_path):
    @tool(destructive=True)
    def drop(table: str) -> str:
        """Drop a table."""
        return "gone"

    model = ScriptedInterface(call("drop", table="users"), "Done.")
    given = {"trace": recorded.trace(), "journal": tmp_path / "runs.db"}
    agent = Agent([drop], model, **given)
    run = agent.run("Go.", conversation="c7")
    agent.run(after=run.approve(run.pending[0]), conversation="c7")

    first, second = recorded.named("invoke_agent")
    assert [event.name for event in first.events] == ["agentkit.approval_needed"]
    assert dict(first.events[0].attributes) == {
        "gen_ai.tool.name": "drop",
        "gen_ai.tool.call.id": run.pending[0].id,
        "agentkit.call.key": f"{run.id}:1:0",
    }
    assert first.attributes["agentkit.run.state"] == "waiting"
    assert second.attributes["agentkit.run.state"] == "done"
    assert {span.attributes["agentkit.run.id"] for span in (first, second)} == {run.id}
    assert {s.attributes["gen_ai.conversation.id"] for s in recorded.named("chat")} == {"c7"}


def test_tokens_of_an_earlier_part_are_not_counted_twice(recorded):
    def reply(message, tokens):
        return Response(message=message, model="m", usage=Usage(tokens, 1, 2, 3), cost=0.5)

    first = reply(AssistantMessage(calls=(call("add", a=1, b=2),)), 10)
    agent = Agent(
        [add],
        ScriptedInterface(first, reply(AssistantMessage("3"), 20)),
        trace=recorded.trace(),
        limits=Limits(steps=1),
    )
    with pytest.raises(LimitError) as stopped:
        agent.run("Go.")
    agent.limits = Limits()
    agent.run(after=stopped.value.run)

    tokens = [span.attributes["gen_ai.usage.input_tokens"] for span in recorded.named("invoke")]
    assert tokens == [10, 20]
    one = dict(recorded.named("invoke")[1].attributes)
    assert one["gen_ai.usage.cache_read.input_tokens"] == 2
    assert one["gen_ai.usage.reasoning.output_tokens"] == 3
    assert one["agentkit.cost"] == 0.5


def test_what_was_said_is_told_where_it_is_asked_for(recorded, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "very-secret-indeed")

    @tool(open_world=True)
    def log_in(user: str, password: Secret) -> str:
        """Log in."""
        return f"{user} is in with {password.reveal()}, very-secret-indeed, \ud800"

    secret = call("log_in", user="ada", password="hunter2-7")
    model = ScriptedInterface(secret, "You are in.")
    agent = Agent([log_in], model, trace=recorded.trace(content=True), instructions="Be kind.")
    agent.run("Log ada in.")

    chats = [dict(span.attributes) for span in recorded.named("chat")]
    called = recorded.one("execute_tool")
    assert json.loads(chats[0]["gen_ai.system_instructions"]) == [
        {"type": "text", "content": "Be kind."}
    ]
    assert json.loads(chats[0]["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Log ada in."}]}
    ]
    (definition,) = json.loads(chats[0]["gen_ai.tool.definitions"])
    assert (definition["type"], definition["name"]) == ("function", "log_in")
    arguments = {"user": "ada", "password": "[secret]"}
    request = {"type": "tool_call", "id": "", "name": "log_in", "arguments": arguments}
    answer = {"role": "assistant", "parts": [request]}
    assert json.loads(chats[0]["gen_ai.output.messages"]) == [
        {**answer, "finish_reason": "tool_call"}
    ]
    result = "ada is in with [secret], [secret], ?"
    response = {"type": "tool_call_response", "id": "", "response": result}
    assert json.loads(chats[1]["gen_ai.input.messages"])[1:] == [
        answer,
        {"role": "tool", "parts": [response]},
    ]
    assert json.loads(called["gen_ai.tool.call.arguments"]) == arguments
    assert called["gen_ai.tool.call.result"] == result
    assert json.loads(recorded.one("invoke")["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "You are in."}],
            "finish_reason": "stop",
        }
    ]
    everything = json.dumps([span.to_json() for span in recorded.spans])
    assert "hunter2" not in everything
    assert "very-secret" not in everything


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("true", True), ("SPAN_ONLY", True), ("NO_CONTENT", False), ("false", False), ("", False)],
)
def test_the_environment_asks_for_what_was_said(recorded, monkeypatch, said, wanted):
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", said)
    Agent((), ScriptedInterface("Hi."), trace=recorded.trace()).run("Go.")
    assert ("gen_ai.input.messages" in recorded.one("chat")) is wanted


def test_metrics(recorded):
    reply = Response(message=AssistantMessage("Hi."), model="m", usage=Usage(10, 20))
    refused = StatusError("No.", status=503)
    agent = Agent(
        [add],
        ScriptedInterface(call("add", a=1, b=2), reply, refused),
        trace=recorded.trace(),
        name="a",
    )
    agent.run("Go.")
    with pytest.raises(StatusError):
        agent.run("Go.")

    points = list(recorded.points())
    told = {
        (name, tuple(sorted(point.attributes.items()))): (point.count, point.sum)
        for name, point in points
    }
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "agent",
    }

    def found(name, **labels):
        return told[
            name, tuple(sorted({k.replace("__", "."): v for k, v in labels.items()}.items()))
        ]

    answered = {**chat, "gen_ai.response.model": "m"}
    assert found("gen_ai.client.token.usage", **answered, gen_ai__token__type="input") == (1, 10)
    assert found("gen_ai.client.token.usage", **answered, gen_ai__token__type="output") == (1, 20)
    assert found("gen_ai.client.operation.duration", **chat, error__type="503")[0] == 1
    assert found("gen_ai.client.operation.duration", **answered)[0] == 1
    of_run = {"gen_ai.agent.name": "a", "gen_ai.request.model": "agent"}
    assert found("gen_ai.invoke_agent.duration", **of_run)[0] == 1
    assert found("gen_ai.invoke_agent.duration", **of_run, error__type="503")[0] == 1
    of_call = {"gen_ai.tool.name": "add", "gen_ai.tool.type": "function", "gen_ai.agent.name": "a"}
    seconds = found("gen_ai.execute_tool.duration", **of_call)[1]
    (span,) = recorded.named("execute_tool")
    assert seconds == pytest.approx((span.end_time - span.start_time) / 1e9)
    bounds = {name: point.explicit_bounds for name, point in points}
    assert bounds["gen_ai.client.operation.duration"][:3] == (0.01, 0.02, 0.04)
    assert bounds["gen_ai.client.operation.duration"][-1] == 81.92
    assert bounds["gen_ai.invoke_agent.duration"][-1] == 409.6
    assert bounds["gen_ai.client.token.usage"] == tuple(4.0**n for n in range(14))
