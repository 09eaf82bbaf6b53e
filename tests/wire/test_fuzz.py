"""Whatever comes, the wire gives a value or an error of agentkit, in time that grows as the input."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from choosing import examples
from hypothesis import example, given
from hypothesis import strategies as st
from stream_pieces import DONE, OSLO, TEXT, chunk, spelled

from agentkit import AgentkitError
from agentkit.arguments import read_arguments
from agentkit.wire import (
    StreamDecoder,
    clean_name,
    decode,
    may_be_call,
    quotas_of,
    status_error,
    written_calls,
)
from agentkit.wire.headers import retry_after
from agentkit.wire.sse import SSEParser

NAMES = ["f", "g", "look_up"]
bounded = examples(250)

TOKENS = [
    *("<function=", "<function ", "<function name=", "</function>", "<tool_call>", "</tool-use>"),
    *("[TOOL_CALLS]", "<|", "|>", "<|python_tag|>", "<|tool_call|>", "<|message|>", "to=f", "to=a"),
    *("<|tool_call_begin|>", "functions.f:0", "<|tool_call_argument_begin|>", "<|channel|>"),
    *("f", "g", "functions.", "f{", '{"name":"f","arguments":', '{"name":"f"}', '"parameters":'),
    *("{", "}", "[", "]", '"', "'", "\\", ",", ":", "```", "```json\n", " ", "\n", "1", "-", "e9"),
    *("null", "None", "True", "NaN", "é", "\u2028", "\ud83d", "\x00", "<", ">", "/>", "=", ";"),
]
WRITTEN = st.lists(st.sampled_from(TOKENS) | st.text(max_size=4), max_size=14).map("".join)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
KEYS = st.sampled_from(
    [
        *("choices", "message", "delta", "index", "content", "tool_calls", "function_call", "id"),
        *("function", "name", "arguments", "usage", "x_groq", "error", "code", "status_code"),
        *("reasoning", "refusal", "text", "finish_reason", "model"),
    ]
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
STREAM = spelled(*TEXT[:5], *OSLO, chunk({"function_call": {"name": "f"}}), TEXT[5])
REPLY = json.dumps(
    {
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": "Hi \u00e9",
                    "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}],
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}},
    }
).encode()


@st.composite
def mutated(draw: Any, whole: bytes) -> bytes:
    """The bytes with some parts of them replaced, doubled or left out."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(whole)))
        end = draw(st.integers(start, min(len(whole), start + 40)))
        kept = draw(st.sampled_from([b"", whole[start:end] * 2]) | st.binary(max_size=6))
        whole = whole[:start] + kept + whole[end:]
    return whole


def cut(data: st.DataObject, raw: bytes) -> list[bytes]:
    places = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    return [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True)]


def harmless(work: Callable[..., Any], *given: Any) -> Any:
    """What it gives, or the error of agentkit that it raises; any other one fails the test."""
    try:
        return work(*given)
    except AgentkitError as error:
        return error


def streamed(pieces: list[bytes]) -> Any:
    decoder = StreamDecoder()
    for piece in pieces:
        list(decoder.feed(piece))
    return decoder.response()


@bounded
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()) | mutated(REPLY))
def test_no_body_makes_decoding_raise(body: bytes):
    harmless(decode, body)


@bounded
@given(
    st.integers(),
    st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text(max_size=12)),
)
def test_every_body_of_an_error_is_one(status: int, body: bytes, headers: dict[str, str]):
    error = status_error(status, body, headers)
    assert str(error).startswith(f"The server answered {status}: ")
    assert error.retry_after is None or error.retry_after >= 0


@bounded
@given(st.text(max_size=12), st.text("0123456789.hmsuµn try again in", max_size=30))
def test_no_header_makes_reading_raise(value: str, text: str):
    names = [f"x-ratelimit-{p}-{k}" for p in ("limit", "remaining") for k in ("requests", "tokens")]
    assert retry_after({"retry-after": value}, f"try again in {text}") != -1
    assert len(quotas_of(dict.fromkeys(names, value))) in (0, 2)


@bounded
@given(st.data(), st.binary(max_size=80) | mutated(STREAM))
def test_no_stream_makes_decoding_raise(data: st.DataObject, raw: bytes):
    harmless(streamed, cut(data, raw))


@bounded
@given(st.data(), st.lists(JSON, max_size=4))
def test_no_events_make_decoding_raise(data: st.DataObject, values: list[Any]):
    harmless(streamed, cut(data, spelled(TEXT[2], *values, TEXT[5])))


@bounded
@given(st.data(), st.lists(JSON, min_size=1, max_size=4))
def test_no_deltas_make_decoding_raise(data: st.DataObject, deltas: list[Any]):
    harmless(streamed, cut(data, spelled(*(chunk(delta) for delta in deltas))))


