"""The loop and the toolbox through real sockets, in every way to talk to a server."""

from __future__ import annotations

import threading

import pytest
from model_server import Raw, Reply, results_in

from agentkit import Agent, AssistantMessage, FunctionCall, ResultMessage, UserMessage, tool
from agentkit.testing import call

TOOLS = pytest.mark.parametrize("dialect", ["tools"])
WHOLE = pytest.mark.parametrize("stream", [False])


@tool(read_only=True)
def forecast(city: str, days: int = 1) -> str:
    """The weather to come.

    Args:
        city: Where.
        days: How far ahead.
    """
    return f"{city}: rain for {days} days"


@tool(read_only=True)
def forget() -> str:
    """Takes nothing."""
    return "forgotten"


def test_a_text_is_the_answer(way, server):
    server.script("Grüße, 日本 👋")
    run = way.run(way.agent(), "Hi.")
    assert run.output == "Grüße, 日本 👋"
    assert run.messages == (UserMessage("Hi."), AssistantMessage("Grüße, 日本 👋"))
    assert server.bodies[0] == {
        "model": "llama3-8b-8192",
        "messages": [{"role": "user", "content": "Hi."}],
    } | ({"stream": True} if way.stream else {})


def test_a_call_is_run_and_its_result_sent(way, server):
    server.script(call("forecast", city="Oslo", days=2), "Take an umbrella.")
    run = way.run(way.agent(forecast), "Oslo?")
    assert run.output == "Take an umbrella."
    assert [step.results for step in run.steps] == [
        (ResultMessage("forecast", "Oslo: rain for 2 days", run.messages[1].calls[0].id),),
        (),
    ]
    assert results_in(server.bodies[1]) == ["Oslo: rain for 2 days"]
    assert run.repairs == ()


def test_the_second_request_spells_the_call_in_its_dialect(way, server):
    server.script(call("forecast", city="Oslo"), "Rain.")
    way.run(way.agent(forecast), "Oslo?")
    function = {"name": "forecast", "arguments": '{"city": "Oslo"}'}
    result = {"content": "Oslo: rain for 1 days"}
    spelled = {
        "functions": [
            {"role": "assistant", "function_call": function},
            {"role": "function", "name": "forecast", **result},
        ],
        "tools": [
            {
                "role": "assistant",
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "call_1", **result},
        ],
    }
    assert server.bodies[1]["messages"][1:] == spelled[way.dialect]


def test_the_tools_are_offered_in_every_request(way, server):
    server.script(call("forget"), "Done.")
    way.run(way.agent(forget))
    expected = {
        "name": "forget",
        "description": "Takes nothing.",
        "parameters": {"type": "object", "properties": {}},
    }
    for body in server.bodies:
        if way.dialect == "functions":
            assert body["functions"] == [expected]
        else:
            assert body["tools"] == [{"type": "function", "function": expected}]


def test_instructions_come_first_in_every_request(way, server):
    server.script(call("forget"), "Done.")
    way.run(way.agent(forget, instructions="Be brief."))
    for body in server.bodies:
        assert body["messages"][0] == {"role": "system", "content": "Be brief."}


def test_text_beside_a_call_is_kept_and_sent_back(way, server):
    server.script(Reply("Let me see.", [call("forget")]), "Done.")
    run = way.run(way.agent(forget))
    assert run.messages[1].content == "Let me see."
    assert server.bodies[1]["messages"][1]["content"] == "Let me see."


def test_reasoning_is_kept_apart_from_the_answer(way, server):
    server.script(Reply("42", reasoning="Six times seven."))
    run = way.run(way.agent())
    assert (run.output, run.messages[-1].reasoning) == ("42", "Six times seven.")


def test_the_usage_of_all_responses_is_added_up(way, server):
    server.script(Reply(calls=[call("forget")], usage=(100, 20)), Reply("Done.", usage=(130, 5)))
    run = way.run(way.agent(forget))
    assert (run.usage.prompt_tokens, run.usage.completion_tokens) == (230, 25)
    assert run.usage.total_tokens == 255


@TOOLS
def test_read_only_calls_of_one_response_run_side_by_side(way, server):
    meeting = threading.Barrier(3, timeout=10)  # nobody leaves before all three are there

    @tool(read_only=True)
    def meet(name: str) -> str:
        meeting.wait()
        return name

    server.script([call("meet", name=name) for name in "abc"], "Done.")
    way.run(way.agent(meet))
    assert results_in(server.bodies[1]) == ["a", "b", "c"]


@TOOLS
def test_results_stand_in_call_order_whoever_is_done_first(way, server):
    turns = {name: threading.Event() for name in "abc"}
    turns["c"].set()

    @tool(read_only=True)
    def wait(name: str, then: str) -> str:
        assert turns[name].wait(10)
        turns.get(then, turns["c"]).set()
        return name

    calls = [call("wait", name=name, then=then) for name, then in ("a-", "ba", "cb")]
    server.script(calls, "Done.")
    way.run(way.agent(wait))
    assert results_in(server.bodies[1]) == ["a", "b", "c"]
    ids = [each["tool_call_id"] for each in server.bodies[1]["messages"] if each["role"] == "tool"]
    assert ids == ["call_1", "call_2", "call_3"]


@TOOLS
def test_other_calls_of_one_response_run_one_after_the_other(way, server):
    log: list[str] = []

    def write(text: str) -> str:
        log.append(f"begin {text}")
        log.append(f"end {text}")
        return text

    server.script([call("write", text="a"), call("write", text="b")], "Done.")
    way.run(way.agent(write))
    assert log == ["begin a", "end a", "begin b", "end b"]
    assert results_in(server.bodies[1]) == ["a", "b"]


