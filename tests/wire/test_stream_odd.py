"""Streams: names that come again, errors in the middle, what servers want back, and no end."""

from __future__ import annotations

import json

import pytest
from stream_pieces import DONE, OSLO, TEXT, WHOLE, calls, chunk, fragment, read, spelled

from agentkit import StatusError
from agentkit.errors import ReplyError
from agentkit.wire import StreamDecoder, WholeDecoder, decode


@pytest.mark.parametrize("pieces", [('{"x":1}', '{"x":2}'), ({"x": 1}, {"x": 2})])
def test_the_same_name_after_whole_arguments_begins_another_call(pieces):
    found = calls(*(fragment(piece, "f", index=0) for piece in pieces))
    assert [json.loads(arguments) for _, _, arguments in found] == [
        json.loads(piece) if isinstance(piece, str) else piece for piece in pieces
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        ('{"x":"a', '}"}'),
        ('{"x":"\\', '"}"}'),
        ('{"x":"\\\\', '"}'),
        ('{"x":"{', '"}'),
        ('{"x":{}', "}"),
        ("", '{"x":1}'),
        (" ", '{"x":1}'),
        ('{"x":"\\u', '00e9"}'),
    ],
)
@pytest.mark.parametrize("index", [None, 0])
def test_the_same_name_before_the_arguments_are_whole_changes_nothing(pieces, index):
    found = calls(*(fragment(piece, "f", index=index) for piece in pieces))
    assert found == [("", "f", "".join(pieces))]


def test_arguments_in_pieces_of_one_letter_with_the_name_in_each_are_one_call():
    text = json.dumps({"x": 'a"}\\', "y": [{"z": "{"}]})
    assert calls(*(fragment(letter, "f", index=0) for letter in text)) == [("", "f", text)]


def test_an_id_that_comes_again_goes_on_with_its_call():
    mixed = [fragment('{"x":1}', "f", "a"), fragment("{}", "g", "b"), fragment("", "f", "a")]
    assert calls(*mixed) == [("a", "f", '{"x":1}'), ("b", "g", "{}")]


def test_what_a_server_wants_back_with_a_call_is_kept():
    first, *rest = OSLO
    first = json.loads(json.dumps(first))
    first["choices"][0]["delta"]["tool_calls"][0]["extra_content"] = {"google": {"x": "y"}}
    (call,) = read(spelled(first, *rest, chunk(finish="stop")))[1].message.calls
    assert call.extra == {"google": {"x": "y"}}


def test_a_refusal_in_pieces_is_the_answer():
    pieces = [chunk({"refusal": "I"}), chunk({"refusal": " can't."}), chunk(finish="stop")]
    assert read(spelled(*pieces))[1].message.content == "I can't."


ERROR = b'event: error\ndata: {"error": {"message": "No", "code": "tool_use_failed", "status_code": 400}}\n\n'


def test_an_error_in_the_middle_has_what_had_come():
    before = spelled(*TEXT[:5], *OSLO[:2]).removesuffix(DONE)
    with pytest.raises(StatusError) as caught:
        read(before, ERROR)
    partial = caught.value.partial
    assert (partial.content, partial.reasoning) == ("Grü\u2028ße 👋", "Hm.")
    assert [(call.name, call.arguments) for call in partial.calls] == [("f", '{"ci')]


def test_an_error_before_anything_else_has_nothing():
    with pytest.raises(StatusError) as caught:
        read(ERROR)
    assert caught.value.partial is None


@pytest.mark.parametrize("error", ["stopped", {"message": "stopped", "type": "x"}])
def test_an_error_in_x_groq_in_the_middle_is_one(error):
    last = {"choices": [], "x_groq": {"id": "r", "error": error}}
    with pytest.raises(StatusError, match="500: stopped") as caught:
        read(spelled(*TEXT[:4], last))
    assert caught.value.partial.content == "Grü\u2028ße "


def test_empty_events_keep_the_line_open():
    assert read(b"data:\n\ndata: \n\n" + spelled(*TEXT))[1] == WHOLE


