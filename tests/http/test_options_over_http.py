"""What is sent beside the messages, and what is refused before anything is sent."""

from __future__ import annotations

import pytest
from model_server import Reply

from agentkit import (
    Agent,
    AssistantMessage,
    ConfigError,
    Delta,
    FunctionCall,
    Request,
    Usage,
    UserMessage,
    tool,
)
from agentkit.testing import call

WHOLE = pytest.mark.parametrize("stream", [False])
FUNCTION = {"name": "forget", "parameters": {"type": "object", "properties": {}}}


@tool(read_only=True)
def forget() -> str:
    """Takes nothing."""
    return "forgotten"


@tool(read_only=True)
def forecast(city: str) -> str:
    """The weather to come."""
    return f"{city}: rain"


OPTIONS = {
    "frequency_penalty": -2,
    "logit_bias": {"50256": -100},
    "max_tokens": 1,
    "n": 1,
    "presence_penalty": 2.0,
    "stop": ["a", "b", "c", "d"],
    "temperature": 0,
    "top_p": 0.5,
    "user": "Ada",
}


@WHOLE
@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_sent_as_it_was_given(way, server, name):
    server.script("Hi.", "Ho.")
    way.run(way.agent(options={name: OPTIONS[name]}))
    way.run(way.agent(), options={name: OPTIONS[name]})
    assert [body[name] for body in server.bodies] == [OPTIONS[name]] * 2


@WHOLE
def test_options_of_a_run_win_and_none_leaves_one_out(way, server):
    server.script("Hi.")
    agent = way.agent(options={"temperature": 1, "user": "Ada"})
    way.run(agent, options={"temperature": 0.5, "user": None})
    assert server.bodies[0]["temperature"] == 0.5
    assert "user" not in server.bodies[0]


def test_the_option_stream_decides_whether_a_stream_is_asked_for(way, server):
    server.script("Hi.")
    way.run(way.agent())
    assert server.bodies[0].get("stream") is (True if way.stream else None)


@WHOLE
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("none", "none"),
        ("auto", "auto"),
        ("required", "required"),
        ("forget", {"name": "forget"}),
        ({"name": "forget"}, {"name": "forget"}),
    ],
)
def test_a_choice_is_spelled_in_the_dialect_of_the_request(way, server, given, sent):
    server.script("Hi.")
    way.run(way.agent(forget, options={"function_call": given}))
    if way.dialect == "functions":
        assert server.bodies[0]["function_call"] == sent
    else:
        named = {"type": "function", "function": sent} if isinstance(sent, dict) else sent
        assert server.bodies[0]["tool_choice"] == named


@WHOLE
@pytest.mark.parametrize("choice", ["none", "auto"])
def test_a_choice_without_tools_is_left_out(way, server, choice):
    server.script("Hi.")
    way.run(way.agent(options={"function_call": choice}))
    assert server.bodies[0].keys() == {"model", "messages"}


@pytest.mark.parametrize(("choice", "times"), [("forget", 1), ("required", 1), ("none", 2)])
def test_a_forced_call_counts_for_the_first_request_only(way, server, choice, times):
    server.script(call("forget"), "Done.")
    way.run(way.agent(forget, options={"function_call": choice}))
    key = "function_call" if way.dialect == "functions" else "tool_choice"
    assert [key in body for body in server.bodies] == [True, times == 2]


def test_an_alias_is_sent_as_its_model_and_a_full_name_as_it_is(way, server):
    server.script("Hi.", "Ho.")
    way.run(way.agent(model="large"))
    way.run(way.agent(model="openai/gpt-oss-20b"))
    assert [b["model"] for b in server.bodies] == ["llama3-70b-8192", "openai/gpt-oss-20b"]


