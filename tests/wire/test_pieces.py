"""Fragments as servers really send them: names, ids and arguments that come again or in pieces."""

from __future__ import annotations

import json

import pytest
from stream_pieces import calls, chunk, fragment, read, spelled

ZONE_A, ZONE_B = '{"zone":"A"}', '{"zone":"B"}'


def test_two_calls_that_share_an_id_are_told_apart_by_their_index():
    found = calls(fragment(ZONE_A, "f", "call_f", 0), fragment(ZONE_B, "f", "call_f", 1))
    assert found == [("call_f", "f", ZONE_A), ("call_f", "f", ZONE_B)]


@pytest.mark.parametrize("index", [0, None])
def test_fragments_of_one_call_with_its_id_in_each_are_one_call(index):
    pieces = (fragment(each, "f", "a", index) for each in ('{"zone"', ":", '"A"}'))
    assert calls(*pieces) == [("a", "f", ZONE_A)]


@pytest.mark.parametrize("again", ["", ZONE_A])
@pytest.mark.parametrize("its_id", [None, "a"])
def test_a_call_that_is_named_once_more_at_its_index_is_no_second_one(again, its_id):
    pieces = (fragment(ZONE_A, "f", its_id, 0), fragment(again, "f", its_id, 0))
    assert calls(*pieces) == [(its_id or "", "f", ZONE_A)]


@pytest.mark.parametrize(("its_id", "index"), [("a", None), ("a", 0), (None, 0), (None, None)])
def test_arguments_that_are_sent_once_more_as_a_whole_count_once(its_id, index):
    head, rest = '{"zone":', '"A"}'
    first = fragment(head, "f", its_id, index)
    later = (fragment(each, None, its_id, index) for each in (rest, ZONE_A))
    assert calls(first, *later) == [(its_id or "", "f", ZONE_A)]


def test_a_new_id_with_each_fragment_and_the_name_in_each_is_one_call():
    pieces = (fragment(each, "f", its_id, 0) for its_id, each in (("a", '{"zone"'), ("b", ':"A"}')))
    assert calls(*pieces) == [("a", "f", ZONE_A)]


def test_a_name_may_come_after_the_arguments():
    assert calls(fragment(ZONE_A, index=0), fragment("", "f", index=0)) == [("", "f", ZONE_A)]


@pytest.mark.parametrize("pieces", [("cl", "ock"), ("cl", "clock"), ("clock", "clock")])
def test_the_name_of_a_call_with_an_id_may_come_in_pieces(pieces):
    found = calls(*(fragment("", name, "a", 0) for name in pieces), fragment(ZONE_A, index=0))
    assert found == [("a", "clock", ZONE_A)]


def test_a_whole_reply_as_the_one_event_of_a_stream_is_read():
    said = {"role": "assistant", "content": "Done."}
    deltas, response = read(spelled({"choices": [{"message": said, "finish_reason": "stop"}]}))
    assert ([each.text for each in deltas], response.message.content) == (["Done."], "Done.")


def test_the_whole_answer_in_the_last_event_is_not_added_once_more():
    last = {"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]}
    assert read(spelled(chunk({"content": "Hi."}), last))[1].message.content == "Hi."


def test_a_character_in_two_halves_is_whole_again():
    halves = (chunk({"content": each}) for each in ("Hi \ud83d", "\ude00!"))
    deltas, response = read(_escaped(*halves, chunk(finish="stop")))
    assert [each.text for each in deltas] == ["Hi ", "😀!"]
    assert response.message.content == "Hi 😀!"


def test_a_character_in_two_halves_in_the_arguments_is_whole_again():
    halves = (fragment('{"a":"\ud83d', "f", index=0), fragment('\ude00"}', index=0))
    response = read(_escaped(*halves, chunk(finish="stop")))[1]
    assert response.message.calls[0].arguments == '{"a":"😀"}'


@pytest.mark.parametrize("text", ["\ud83d", "\ud83dx"])
def test_a_half_that_stays_alone_becomes_a_mark_or_nothing(text):
    response = read(_escaped(chunk({"content": f"a{text}"}), chunk(finish="stop")))[1]
    assert (response.message.content or "").encode().startswith(b"a")


def test_tokens_that_are_numbers_are_text():
    pieces = (chunk({"content": each}) for each in ("It costs $", 0.005, " or ", 1))
    assert read(spelled(*pieces, chunk(finish="stop")))[1].message.content == "It costs $0.005 or 1"


def test_a_word_in_place_of_a_call_is_none():
    delta = {"content": "Hi", "function_call": "none"}
    assert read(spelled(chunk(delta), chunk(finish="stop")))[1].message.content == "Hi"


def _escaped(*chunks):
    """The chunks with their halves of characters as JSON's escapes."""
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks)