@pytest.mark.parametrize(
    "after", [b"data: oops\n\n", b'data: {"error":"late"}\n\n', b'data: {"choices":[{"delta"']
)
def test_what_follows_the_end_is_not_looked_at(after):
    assert read(spelled(*TEXT), after)[1] == WHOLE


def test_a_last_event_without_a_blank_line_is_a_piece_too():
    deltas, response = read(
        spelled(*TEXT[:5]).removesuffix(DONE),
        b'data: {"choices":[{"delta":{"content":"!"},"finish_reason":"stop"}]}',
    )
    assert deltas[-1].text == "!"
    assert "".join(each.text for each in deltas) == response.message.content


FAILURES = [
    {"error": {"message": "stopped", "code": 503}, "message": "Sorry"},
    {"error": {"message": "No", "code": 503, "metadata": {"raw": "stopped"}}},
    {"object": "error", "message": "stopped", "code": 503},
    {"error": True, "message": "stopped", "code": 503},
    {"error": "Sorry", "message": "stopped", "status": 503},
    {"choices": [{"delta": {}, "error": {"message": "stopped", "code": 503}}]},
    {
        "choices": [],
        "error": {
            "message": "Provider returned error",
            "code": 503,
            "metadata": {"raw": '{"error":{"message":"stopped"}}'},
        },
    },
]


@pytest.mark.parametrize("last", FAILURES)
def test_a_failure_in_any_place_is_an_error_with_its_words(last):
    with pytest.raises(StatusError, match=r"503: .*stopped") as caught:
        read(spelled(*TEXT[:4], last))
    assert caught.value.retryable
    assert caught.value.partial.content == "Grü\u2028ße "


@pytest.mark.parametrize("failed", FAILURES)
def test_a_failure_in_any_place_of_a_whole_reply_is_an_error_with_its_words(failed):
    with pytest.raises(StatusError, match=r"503: .*stopped"):
        decode(json.dumps(failed).encode())


def test_words_behind_a_router_may_hold_anything():
    raw = '{"metadata": {"raw": "no \\ud83d"}, "message": "failed"}'
    with pytest.raises(StatusError, match="500: failed: no "):
        decode(b'{"error": ' + raw.encode() + b"}")


def test_an_answer_that_ended_in_an_error_is_one():
    with pytest.raises(StatusError, match="500: it stopped in the middle") as caught:
        read(spelled(chunk({"content": "Half an"}), chunk(finish="error")))
    assert caught.value.partial.content == "Half an"


def test_an_error_event_of_mere_text_is_an_error():
    with pytest.raises(StatusError, match="500: upstream timeout"):
        read(spelled(*TEXT[:4]).removesuffix(DONE), b"event: error\ndata: upstream timeout\n\n")


def test_an_error_in_the_stream_that_is_no_event_is_an_error():
    with pytest.raises(StatusError, match="500: gone"):
        read(spelled(*TEXT[:4]).removesuffix(DONE), b'{"error":{"message":"gone"}}\n\n')


def test_events_of_other_kinds_that_are_no_json_are_passed_over():
    assert read(b"event: ping\ndata: ping\n\n" + spelled(*TEXT))[1] == WHOLE


def test_a_body_that_is_neither_is_shown():
    with pytest.raises(ReplyError, match="neither JSON nor a stream: upstream unavailable"):
        read(b"upstream unavailable")


def test_secrets_are_hidden_in_each_event():
    decoder = StreamDecoder(lambda text: text.replace("gsk_1", "[secret]"))
    (delta,) = decoder.feed(spelled(chunk({"content": "It is gsk_1."}, finish="stop")))
    assert delta.text == decoder.response().message.content == "It is [secret]."


@pytest.mark.parametrize("whole", [True, False])
def test_a_reply_that_does_not_end_is_cut_off(monkeypatch, whole):
    monkeypatch.setattr("agentkit.wire.stream._LARGEST", 1_000)
    decoder = WholeDecoder(decode) if whole else StreamDecoder()
    list(decoder.feed(b" " * 1_000))
    with pytest.raises(ReplyError, match="longer than 1,000 bytes"):
        list(decoder.feed(b" "))
