"""agentkit through LiteLLM's proxy, which reads and rewrites every request and reply."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest
from conftest import KEY
from model_server import Raw, Reply, results_in

from agentkit import Agent, Delta, FunctionCall, Request, Response, StatusError, UserMessage, tool
from agentkit.errors import InterfaceError
from agentkit.testing import call

SYNC = pytest.mark.parametrize("mode", ["sync"])
ASYNC = pytest.mark.parametrize("mode", ["async"])
STREAMED = pytest.mark.parametrize("stream", [True])
WHOLE = pytest.mark.parametrize("stream", [False])
FUNCTIONS = pytest.mark.parametrize("dialect", ["functions"])
TOOLS = pytest.mark.parametrize("dialect", ["tools"])
ODD = 'Zürich, 日本 \U0001f642 "quoted" \\ and\nanother line'


@tool(read_only=True)
def look(at: int) -> int:
    """Looks one further.

    Args:
        at: Where to look.
    """
    return at + 1


@tool(read_only=True)
def echo(text: str) -> str:
    """Says it again."""
    return text


def _asked(model: str = "", **options: Any) -> Request:
    return Request(
        messages=[UserMessage("Go.")], definitions=[look.definition], model=model, options=options
    )


def _error(body: dict[str, Any]) -> bytes:
    return json.dumps({"error": body}).encode()


# What LiteLLM only passes on, behind it the model of tests/model_server.py.


def test_a_text_comes_through(way, server):
    server.script(ODD)
    run = way.run(way.agent(instructions="Be brief."), ODD)
    assert run.output == ODD
    (body,) = server.bodies
    assert [each["content"] for each in body["messages"]] == ["Be brief.", ODD]
    assert (body["model"], bool(body.get("stream"))) == ("behind-openai", way.stream)


def test_a_call_goes_out_and_its_result_comes_back(way, server):
    server.script(call("look", at=20), "It is 21.")
    run = way.run(way.agent(look))
    assert run.output == "It is 21."
    assert results_in(server.bodies[1]) == ["21"]


def test_the_dialect_reaches_the_model(way, server):
    server.script(call("look", at=20), "It is 21.")
    way.run(way.agent(look))
    first, second = server.bodies
    _, said, result = second["messages"]
    if way.dialect == "functions":
        assert first["functions"][0]["parameters"]["required"] == ["at"]
        assert json.loads(said["function_call"]["arguments"]) == {"at": 20}
        assert (result["role"], result["name"]) == ("function", "look")
    else:
        assert first["tools"][0]["function"]["parameters"]["required"] == ["at"]
        assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"at": 20}
        assert (result["role"], said["tool_calls"][0]["id"]) == ("tool", result["tool_call_id"])


def test_odd_text_in_arguments_and_results_stays_as_it_is(way, server):
    server.script(call("echo", text=ODD), "Done.")
    way.run(way.agent(echo))
    assert results_in(server.bodies[1]) == [ODD]


def test_arguments_that_do_not_fit_go_back_and_come_better(way, server):
    server.script(call("look", at="here"), call("look", at=20), "It is 21.")
    run = way.run(way.agent(look))
    first, second = results_in(server.bodies[2])
    assert (run.output, second) == ("It is 21.", "21")
    assert first.startswith("Error")


@TOOLS
def test_calls_of_one_reply_stay_apart(way, server):
    server.script([call("look", at=1), call("look", at=2), call("echo", text="x")], "Done.")
    way.run(way.agent(look, echo))
    said, *results = server.bodies[1]["messages"][1:]
    ids = [each["id"] for each in said["tool_calls"]]
    assert len(set(ids)) == 3
    assert [(each["tool_call_id"], each["content"]) for each in results] == list(
        zip(ids, ["2", "3", "x"], strict=True)
    )


@WHOLE
def test_a_choice_of_function_reaches_the_model(way, server):
    server.script("No.", "Yes.")
    agent = way.agent(look)
    way.run(agent, options={"function_call": "none"})
    way.run(agent, options={"function_call": "look"})
    key = "function_call" if way.dialect == "functions" else "tool_choice"
    named = {"name": "look"}
    if way.dialect == "tools":
        named = {"type": "function", "function": named}
    assert [body[key] for body in server.bodies] == ["none", named]


@SYNC
def test_options_reach_the_model(way, server):
    options = {"temperature": 0.5, "max_tokens": 9, "stop": ["END"], "top_p": 0.25}
    server.script("Hi.")
    way.run(way.agent(options=options))
    assert {name: server.bodies[0].get(name) for name in options} == options


@STREAMED
def test_a_stream_comes_in_pieces(way, server):
    server.script("A rather long answer.")
    *deltas, response = way.pieces(_asked())
    assert len(deltas) > 3
    assert "".join(each.text for each in deltas) == "A rather long answer."
    assert response.message.content == "A rather long answer."


def test_reasoning_is_told_apart_from_the_answer(way, server):
    server.script(Reply("Done.", reasoning="Hm, well."))
    message = way.send(_asked(stream=way.stream)).message
    assert (message.content, message.reasoning) == ("Done.", "Hm, well.")


def test_the_tokens_are_counted(interface, server, dialect, stream):
    # LiteLLM names a stream's usage only when asked, and guesses where the model names none.
    asks = {"extra_body": {"stream_options": {"include_usage": True}}} if stream else {}
    server.script("Hi there.")
    pieces = list(interface(dialect=dialect, **asks).stream(_asked(stream=stream)))
    usage = pieces[-1].usage
    counted = (usage.prompt_tokens, usage.completion_tokens)
    if stream and dialect == "functions":
        assert all(counted)
    else:
        assert counted == (7, 3)


def _failure(way: Any) -> Any:
    with pytest.raises(InterfaceError) as caught:
        way.run(way.agent())
    assert KEY not in f"{caught.value} {vars(caught.value)}"
    return caught.value


@TOOLS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 498, 500, 503])
def test_an_error_of_the_model_keeps_its_status_and_its_words(way, server, status):
    server.script(Raw([_error({"message": "It is Monday.", "code": "monday"})], status=status))
    error = _failure(way)
    assert (type(error), error.status, error.code) == (StatusError, status, str(status))
    assert "It is Monday." in str(error)


@TOOLS
def test_a_page_of_html_instead_of_a_reply_is_an_error(way, server):
    server.script(Raw([b"<html>Bad gateway</html>"], status=502, kind="text/html"))
    error = _failure(way)
    assert (error.status, "Bad gateway" in str(error)) == (502, True)


@STREAMED
@TOOLS
def test_an_error_in_the_middle_of_a_stream_is_an_error(way, server):
    head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}
    pieces = [json.dumps(head | {"choices": [choice]}).encode(), _error({"message": "Oh no."})]
    events = [b"data: " + each + b"\n\n" for each in pieces]
    server.script(Raw(events, kind="text/event-stream"))
    error = _failure(way)
    assert (type(error), "Oh no." in str(error)) == (StatusError, True)


@STREAMED
@TOOLS
@SYNC
def test_a_stream_that_is_left_early_spoils_no_later_run(way, server):
    server.script("A rather long answer.", "two")
    with closing(way.agent().iter("Go.")) as events:
        assert next(event for event in events if isinstance(event, Delta)).text
    assert way.run(way.agent()).output == "two"


# A model whose provider has no functions: LiteLLM itself refuses them.


@FUNCTIONS
def test_a_dialect_that_the_model_does_not_speak_is_refused(way):
    with pytest.raises(StatusError) as caught:
        way.run(way.agent(look, model="behind-mistral"))
    assert caught.value.status == 400
    assert "does not support parameters: ['functions']" in str(caught.value)


@TOOLS
def test_the_same_model_takes_tools(way, server):
    server.script(call("look", at=20), "It is 21.")
    assert way.run(way.agent(look, model="behind-mistral")).output == "It is 21."
    assert results_in(server.bodies[1]) == ["21"]


# What LiteLLM answers itself.


def test_a_text_of_its_own(way, server):
    run = way.run(way.agent(look, model="mock-text"))
    assert (run.output, server.requests) == ("Hello from LiteLLM.", [])


@WHOLE
def test_a_call_of_its_own_beside_a_text_that_ends_in_stop(way):
    response: Response = way.send(_asked("mock-call", stream=False))
    assert response.message.calls == (FunctionCall("look", '{"at": 1}', "call_mock"),)
    assert (response.message.content, response.finish_reason) == ("This is a mock request", "stop")


@WHOLE
def test_a_function_call_of_its_own(way):
    calls = way.send(_asked("mock-function-call", stream=False)).message.calls
    assert [(each.name, each.arguments) for each in calls] == [("look", '{"at": 1}')]


@TOOLS
@pytest.mark.parametrize(("model", "status"), [("mock-limit", 429), ("mock-failure", 500)])
def test_an_error_of_its_own(way, model, status):
    with pytest.raises(StatusError) as caught:
        way.run(way.agent(model=model))
    assert (caught.value.status, caught.value.retryable) == (status, True)


@TOOLS
@WHOLE
@SYNC
def test_a_model_that_it_does_not_have(way):
    with pytest.raises(StatusError, match="Invalid model name passed in model=no-such-model"):
        way.run(way.agent(model="no-such-model"))


@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_key_is_refused_and_not_shown(interface, server, stream):
    wrong = "gsk_wrong0123456789abcdefABCDEF"
    agent = Agent(interface=interface(api_key=wrong), options={"stream": stream})
    with pytest.raises(StatusError) as caught:
        agent.run("Go.")
    assert caught.value.status in (400, 401)  # 400 because it has no database to look it up in
    assert wrong not in f"{caught.value} {vars(caught.value)}"
    assert server.requests == []


def test_its_models_are_listed(interface):
    listed = interface().models()
    assert {"behind-openai", "behind-mistral", "mock-text"} <= set(listed)