@TOOLS
def test_a_changing_call_waits_for_the_reading_ones_before_it(way, server):
    log: list[str] = []

    @tool(read_only=True)
    def read(name: str) -> str:
        log.append("read")
        return name

    def write() -> str:
        log.append("write")
        return "written"

    calls = [call("read", name="a"), call("read", name="b"), call("write"), call("read", name="c")]
    server.script(calls, "Done.")
    way.run(way.agent(read, write))
    assert log == ["read", "read", "write", "read"]
    assert results_in(server.bodies[1]) == ["a", "b", "written", "c"]


@TOOLS
@WHOLE
def test_equal_ids_in_one_response_are_told_apart(way, server):
    cities = ["Oslo", "Rome"]
    calls = [FunctionCall("forecast", f'{{"city": "{city}"}}', "same") for city in cities]
    server.script(calls, "Done.")
    way.run(way.agent(forecast))
    sent = server.bodies[1]["messages"]
    ids = [each["id"] for each in sent[1]["tool_calls"]]
    assert len(set(ids)) == 2
    assert [each["tool_call_id"] for each in sent[2:]] == ids
    assert results_in(server.bodies[1]) == [f"{city}: rain for 1 days" for city in cities]


def test_an_unknown_tool_is_fed_back_with_the_closest_name(way, server):
    server.script(call("forcast", city="Oslo"), call("forecast", city="Oslo"), "Rain.")
    run = way.run(way.agent(forecast, forget))
    assert results_in(server.bodies[1]) == [
        "Error: There is no tool named 'forcast'. Did you mean 'forecast'? "
        "The tools are: forecast, forget."
    ]
    assert run.steps[0].results[0].is_error
    assert run.output == "Rain."


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({}, ['- city: missing (expected "string")']),
        (
            {"city": "Oslo", "day": 2},
            ["- day: no such parameter. Did you mean 'days'? The parameters are: city, days"],
        ),
        (
            {"city": 7, "days": "soon"},
            [
                "- city: Input should be a valid string, got 7",
                "- days: Input should be a valid integer, unable to parse string as an integer, "
                'got "soon"',
            ],
        ),
    ],
)
def test_wrong_arguments_are_fed_back_line_by_line(way, server, given, lines):
    server.script(call("forecast", given), call("forecast", city="Oslo"), "Rain.")
    run = way.run(way.agent(forecast))
    expected = "\n".join(["Error: Wrong arguments for forecast:", *lines])
    assert results_in(server.bodies[1]) == [expected]
    assert run.output == "Rain."


@pytest.mark.parametrize("text", ['{"city": "Os', "Oslo, please", '{"city": "a"}{"city": "b"}'])
def test_unreadable_arguments_are_fed_back_and_never_sent_again(way, server, text):
    server.script(call("forecast", text), call("forecast", city="Oslo"), "Rain.")
    run = way.run(way.agent(forecast))
    message = server.bodies[1]["messages"][1]
    spelled = message.get("function_call") or message["tool_calls"][0]["function"]
    assert spelled == {"name": "forecast", "arguments": "{}"}
    assert "not valid JSON" in results_in(server.bodies[1])[0]
    assert run.messages[1].calls[0].malformed == text
    assert run.output == "Rain."


def test_arguments_that_are_a_list_are_fed_back(way, server):
    server.script(call("forecast", '["Oslo"]'), call("forecast", city="Oslo"), "Rain.")
    way.run(way.agent(forecast))
    assert "the arguments must be a JSON object, not an array" in results_in(server.bodies[1])[0]


@TOOLS
def test_one_wrong_call_does_not_keep_the_others_from_running(way, server):
    calls = [call("forecast", city="Oslo"), call("nothing"), call("forecast", "{{"), call("forget")]
    server.script(calls, "Done.")
    run = way.run(way.agent(forecast, forget))
    first, *wrong, last = run.steps[0].results
    assert (first.content, last.content) == ("Oslo: rain for 1 days", "forgotten")
    assert [each.is_error for each in wrong] == [True, True]


def test_a_reply_in_the_other_dialect_is_understood(interface, server):
    whole = (
        b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,'
        b'"finish_reason":"tool_calls","message":{"role":"assistant","tool_calls":[{"id":"a",'
        b'"type":"function","function":{"name":"forget","arguments":"{}"}},{"id":"b","type":'
        b'"function","function":{"name":"forecast","arguments":"{\\"city\\":\\"Oslo\\"}"}}]}}]}'
    )
    server.script(Raw([whole]), "Done.")
    run = Agent([forecast, forget], interface(dialect="functions")).run("Go.")
    assert [message["role"] for message in server.bodies[1]["messages"]] == [
        "user",
        *("assistant", "function", "assistant", "function"),
    ]
    assert results_in(server.bodies[1]) == ["forgotten", "Oslo: rain for 1 days"]
    assert run.output == "Done."


@TOOLS
@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", ""])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_reply_that_does_not_say_what_it_is_is_read_for_what_it_is(way, server, kind, streamed):
    said = b'{"index":0,"finish_reason":"stop","%b":{"role":"assistant","content":"Done."}}'
    choice = said % (b"delta" if streamed else b"message")
    body = b'{"choices":[' + choice + b"]}"
    pieces = [b"\n", b"data: " + body[:9], body[9:] + b"\n\n"] if streamed else [b" ", body]
    server.script(Raw(pieces, kind=kind))
    assert way.run(way.agent()).output == "Done."
