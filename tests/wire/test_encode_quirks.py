"""Requests for servers that differ from others: ids, reasoning, names of options, schemas."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from agentkit import (
    AssistantMessage,
    FunctionCall,
    FunctionDefinition,
    Message,
    Request,
    ResultMessage,
    UserMessage,
)
from agentkit.catalog import Quirks
from agentkit.wire import encode

BOTH = pytest.mark.parametrize("dialect", ["functions", "tools"])
ASK = UserMessage("Go.")
CALL = AssistantMessage("So.", (FunctionCall("f", '{"a":1}', "call_1"),), "Hm.")
RESULT = ResultMessage("f", "1", "call_1")
ANSWER = AssistantMessage("Done.", reasoning="Ha.")


def encoded(*messages: Message, dialect: Any = "tools", quirks: Any = None, **more: Any) -> Any:
    given = {key: more.pop(key) for key in ("extra", "stream") if key in more}
    request = Request(messages=messages, **more)
    raw = encode(request, model="m", dialect=dialect, quirks=Quirks(**(quirks or {})), **given)
    return json.loads(raw)


def ids(*given: str, length: int = 9) -> list[str]:
    calls = tuple(FunctionCall("f", f'{{"n":{n}}}', its) for n, its in enumerate(given))
    results = [ResultMessage("f", "1", its) for its in given]
    body = encoded(AssistantMessage(calls=calls), *results, quirks={"id_length": length})
    sent = [call["id"] for call in body["messages"][0]["tool_calls"]]
    assert sent == [each["tool_call_id"] for each in body["messages"][1:]]
    return sent


def test_ids_that_keep_the_rule_stay():
    assert ids("abcDEF123", "000000000") == ["abcDEF123", "000000000"]


@pytest.mark.parametrize(
    "given", ["", "call_1", "abcdefgh-", "abcdefgh\u00e9", "\uff11" * 9, "x" * 10]
)
def test_ids_that_break_the_rule_are_replaced(given):
    (sent,) = ids(given)
    assert re.fullmatch(r"[a-zA-Z0-9]{9}", sent)
    assert ids(given) == [sent]


def test_ids_by_the_rule_tell_calls_apart():
    assert len(set(ids("", "", "x", "x", "y"))) == 5
    assert len(set(ids("abcDEF123", "abcDEF123"))) == 2


@pytest.mark.parametrize("length", [1, 9, 40, 64])
def test_the_rule_may_ask_for_another_length(length):
    assert [len(its) for its in ids("call_1", length=length)] == [length]


def test_no_rule_keeps_any_id():
    assert ids("call_1", length=0) == ["call_1"]


@BOTH
@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_goes_back_with_calls_alone(dialect, field):
    sent = encoded(ASK, CALL, RESULT, ANSWER, dialect=dialect, quirks={"reasoning": field})
    assert [message.get(field) for message in sent["messages"]] == [None, "Hm.", None, None]


@BOTH
def test_reasoning_stays_at_home_where_nobody_wants_it(dialect):
    sent = encoded(ASK, CALL, RESULT, ANSWER, dialect=dialect)
    assert "Hm." not in json.dumps(sent)


def test_reasoning_before_several_turns_stands_in_the_first():
    calls = (FunctionCall("f", "{}"), FunctionCall("g", "{}"))
    message = AssistantMessage(calls=calls, reasoning="Hm.")
    sent = encoded(message, dialect="functions", quirks={"reasoning": "reasoning"})
    assert [each.get("reasoning") for each in sent["messages"]] == ["Hm.", None]


@BOTH
def test_a_message_goes_to_several_servers_in_the_words_of_each(dialect):
    spelled = [
        encoded(ASK, CALL, RESULT, dialect=dialect, quirks=quirks)
        for quirks in ({}, {"reasoning": "a"}, {"reasoning": "b", "id_length": 9}, {})
    ]
    assert spelled[0] == spelled[3]
    assert [each["messages"][1].get("a") for each in spelled] == [None, "Hm.", None, None]
    assert [each["messages"][1].get("b") for each in spelled] == [None, None, "Hm.", None]


def test_what_a_server_wants_back_goes_back_to_it_alone():
    call = FunctionCall("f", "{}", "a", extra={"google": {"x": "y"}})
    message = AssistantMessage(calls=(call,))
    wanted = encoded(message, quirks={"echo": "extra_content"})["messages"][0]["tool_calls"][0]
    assert wanted["extra_content"] == {"google": {"x": "y"}}
    assert "google" not in json.dumps(encoded(message))


@BOTH
def test_options_go_out_under_the_servers_names(dialect):
    quirks = {"rename": {"max_tokens": "max_completion_tokens"}}
    options = {"max_tokens": 5, "seed": 1, "temperature": None}
    body = encoded(ASK, dialect=dialect, quirks=quirks, options=options)
    assert body.keys() == {"model", "messages", "max_completion_tokens", "seed"}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("asks", [True, False])
def test_the_usage_of_a_stream_is_asked_for_where_it_must_be(stream, asks):
    body = encoded(ASK, stream=stream, quirks={"stream_usage": asks})
    wanted = {"include_usage": True} if stream and asks else None
    assert body.get("stream_options") == wanted


def test_fields_of_the_caller_go_over_all_others():
    extra = {"temperature": 1, "stream": False, "provider": {"order": ["x"]}}
    body = encoded(ASK, stream=True, options={"temperature": 0}, extra=extra)
    assert {key: body[key] for key in extra} == extra


SCHEMA = {
    "type": "object",
    "properties": {
        "place": {"$ref": "#/$defs/Place"},
        "$ref": {"type": "string"},
        "kind": {"const": "day"},
        "more": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["place"],
    "additionalProperties": False,
    "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


@BOTH
def test_keywords_that_a_server_refuses_are_left_out(dialect):
    refuses = ("$ref", "$defs", "additionalProperties", "const")
    own = {"name": "own", "parameters": SCHEMA}
    body = encoded(
        ASK,
        dialect=dialect,
        definitions=(FunctionDefinition("f", "", SCHEMA),),
        options={"functions": [own]},
        quirks={"refuses": refuses},
    )
    functions = body.get("functions") or [each["function"] for each in body["tools"]]
    wanted = {
        "place": {"type": "object", "properties": {"city": {"type": "string"}}},
        "$ref": {"type": "string"},
        "kind": {"enum": ["day"]},
        "more": {"type": "object"},
    }
    assert [each["parameters"]["properties"] for each in functions] == [wanted, wanted]
    assert own["parameters"]["additionalProperties"] is False


NAMES = [
    ("repo_browser.open_file", "repo_browser_open_file"),
    ("f<|channel|>commentary", "f__channel__commentary"),
    ('f" />', "f____"),
    ("gr\u00fc\u00dfe", "gr__e"),
    ("a" * 70, "a" * 64),
    ("", "unnamed"),
    ("look-up_2", "look-up_2"),
]


@BOTH
@pytest.mark.parametrize(("written", "sent"), NAMES)
def test_names_go_back_in_letters_that_servers_take(dialect, written, sent):
    message = AssistantMessage(calls=(FunctionCall(written, "{}", "a"),))
    first, second = encoded(message, ResultMessage(written, "1", "a"), dialect=dialect)["messages"]
    function = first.get("function_call") or first["tool_calls"][0]["function"]
    assert function["name"] == second.get("name", sent) == sent
