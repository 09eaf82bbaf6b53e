"""Replies from JSON: both dialects are read, odd ones are errors of agentkit or harmless."""

from __future__ import annotations

import json
from typing import Any

import pytest
from odd_values import altered

from agentkit import AgentkitError, AssistantMessage, FunctionCall, Response, StatusError, Usage
from agentkit.errors import ReplyError
from agentkit.wire import decode, status_error

CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
WHOLE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": "Hi.",
                "reasoning": "Hm.",
                "tool_calls": [CALL],
                "function_call": {"name": "old", "arguments": "{}"},
            },
        }
    ],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
    "x_groq": {"id": "req_1", "usage": {"prompt_tokens": 99}},
}


def decoded(**message: Any) -> AssistantMessage:
    return decode(json.dumps({"choices": [{"message": message}]}).encode()).message


def test_a_whole_reply_is_a_response():
    assert decode(json.dumps(WHOLE).encode()) == Response(
        message=AssistantMessage("Hi.", (FunctionCall("f", '{"x":1}', "a"),), "Hm."),
        model="m",
        usage=Usage(10, 5, 3, 2),
        finish_reason="tool_calls",
        id="chatcmpl-1",
    )


def test_the_least_reply_is_a_response():
    body = b'{"choices":[{"message":{"content":"Hi."}}]}'
    assert decode(body) == Response(message=AssistantMessage("Hi."))


def test_a_call_in_the_older_dialect_is_read():
    message = decoded(content=None, function_call={"name": "f", "arguments": "{}"})
    assert message == AssistantMessage(None, (FunctionCall("f", "{}"),))


@pytest.mark.parametrize("calls", [None, [], {}, "none"])
def test_the_older_call_counts_where_the_newer_list_is_empty(calls):
    message = decoded(tool_calls=calls, function_call={"name": "f", "arguments": "{}"})
    assert [call.name for call in message.calls] == ["f"]


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ({"arguments": '{"a":1}'}, '{"a":1}'),
        ({"arguments": {"a": 1}}, '{"a": 1}'),
        ({"arguments": ["a"]}, '["a"]'),
        ({"arguments": ""}, ""),
        ({"arguments": None}, ""),
        ({}, ""),
    ],
)
def test_arguments_of_any_form_become_text(function, text):
    message = decoded(tool_calls=[{"id": "a", "function": {"name": "f", **function}}])
    assert message.calls == (FunctionCall("f", text, "a"),)


def test_a_call_without_a_name_is_none():
    assert decoded(content="Hi.", tool_calls=[{"id": "a"}, CALL]).calls[0].name == "f"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Hi.", "Hi."),
        ("", ""),
        (None, None),
        ([], None),
        ([{"type": "text", "text": "Hi"}, {"type": "text", "text": "."}], "Hi."),
        ([{"type": "image"}], None),
        (["Hi", "."], "Hi."),
        (0.005, "0.005"),
        (42, "42"),
        (True, None),
    ],
)
def test_content_of_any_form_becomes_text(content, text):
    assert decoded(content=content).content == text


@pytest.mark.parametrize(
    ("content", "text"), [(None, "No."), ([], "No."), ("", "No."), ("Well.", "Well.")]
)
def test_a_refusal_is_the_answer_where_there_is_no_other(content, text):
    assert decoded(content=content, refusal="No.").content == text


def test_a_refusal_of_another_type_is_none():
    assert decoded(content=None, refusal={"x": 1}).content is None


def test_what_a_server_wants_back_with_a_call_is_kept():
    call = CALL | {"extra_content": {"google": {"x": "y"}}}
    assert decoded(tool_calls=[call]).calls[0].extra == {"google": {"x": "y"}}
    assert decoded(tool_calls=[CALL | {"extra_content": "x"}]).calls[0].extra is None


def test_what_the_server_ran_itself_is_no_call():
    ran = [{"index": 0, "type": "search", "arguments": "{}", "output": "..."}]
    message = decoded(content="18 C", executed_tools=ran)
    assert message == AssistantMessage("18 C")


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_is_read_under_both_names(key):
    assert decoded(content="Hi.", **{key: "Hm."}).reasoning == "Hm."


def test_usage_is_read_at_the_top_or_else_in_x_groq_and_never_added():
    reply = {"choices": [{"message": {}}], "x_groq": {"usage": {"prompt_tokens": 9}}}
    assert decode(json.dumps(reply).encode()).usage == Usage(9)
    reply["usage"] = {"prompt_tokens": 1}
    assert decode(json.dumps(reply).encode()).usage == Usage(1)
    assert decode(b'{"choices":[{}]}').usage is None