@WHOLE
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temprature": 1}, "no option 'temprature'. Did you mean 'temperature'?"),
        ({"temperature": 3}, "'temperature' takes number from 0 to 2; 3: "),
        ({"temperature": "1"}, "'temperature' takes number"),
        ({"temperature": True}, "'temperature' takes number"),
        ({"max_tokens": 0}, "'max_tokens' takes integer of at least 1"),
        ({"stop": list("abcde")}, "takes at most 4 items, not 5"),
        ({"stream": "yes"}, "'stream' takes boolean"),
        ({"logit_bias": {"a": "b"}}, "'logit_bias' takes map"),
        ({"n": 2}, "n must be 1 inside an agent"),
        ({"functions": [FUNCTION]}, "functions is not an option of an agent: pass tools"),
        ({"function_call": "forgot"}, "none of the tools. Did you mean 'forget'?"),
        ({"function_call": {}}, "function_call is a name"),
        ({"function_call": {"name": "forgot"}}, "Did you mean 'forget'?"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_sent(way, server, options, words):
    with pytest.raises(ConfigError) as caught:
        way.run(way.agent(forget), options=options)
    assert words in str(caught.value)
    assert server.requests == []


@WHOLE
def test_a_wrong_alias_is_refused_before_anything_is_sent(way, server):
    with pytest.raises(ConfigError, match=r"no alias 'lage'\. Did you mean 'large'"):
        way.run(way.agent(model="lage"))
    assert server.requests == []


@pytest.mark.parametrize(("key", "words"), [("", "set GROQ_API_KEY"), ("gsk ö", "blanks")])
def test_a_key_that_cannot_be_one_is_refused_before_anything_is_sent(interface, server, key, words):
    with pytest.raises(ConfigError, match=words) as caught:
        Agent(interface=interface(api_key=key)).run("Hi.")
    assert "gsk ö" not in str(caught.value)
    assert server.requests == []


def test_the_headers_say_who_asks(way, server):
    server.script("Hi.")
    way.run(way.agent())
    request = server.requests[0]
    assert request.path == "/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer gsk_test0123456789abcdefABCDEF"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("agentkit")


def _request(**options: object) -> Request:
    return Request(messages=(UserMessage("Hi."),), options=options)


def test_several_answers_outside_an_agent_are_alternatives(way, server):
    server.script(Reply("one", others=["two", "three"]))
    options = {"n": 3} | ({"stream": True} if way.stream else {})
    response = way.send(_request(**options))
    assert server.bodies[0]["n"] == 3
    assert response.message == AssistantMessage("one")
    assert response.alternatives == (AssistantMessage("two"), AssistantMessage("three"))


def test_definitions_as_an_option_are_offered_outside_an_agent(way, server):
    server.script(call("forget"))
    options = {"functions": [FUNCTION], "function_call": "forget"}
    response = way.send(_request(**options, stream=way.stream))
    assert [each.name for each in response.message.calls] == ["forget"]
    key = "functions" if way.dialect == "functions" else "tools"
    assert len(server.bodies[0][key]) == 1


def test_a_response_says_all_that_the_server_told(way, server):
    server.script(Reply("Hi.", reasoning="Hm."))
    response = way.send(_request(stream=way.stream))
    assert response.message == AssistantMessage("Hi.", reasoning="Hm.")
    assert response.usage == Usage(7, 3)
    assert (response.model, response.finish_reason) == ("llama3-8b-8192", "stop")
    assert (response.id, response.alternatives) == ("chatcmpl-1", ())


@WHOLE
def test_a_stream_gives_pieces_and_last_the_whole_response(way, server):
    server.script(Reply("Grüße 👋", reasoning="Say hello."))
    *deltas, response = way.pieces(_request())
    assert all(isinstance(each, Delta) for each in deltas)
    assert "".join(each.text for each in deltas) == "Grüße 👋"
    assert "".join(each.reasoning for each in deltas) == "Say hello."
    assert len(deltas) == 5
    assert response.message.content == "Grüße 👋"


@WHOLE
def test_a_stream_of_calls_gives_the_whole_call_at_the_end(way, server):
    server.script(call("forecast", city="Oslo"))
    (response,) = way.pieces(_request(functions=[forecast.definition.to_dict()]))
    (only,) = response.message.calls
    assert (only.name, only.arguments) == ("forecast", '{"city": "Oslo"}')


@WHOLE
def test_a_definition_that_is_strict_says_so_in_the_newer_dialect_alone(way, server):
    @tool(strict=True)
    def add(a: int, b: int = 1) -> int:
        return a + b

    server.script(FunctionCall("add", '{"a": 1, "b": null}'), "2")
    way.run(way.agent(add))
    if way.dialect == "functions":
        assert "strict" not in server.bodies[0]["functions"][0]
    else:
        assert server.bodies[0]["tools"][0]["function"]["strict"] is True
