"""Requests as JSON, in both dialects; the whole body is compared."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit import (
    AssistantMessage,
    FunctionCall,
    FunctionDefinition,
    Message,
    Request,
    ResultMessage,
    SystemMessage,
    UserMessage,
)
from agentkit.wire import encode

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORECAST = FunctionDefinition("forecast", "The weather.", SCHEMA)
OSLO, ROME = '{"city": "Oslo"}', '{"city": "Rome"}'


def encoded(*messages: Message, dialect: Any = "tools", stream: bool = False, **more: Any) -> Any:
    request = Request(messages=messages, **more)
    return json.loads(encode(request, model="m", dialect=dialect, stream=stream))


def spoken(*messages: Message, dialect: str) -> Any:
    return encoded(*messages, dialect=dialect)["messages"]


@pytest.mark.parametrize("dialect", ["functions", "tools"])
def test_a_request_without_anything_has_no_other_keys(dialect):
    messages = (SystemMessage("Be."), UserMessage("Hi."), AssistantMessage("Ho."))
    assert encoded(*messages, dialect=dialect) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be."},
            {"role": "user", "content": "Hi."},
            {"role": "assistant", "content": "Ho."},
        ],
    }


def test_functions_are_spelled_in_the_older_dialect():
    body = encoded(UserMessage("Hi."), dialect="functions", definitions=(FORECAST,))
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi."}],
        "functions": [{"name": "forecast", "description": "The weather.", "parameters": SCHEMA}],
    }


def test_functions_are_spelled_in_the_newer_dialect():
    function = {"name": "forecast", "description": "The weather.", "parameters": SCHEMA}
    body = encoded(UserMessage("Hi."), definitions=(FORECAST,), stream=True)
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi."}],
        "tools": [{"type": "function", "function": function}],
        "stream": True,
    }


def test_strict_exists_in_the_newer_dialect_only():
    strict = FunctionDefinition("f", "", {"type": "object"}, strict=True)
    plain = {"name": "f", "parameters": {"type": "object"}}
    old = encoded(dialect="functions", definitions=(strict,))
    assert old["functions"] == [plain]
    new = encoded(definitions=(strict,))
    assert new["tools"] == [{"type": "function", "function": plain | {"strict": True}}]


CALLS = AssistantMessage("Two.", (FunctionCall("f", OSLO, "a"), FunctionCall("g", ROME, "b")))
RESULTS = (ResultMessage("f", "1", "a"), ResultMessage("g", "2", "b"))


def test_several_calls_are_turns_in_the_older_dialect():
    assert spoken(UserMessage("Go."), CALLS, *RESULTS, dialect="functions") == [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": "Two.", "function_call": {"name": "f", "arguments": OSLO}},
        {"role": "function", "name": "f", "content": "1"},
        {"role": "assistant", "function_call": {"name": "g", "arguments": ROME}},
        {"role": "function", "name": "g", "content": "2"},
    ]


def test_several_calls_are_one_message_in_the_newer_dialect():
    assert spoken(UserMessage("Go."), CALLS, *RESULTS, dialect="tools") == [
        {"role": "user", "content": "Go."},
        {
            "role": "assistant",
            "content": "Two.",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": OSLO}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": ROME}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
    ]


@pytest.mark.parametrize(
    ("dialect", "roles"),
    [
        ("functions", "assistant function assistant user function"),
        ("tools", "assistant tool user function"),
    ],
)
def test_results_go_with_the_calls_right_before_them_only(dialect, roles):
    sent = spoken(CALLS, RESULTS[0], UserMessage("Well?"), RESULTS[1], dialect=dialect)
    assert [each["role"] for each in sent] == roles.split()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (["", ""], ["call_0", "call_1"]),
        (["x", "x"], ["call_0x", "call_1x"]),
        (["x", ""], ["x", "call_1"]),
        (["x", "y"], ["x", "y"]),
    ],
)
def test_ids_that_tell_nothing_apart_are_replaced(given, sent):
    calls = tuple(FunctionCall("f", "{}", its_id) for its_id in given)
    results = [ResultMessage("f", text, its_id) for text, its_id in zip("12", given, strict=True)]
    message, *rest = spoken(AssistantMessage(calls=calls), *results, dialect="tools")
    assert [call["id"] for call in message["tool_calls"]] == sent
    assert [(each["tool_call_id"], each["content"]) for each in rest] == [
        *zip(sent, "12", strict=True)
    ]


def test_the_same_id_in_two_messages_stays():
    turn = (AssistantMessage(calls=(FunctionCall("f", "{}", "x"),)), ResultMessage("f", "1", "x"))
    sent = spoken(*turn, *turn, dialect="tools")
    assert [each["tool_call_id"] for each in sent if each["role"] == "tool"] == ["x", "x"]


@pytest.mark.parametrize("dialect", ["functions", "tools"])
def test_what_only_agentkit_knows_is_not_sent(dialect):
    call = FunctionCall("f", "{}", "x", malformed="{oops")
    result = ResultMessage("f", "Error", "x", is_error=True, repairs=("fence",))
    message = AssistantMessage(calls=(call,), reasoning="Hm.")
    text = json.dumps(spoken(message, result, dialect=dialect))
    assert not [w for w in ("oops", "Hm.", "fence", "is_error", "null") if w in text]


@pytest.mark.parametrize("dialect", ["functions", "tools"])
def test_a_message_without_content_has_an_empty_one(dialect):
    sent = spoken(AssistantMessage(None), dialect=dialect)
    assert sent == [{"role": "assistant", "content": ""}]


@pytest.mark.parametrize("dialect", ["functions", "tools"])
def test_options_are_sent_unless_they_are_none(dialect):
    options = {"temperature": 0, "stop": None, "n": 2, "user": ""}
    body = encoded(UserMessage("Hi."), dialect=dialect, options=options)
    assert {k: body[k] for k in body if k not in ("model", "messages")} == {
        "temperature": 0,
        "n": 2,
        "user": "",
    }


@pytest.mark.parametrize(
    ("choice", "old", "new"),
    [
        (None, None, None),
        ("auto", "auto", "auto"),
        ("none", "none", "none"),
        ("required", "required", "required"),
        ("f", {"name": "f"}, {"type": "function", "function": {"name": "f"}}),
        ({"name": "f"}, {"name": "f"}, {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_a_choice_is_spelled_in_both_dialects(choice, old, new):
    given = {"definitions": (FORECAST,), "options": {"function_call": choice}}
    assert encoded(dialect="functions", **given).get("function_call") == old
    assert encoded(dialect="tools", **given).get("tool_choice") == new


@pytest.mark.parametrize("dialect", ["functions", "tools"])
@pytest.mark.parametrize("options", [{"function_call": "auto"}, {"functions": []}])
def test_a_choice_or_a_list_of_no_functions_is_left_out(dialect, options):
    assert encoded(dialect=dialect, options=options).keys() == {"model", "messages"}


def test_functions_given_as_an_option_stand_behind_the_tools_and_stay_as_they_are():
    own = {"name": "own", "parameters": {"type": "object"}, "strict": True}
    given = {"definitions": (FORECAST,), "options": {"functions": [own]}}
    old = encoded(dialect="functions", **given)["functions"]
    assert [each["name"] for each in old] == ["forecast", "own"]
    assert "strict" not in old[1]
    assert encoded(**given)["tools"][1]["function"] == own


@pytest.mark.parametrize("text", ["Grüße 👋 日本", '"\\\n\t\x00', "\u2028\u2029\x85", "</script>"])
def test_any_text_arrives_as_it_is(text):
    body = encode(Request(messages=(UserMessage(text),)), model="m", dialect="tools")
    assert json.loads(body.decode("utf-8")) == json.loads(body)
    assert json.loads(body)["messages"][0]["content"] == text


def test_a_lone_surrogate_never_leaves_the_house():
    body = encode(Request(messages=(UserMessage("a\ud83db"),)), model="m", dialect="tools")
    body.decode().encode()
    json.loads(body)["messages"][0]["content"].encode()  # strict servers refuse what has no UTF-8


def test_a_message_is_encoded_alike_in_both_dialects_in_any_order():
    transcript = (UserMessage("Go."), CALLS, *RESULTS)
    fresh = [encoded(*transcript, dialect=d) for d in ("functions", "tools", "functions")]
    assert fresh[0] == fresh[2] != fresh[1]


@pytest.mark.parametrize("dialect", ["functions", "tools"])
def test_a_result_shared_by_two_transcripts_goes_with_each_ones_id(dialect):
    result = ResultMessage("f", "1")
    first = AssistantMessage(calls=(FunctionCall("f", "{}", "x"),))
    second = AssistantMessage(calls=(FunctionCall("f", "{}", "y"),))
    for message in (first, second, first):
        sent = spoken(message, result, dialect=dialect)
        if dialect == "tools":
            assert sent[1]["tool_call_id"] == message.calls[0].id
        else:
            assert sent[1] == {"role": "function", "name": "f", "content": "1"}
