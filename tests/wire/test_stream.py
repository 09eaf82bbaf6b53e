"""Streams: fragments by id, then by index; pieces of any size; both dialects."""

from __future__ import annotations

import pytest
from odd_values import altered
from stream_pieces import DONE, OSLO, TEXT, WHOLE, calls, chunk, fragment, read, spelled

from agentkit import AgentkitError, Delta, StatusError, Usage
from agentkit.errors import ConnectError, ReplyError


def test_a_text_comes_in_pieces_and_at_the_end_whole():
    deltas, response = read(spelled(*TEXT))
    assert deltas == [
        Delta(reasoning="Hm"),
        Delta(reasoning="."),
        Delta("Grü\u2028ße "),
        Delta("👋"),
    ]
    assert response == WHOLE


def test_a_cut_at_every_byte_gives_the_same_response():
    text = spelled(*TEXT)
    for place in range(len(text) + 1):
        deltas, response = read(text[:place], text[place:])
        assert (response, len(deltas)) == (WHOLE, 4)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_bytes_one_by_one_with_any_line_end_give_the_same_response(end):
    text = spelled(*TEXT).replace(b"\n", end.encode())
    assert read(*(text[at : at + 1] for at in range(len(text))))[1] == WHOLE


def test_comments_and_a_missing_blank_line_at_the_end_do_no_harm():
    text = b": hello\n\n" + spelled(*TEXT).replace(b"\n\n", b"\n: ping\n\n").rstrip()
    assert read(text)[1] == WHOLE


def test_an_answer_that_ends_without_done_is_complete_when_it_says_why():
    text = spelled(*TEXT).removesuffix(DONE)
    assert read(text)[1] == WHOLE
    assert read(text.rstrip())[1] == WHOLE


def test_text_in_a_last_event_without_a_line_end_is_not_lost():
    last = spelled(chunk({"content": "Hi."}, finish="stop")).removesuffix(DONE).rstrip()
    assert read(last)[1].message.content == "Hi."


def test_fragments_are_joined_by_index():
    assert calls(*OSLO) == [("a", "f", '{"city":"Oslo"}')]


@pytest.mark.parametrize("name", [None, "", "f"])
def test_a_name_that_is_empty_or_repeated_changes_nothing(name):
    more = [fragment('{"a":', name, index=0), fragment("1}", name, index=0)]
    assert calls(fragment("", "f", "a", 0), *more) == [("a", "f", '{"a":1}')]


def test_interleaved_calls_are_told_apart_by_index():
    mixed = [
        fragment("", "f", "a", 0),
        fragment("", "g", "b", 1),
        fragment('{"x":', index=0),
        fragment('{"y":', index=1),
        fragment("1}", index=0),
        fragment("2}", index=1),
    ]
    assert calls(*mixed) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_interleaved_calls_are_told_apart_by_id():
    mixed = [
        fragment("", "f", "a"),
        fragment("", "g", "b"),
        fragment('{"x":', its_id="a"),
        fragment('{"y":', its_id="b"),
        fragment("1}", its_id="a"),
        fragment("2}", its_id="b"),
    ]
    assert calls(*mixed) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_an_id_counts_more_than_an_index():
    mixed = [
        fragment("", "f", "a", 0),
        fragment("", "g", "b", 0),
        fragment('{"x":1}', its_id="a", index=0),
        fragment('{"y":2}', its_id="b", index=0),
    ]
    assert calls(*mixed) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_an_index_that_restarts_begins_another_call():
    second = [fragment("", "g", "b", 0), fragment('{"y":', index=0), fragment("2}", index=0)]
    assert calls(*OSLO, *second) == [("a", "f", '{"city":"Oslo"}'), ("b", "g", '{"y":2}')]


def test_an_index_that_restarts_without_ids_begins_another_call():
    second = [fragment("", "g", index=0), fragment('{"y":2}', index=0)]
    first = [fragment("", "f", index=0), fragment('{"x":1}', index=0)]
    assert calls(*first, *second) == [("", "f", '{"x":1}'), ("", "g", '{"y":2}')]


def test_a_new_id_with_each_fragment_is_still_one_call():
    first, second, third = OSLO
    second["choices"][0]["delta"]["tool_calls"][0]["id"] = "b"
    third["choices"][0]["delta"]["tool_calls"][0]["id"] = "c"
    assert calls(first, second, third) == [("a", "f", '{"city":"Oslo"}')]


def test_fragments_without_id_and_index_belong_to_the_last_call():
    found = calls(
        *(fragment("", "f", "a"), fragment('{"x":'), fragment("1}")),
        *(fragment("", "g", "b"), fragment('{"y":'), fragment("2}")),
    )
    assert found == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_whole_calls_without_id_and_index_are_told_apart():
    found = calls(fragment('{"x":1}', "f"), fragment('{"x":2}', "f"), fragment("{}", "g"))
    assert found == [("", "f", '{"x":1}'), ("", "f", '{"x":2}'), ("", "g", "{}")]


