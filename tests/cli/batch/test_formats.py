"""Rows of each format, and what is said of those that cannot be read."""

from __future__ import annotations

import io
import json

import pytest

from agentkit import ConfigError
from agentkit.cli.batch.formats import format_of, records


def read(data, kind):
    data = data.encode() if isinstance(data, str) else data
    return [(each.line, each.fields) for each in records(io.BytesIO(data), kind, "rows")]


def test_lines_of_json_are_objects_or_prompts_and_blank_ones_are_none():
    text = '\ufeff{"prompt": "a", "n": 1}\r\n\r\n"b"\n  \n{"class": null}'

    assert read(text, "jsonl") == [
        (1, {"prompt": "a", "n": 1}),
        (3, {"prompt": "b"}),
        (5, {"class": None}),
    ]


def test_a_row_may_be_nested_and_wide():
    wide = {"a": [[{"b": "["}] * 50] * 50}

    assert read(json.dumps(wide), "jsonl") == [(1, wide)]


def test_plain_lines_are_prompts_without_their_ends():
    assert read("\ufeffa \r\n\n b\u2028c\x0b\n", "text") == [
        (1, {"prompt": "a "}),
        (3, {"prompt": " b\u2028c\x0b"}),
    ]


def test_a_table_has_names_in_its_first_line():
    text = '\ufeffid,"class",\r\n1,"a ""b""\r\nc",x\r\n\r\n2,,\r\n'

    assert read(text, "csv") == [
        (2, {"id": "1", "class": 'a "b"\r\nc', "column 3": "x"}),
        (5, {"id": "2", "class": "", "column 3": ""}),
    ]


def test_a_table_may_have_semicolons_or_tabs():
    assert read("a;b\n1,5;2\n", "csv") == [(2, {"a": "1,5", "b": "2"})]
    assert read("a\tb\n1,5\t2\n", "tsv") == [(2, {"a": "1,5", "b": "2"})]


def test_a_cell_may_be_as_long_as_a_book():
    book = "word " * 100_000

    assert read(f'prompt\n"{book}"\n', "csv") == [(2, {"prompt": book})]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "text"])
@pytest.mark.parametrize("data", ["", "\n\n", "\ufeff"])
def test_nothing_is_no_rows(kind, data):
    assert read(data, kind) == []


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("jsonl", '"a"\n{"prompt": "a"\n', "rows, line 2: it is no JSON: "),
        ("jsonl", "[1]", "rows, line 1: a row is a JSON object or a text, not [1]."),
        ("jsonl", '{"a": NaN}', "rows, line 1: it is no JSON: NaN is no number of JSON."),
        ("jsonl", "[" * 200_000, "rows, line 1: it is no JSON: "),
        (
            "jsonl",
            '{"a": ' * 101 + "1" + "}" * 101,
            "rows, line 1: it is no JSON: it is nested more than 100",
        ),
        ("jsonl", b'"a"\n"\xff"\n', "rows, line 2: it is no UTF-8"),
        ("text", b"a\nb\xff\n", "rows, line 2: it is no UTF-8"),
        ("csv", b"a\nb\xff\n", "rows, line 2: it is no UTF-8"),
        ("csv", "a,b\n1,2\n3\n", "rows, line 3: it has 1 fields, and the header has 2."),
        ("csv", 'a,b\n1,"2\n3', "rows, line 3: it is no CSV"),
        ("csv", "a,a\n1,2\n", "rows, line 1: two columns are named 'a'."),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read_is_told_with_its_line(kind, data, says):
    with pytest.raises(ConfigError) as raised:
        read(data, kind)

    assert str(raised.value).startswith(says)


def test_a_table_that_changes_in_a_quoted_line_is_told_with_the_line_that_its_row_begins_in():
    with pytest.raises(ConfigError, match="line 4"):
        read('a,b\n1,"x\ny"\n3\n', "csv")


@pytest.mark.parametrize(
    ("name", "begin", "kind"),
    [
        ("a.jsonl", b"", "jsonl"),
        ("a.NDJSON", b"", "jsonl"),
        ("a.csv", b"", "csv"),
        ("a.tsv", b"", "tsv"),
        ("a.txt", b'{"a": 1}', "text"),
        ("stdin", b'\xef\xbb\xbf\n {"a": 1}', "jsonl"),
        ("stdin", b"What?", "text"),
        ("a.json", b'{"a": 1}\n', "jsonl"),
    ],
)
def test_the_format_is_told_by_the_name_or_by_how_it_begins(name, begin, kind):
    assert format_of(name, begin) == kind


def test_one_json_array_is_refused_with_what_makes_rows_of_it():
    with pytest.raises(ConfigError, match=r"jq -c '\.\[\]' a\.json"):
        format_of("a.json", json.dumps([1]).encode())