def test_several_choices_are_alternatives():
    choices = [{"message": {"content": text}} for text in "abc"]
    response = decode(json.dumps({"choices": choices}).encode())
    assert [response.message.content, *(m.content for m in response.alternatives)] == [*"abc"]


def test_a_reply_may_begin_with_blanks():
    assert decode(b' \r\n\t {"choices":[{"message":{"content":"Hi."}}]}\n').message.content == "Hi."


def test_an_error_beats_choices():
    with pytest.raises(StatusError, match="503: Full"):
        decode(b'{"error": {"message": "Full.", "code": 503}, "choices": [{}]}')


def test_an_error_in_x_groq_is_one():
    with pytest.raises(StatusError, match="500: over_capacity"):
        decode(b'{"choices": [{}], "x_groq": {"error": "over_capacity"}}')


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b"[]", b"1", b"null", b"{}", b"\xff", b"[" * 9999]
)
def test_what_is_no_chat_completion_is_a_reply_error(body):
    with pytest.raises(ReplyError):
        decode(body)


def test_a_long_body_is_shown_short():
    with pytest.raises(ReplyError) as caught:
        decode(b"<p>" + b"x " * 10_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("body", "text", "code", "kept"),
    [
        (b'{"error":{"message":"No.","code":"c"}}', "No.", "c", {"message": "No.", "code": "c"}),
        (b'{"error":{"message":"No.","type":"t"}}', "No.", "t", {"message": "No.", "type": "t"}),
        (b'{"message":"No.","code":7}', "No.", "7", {"message": "No.", "code": 7}),
        (b'{"error":"No."}', "No.", None, "No."),
        (b'"No."', "No.", None, "No."),
        (b'[{"error":{"message":"No.","code":5}}]', "No.", "5", {"message": "No.", "code": 5}),
        (b'[{"message":"No."}, {"message":"x"}]', "No.", None, {"message": "No."}),
        (b'["No."]', "No.", None, "No."),
        (b"<b>No.</b>", "<b>No.</b>", None, "<b>No.</b>"),
        (b'{"error":null}', '{"error":null}', None, '{"error":null}'),
        (b"", "no text", None, ""),
    ],
)
def test_an_errors_body_is_told_whatever_its_form(body, text, code, kept):
    error = status_error(418, body)
    assert str(error) == f"The server answered 418: {text}"
    assert (error.status, error.code, error.body) == (418, code, kept)


@pytest.mark.parametrize("colon", ["", ":"])
def test_a_request_that_is_too_large_names_both_numbers_and_the_remedy(colon):
    text = f"Request too large on tokens per minute (TPM): Limit{colon} 6000, Requested{colon} 12328, x"
    error = status_error(413, json.dumps({"error": {"message": text}}).encode())
    assert "The request counts 12328 tokens, 6000 are allowed." in str(error)
    assert "shorter transcript" in str(error)
    assert not error.retryable


def test_a_request_that_is_too_large_without_numbers_names_the_remedy():
    assert "Waiting does not help" in str(status_error(413, b"<html>"))


@pytest.mark.parametrize("field", ["status_code", "code"])
@pytest.mark.parametrize(
    ("named", "status"), [(429, 429), (200, 500), (600, 500), ("429", 429), ("x", 500), (True, 500)]
)
def test_an_error_under_200_has_the_status_that_it_names(field, named, status):
    with pytest.raises(StatusError) as caught:
        decode(json.dumps({"error": {"message": "No.", field: named}}).encode())
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0.25", 0.25), (None, None), ("", None), ("soon", None), ("nan", None)],
)
def test_the_time_to_wait_is_a_number_or_nothing(header, seconds):
    assert status_error(429, b"", {"retry-after": header or ""}).retry_after == seconds


def test_odd_types_anywhere_are_harmless_or_an_error_of_agentkit():
    for reply in altered(WHOLE):
        try:
            response = decode(json.dumps(reply).encode())
        except AgentkitError:
            continue
        message = response.message
        texts = (response.model, response.id, message.content or "", message.reasoning or "")
        calls = [text for call in message.calls for text in (call.name, call.arguments, call.id)]
        assert all(isinstance(text, str) for text in (*texts, *calls))
        assert isinstance(response.finish_reason, str | None)


@pytest.mark.parametrize("where", ["error", "arguments"])
def test_a_reply_of_any_depth_is_harmless_or_an_error_of_agentkit(where):
    for depth in [*range(850, 1000), 20_000]:
        deep = "[" * depth + "]" * depth
        call = f'{{"function":{{"name":"f","arguments":{deep}}}}}'
        reply = f'{{"choices":[{{"message":{{"tool_calls":[{call}]}}}}]}}'
        body = f'{{"error":{deep}}}' if where == "error" else reply
        try:
            decode(body.encode())
        except AgentkitError:
            continue
