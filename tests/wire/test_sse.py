"""Server-sent events from bytes that come in any pieces."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agentkit.wire.sse import Event, SSEParser


def events(*chunks: bytes) -> list[Event]:
    parser = SSEParser()
    found = [event for chunk in chunks for event in parser.feed(chunk)]
    return [*found, *parser.close()]


def _cut(text: bytes, size: int) -> Iterable[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


MIXED = (
    ": hello\n\n"
    'data: {"a": "ö\u2028\x85\u2029👋"}\n\n'
    "event: error\r\ndata: one\r\ndata: two\r\n\r\n"
    "id: 7\rretry: 9\rdata:three\r\r"
    "data:  four\n:comment\ndata\n\n"
    "event: unused\n\n"
    "unknown: field\ndata: [DONE]\n\n"
).encode()
EXPECTED = [
    ("message", '{"a": "ö\u2028\x85\u2029👋"}'),
    ("error", "one\ntwo"),
    ("message", "three"),
    ("message", " four\n"),
    ("message", "[DONE]"),
]


def test_events_of_every_kind_are_read():
    assert events(MIXED) == EXPECTED


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_pieces_of_any_size_give_the_same_events(size):
    assert events(*_cut(MIXED, size)) == EXPECTED


def test_a_cut_at_every_place_gives_the_same_events():
    for place in range(len(MIXED) + 1):
        assert events(MIXED[:place], MIXED[place:]) == EXPECTED
        assert events(MIXED[:place], b"", MIXED[place:]) == EXPECTED


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_lines_may_end_in_each_of_three_ways(end):
    text = f"data: a{end}data: b{end}{end}data: c{end}{end}".encode()
    for place in range(len(text) + 1):
        assert events(text[:place], text[place:]) == [("message", "a\nb"), ("message", "c")]


@pytest.mark.parametrize("end", ["", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n"])
def test_the_last_event_needs_no_blank_line(end):
    assert events(b"data: a\n\n", f"data: b{end}".encode()) == [("message", "a"), ("message", "b")]


def test_a_name_counts_for_one_event_only():
    assert events(b"event: error\ndata: a\n\ndata: b\n\n") == [("error", "a"), ("message", "b")]


@pytest.mark.parametrize("text", [b"", b"\n\n\n", b": only\n: comments\n\n", b"event: x\n\n"])
def test_what_holds_no_data_is_no_event(text):
    assert events(text) == []


def test_an_event_comes_as_soon_as_its_blank_line_does():
    parser = SSEParser()
    assert list(parser.feed(b"data: a\n")) == []
    assert list(parser.feed(b"\n")) == [("message", "a")]


def test_a_byte_order_mark_at_the_beginning_does_not_count():
    text = b"\xef\xbb\xbfdata: a\n\n"
    for place in range(len(text)):
        assert events(text[:place], text[place:]) == [("message", "a")]


def test_bytes_that_are_no_utf8_are_replaced():
    assert events(b"data: \xff\xc3\n\n") == [("message", "\ufffd\ufffd")]


def test_a_long_line_in_many_pieces_is_joined_once():
    pieces = [b"x" * 1000] * 2000
    assert events(b"data: ", *pieces, b"\n\n") == [("message", "x" * 2_000_000)]