@pytest.mark.parametrize("arguments", ["", None])
@pytest.mark.parametrize("index", [None, 0])
def test_calls_of_other_names_without_arguments_and_ids_are_told_apart(arguments, index):
    both = [fragment(arguments, name, index=index) for name in ("f", "g")]
    assert calls(*both) == [("", "f", ""), ("", "g", "")]


def test_several_whole_calls_in_one_event_are_told_apart():
    whole = [
        {"index": 0, "id": name, "function": {"name": name, "arguments": "{}"}} for name in "fg"
    ]
    assert calls(chunk({"tool_calls": whole})) == [("f", "f", "{}"), ("g", "g", "{}")]


@pytest.mark.parametrize(
    ("arguments", "text"), [({"x": 1}, '{"x": 1}'), (None, ""), ([1], "[1]"), ("", "")]
)
def test_arguments_of_any_form_become_text(arguments, text):
    assert calls(fragment(arguments, "f", "a", 0)) == [("a", "f", text)]


def test_arguments_as_whole_objects_belong_to_their_own_calls():
    found = calls(fragment({"x": 1}, "f", index=0), fragment({"x": 2}, "f", index=0))
    assert found == [("", "f", '{"x": 1}'), ("", "f", '{"x": 2}')]


def test_a_call_of_the_older_dialect_is_joined():
    deltas = [{"name": "f", "arguments": ""}, {"arguments": '{"x":'}, {"arguments": "1}"}]
    chunks = [chunk({"function_call": delta}) for delta in deltas]
    assert calls(*chunks) == [("", "f", '{"x":1}')]


def test_the_newer_dialect_wins_where_a_stream_holds_both():
    old = chunk({"function_call": {"name": "old", "arguments": "{}"}})
    assert calls(old, *OSLO) == [("a", "f", '{"city":"Oslo"}')]
    assert calls(*OSLO, old) == [("a", "f", '{"city":"Oslo"}')]


def test_text_and_calls_of_one_answer_are_kept_apart():
    deltas, response = read(spelled(chunk({"content": "So."}), *OSLO, chunk(finish="stop")))
    assert deltas == [Delta("So.")]
    assert (response.message.content, len(response.message.calls)) == ("So.", 1)


@pytest.mark.parametrize("place", ["top", "x_groq", "both", "own chunk"])
def test_usage_is_read_wherever_it_is(place):
    usage = {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    last = {
        "top": [chunk(finish="stop", **usage)],
        "x_groq": [chunk(finish="stop", x_groq=usage)],
        "both": [chunk(finish="stop", x_groq=usage, **usage)],
        "own chunk": [chunk(finish="stop", usage=None), {"choices": [], **usage}],
    }
    assert read(spelled(chunk({"content": "Hi."}), *last[place]))[1].usage == Usage(3, 4)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_answers_side_by_side_are_alternatives_and_the_first_to_come_is_streamed(order):
    roles = [chunk({"role": "assistant"}, n) for n in (2, 1, 0)]
    texts = [chunk({"content": f"{size}{n} "}, n) for size in "ab" for n in order]
    deltas, response = read(spelled(*roles, *texts, *(chunk(None, n, "stop") for n in range(3))))
    first = order[0]
    assert deltas == [Delta(f"a{first} "), Delta(f"b{first} ")]
    assert response.message.content == f"a{first} b{first} "
    others = [f"a{n} b{n} " for n in sorted(order[1:])]
    assert [each.content for each in response.alternatives] == others


@pytest.mark.parametrize("text", [b"", b": hello\n\n", spelled(*TEXT[:5]).removesuffix(DONE)])
def test_a_stream_that_ends_early_is_cut(text):
    with pytest.raises(ConnectError, match="cut before the answer was complete"):
        read(text)


def test_a_stream_of_nothing_holds_no_answer():
    with pytest.raises(ReplyError, match="no answer"):
        read(DONE)


@pytest.mark.parametrize("event", [b"data: oops\n\n", b"data: [1]\n\n", b"data: {\n\n"])
def test_an_event_that_makes_no_sense_is_a_reply_error(event):
    with pytest.raises(ReplyError):
        read(event)


def test_an_error_event_is_a_status_error_with_the_status_it_names():
    with pytest.raises(StatusError, match="400: No") as caught:
        read(b'event: error\ndata: {"error": {"message": "No", "status_code": 400}}\n\n')
    assert caught.value.body["status_code"] == 400


@pytest.mark.parametrize(
    "own", [*TEXT, *OSLO, chunk({"function_call": {"name": "f"}})], ids=range(10)
)
@pytest.mark.parametrize("before", [(), (TEXT[3], OSLO[0])], ids=["first", "later"])
@pytest.mark.parametrize("after", [TEXT[4:], TEXT[5:], ()], ids=["text", "end", "nothing"])
def test_odd_types_anywhere_are_harmless_or_an_error_of_agentkit(own, before, after):
    for odd in altered(own):
        try:
            response = read(spelled(*before, odd, *after))[1]
        except AgentkitError:
            continue
        message = response.message
        texts = [text for call in message.calls for text in (call.name, call.arguments, call.id)]
        assert all(isinstance(text, str) for text in (*texts, response.model, response.id))
        assert isinstance(response.finish_reason, str | None)