@bounded
@given(st.data(), st.just(STREAM) | mutated(STREAM))
def test_pieces_of_any_size_give_the_same_response(data: st.DataObject, raw: bytes):
    whole, parts = harmless(streamed, [raw]), harmless(streamed, cut(data, raw))
    assert whole == parts or repr(whole) == repr(parts)


@bounded
@given(st.data(), st.text("data: event\r\n:x\ufeff\u2028", max_size=60).map(str.encode))
def test_events_do_not_depend_on_the_pieces(data: st.DataObject, raw: bytes):
    def events(pieces: list[bytes]) -> list[Any]:
        parser = SSEParser()
        return [*(e for piece in pieces for e in parser.feed(piece)), *parser.close()]

    assert events(cut(data, raw)) == events([raw])


@bounded
@given(WRITTEN, st.booleans())
def test_no_text_makes_reading_calls_raise(text: str, anything: bool):
    calls, before = written_calls(text, NAMES, anything=anything)
    assert all(isinstance(call.arguments, str) and call.name for call in calls)
    assert anything or {call.name for call in calls} <= {*NAMES}
    assert before in text or not calls


@bounded
@given(WRITTEN | st.text(max_size=20))
def test_no_name_makes_cleaning_raise(written: str):
    assert clean_name(written, NAMES) in (written, *NAMES)
    assert may_be_call(written) in (True, False)


@bounded
@given(WRITTEN | JSON)
@example("1" * 5_000)
@example('{"a":' + "9" * 5_000 + "}")
@example('{"a":1e999}')
@example("[" * 100_000)
def test_no_arguments_make_reading_raise(given: Any):
    outcome = harmless(read_arguments, given)
    assert isinstance(outcome, tuple | AgentkitError)


UNITS = [
    '"\\',
    *TOKENS,
    '\\"',
    '"a":',
    '{"a":',
    "{}",
    "[]",
    "<function=f>{}",
    "'\\",
    "a.",
    "x{",
    "[{",
]
HEADS = [
    "",
    "{",
    '{"a":"',
    '{"name":"f","arguments":',
    "<function=f>{",
    "```",
    "f{",
    "[TOOL_CALLS][",
]


@pytest.mark.unmeasured
@pytest.mark.parametrize("unit", UNITS)
def test_long_texts_are_read_in_one_go(unit: str):
    for head in HEADS:
        for text in (head + unit * (30_000 // len(unit)), head + unit * 4_000 + '"}'):
            written_calls(text, NAMES)
            written_calls(text, NAMES, anything=False)
            harmless(read_arguments, text)
            clean_name(text, NAMES)
            may_be_call(text)
            retry_after({}, text)


@pytest.mark.unmeasured
@pytest.mark.parametrize("unit", UNITS)
def test_very_long_texts_are_read_in_one_go(unit: str):
    text = unit * (300_000 // len(unit))
    written_calls(text, NAMES)
    harmless(read_arguments, text)
    body = json.dumps({"error": {"message": text, "failed_generation": text}}).encode()
    assert status_error(413, body).status == 413


@pytest.mark.unmeasured
@pytest.mark.parametrize("unit", [b"\r", b"\n", b":", b"data:\n", b"data: x\r", b"x", b"\xff"])
@pytest.mark.parametrize("size", [1, 7, 300_000])
def test_very_long_streams_are_read_in_one_go(unit: bytes, size: int):
    raw = unit * (300_000 // len(unit))
    parser = SSEParser()
    for start in range(0, len(raw), size):
        list(parser.feed(raw[start : start + size]))
    list(parser.close())


@pytest.mark.unmeasured
@pytest.mark.parametrize("piece", ["x", "{", '"', "\\", "\\\\", '{"a":1}', ""])
@pytest.mark.parametrize("name", [None, "f"])
def test_a_call_in_very_many_pieces_is_joined_in_one_go(piece: str, name: str | None):
    function = {"arguments": piece} | ({"name": name} if name else {})
    event = spelled(chunk({"tool_calls": [{"index": 0, "function": function}]})).removesuffix(DONE)
    head = spelled(chunk({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}))
    response = streamed([head.removesuffix(DONE), event * 3_000, DONE])
    kept = 1 if piece == '{"a":1}' else 3_000  # what is complete and comes again is resent
    assert sum(len(call.arguments) for call in response.message.calls) == kept * len(piece)


@pytest.mark.unmeasured
def test_values_behind_very_many_blanks_are_read_in_one_go():
    assert written_calls(" " * 150_000 + "{}" * 75_000, NAMES) == ((), "")
