"""Prompts and ids of rows, and what is refused before any is run."""

from __future__ import annotations

import os
import threading
from contextlib import closing

import pytest

from agentkit import ConfigError
from agentkit.cli.batch.formats import Record
from agentkit.cli.batch.rows import Row, Rows, Template


@pytest.fixture
def rows_of(tmp_path):
    opened = []

    def make(text, template=None, id_column=None, name="rows.jsonl"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        opened.append(Rows(str(path), None, template, id_column))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def test_rows_are_numbered_and_can_be_read_again(rows_of):
    rows = rows_of('{"prompt": "a"}\n\n"b"\n')

    assert [(each.number, each.id, each.prompt) for each in rows] == [(1, 1, "a"), (2, 2, "b")]
    assert [each.prompt for each in rows] == ["a", "b"]
    assert (rows.check().count, rows.check().fields) == (2, ("prompt",))


def test_a_template_puts_plain_fields_in_their_place(rows_of):
    rows = rows_of(
        '{"class": "x", "a b": "y", "list": [1, "é"], "0": "z"}\n',
        "{class}-{a b}-{list}-{0} {{class}} { class }",
    )

    assert [each.prompt for each in rows] == ['x-y-[1, "é"]-z {class} x']


@pytest.mark.parametrize("text", ["{", "}", "a {b} }", "{a{b}", "{{}"])
def test_a_brace_that_stands_alone_is_refused(text):
    with pytest.raises(ConfigError, match="without its other"):
        Template(text)


@pytest.mark.parametrize("field", ["a.upper", "a[0]", "a!r", "a:>9", "__class__", ""])
def test_a_template_has_no_more_than_names(field):
    with pytest.raises(ConfigError, match="rows, line 7: there is no"):
        Template(f"{{{field}}}").filled(Record(7, {"a": "b"}), "rows")


def test_the_only_column_is_the_prompt_whatever_its_name(rows_of):
    assert [each.prompt for each in rows_of("question\nWhy?\n", name="a.csv")] == ["Why?"]


@pytest.mark.parametrize(
    ("text", "settings", "says"),
    [
        ('{"a": 1, "b": 2}', {}, "line 1: there is no 'prompt' (there is: a, b)."),
        ('{"promt": 1, "b": 2}', {}, "Did you mean 'promt'?"),
        ('"a"\n{"prompt": null}', {}, "line 2: there is no 'prompt'"),
        ('"a"\n" "', {}, "line 2: the prompt is empty."),
        ('{"a": 1}\n{"b": 1}', {"template": "{a}"}, "line 2: there is no 'a'"),
        ('"a"', {"id_column": "id"}, "line 1: there is no 'id'"),
        ('{"prompt": "a", "id": ""}', {"id_column": "id"}, "no text or whole number"),
        ('{"prompt": "a", "id": true}', {"id_column": "id"}, "no text or whole number"),
        ('{"prompt": "a", "id": 1.0}', {"id_column": "id"}, "no text or whole number"),
        (
            '{"prompt": "a", "id": "x"}\n"b"\n{"prompt": "c", "id": "x"}'.replace(
                '"b"', '{"prompt": "b", "id": "y"}'
            ),
            {"id_column": "id"},
            "line 3: its 'id' is 'x', as in line 1 already.",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_row_is_told_with_its_line(rows_of, text, settings, says):
    with pytest.raises(ConfigError) as raised:
        rows_of(text, **settings).check()

    assert says in str(raised.value)


def test_ids_of_another_kind_are_other_ids(rows_of):
    text = '{"prompt": "a", "id": 1}\n{"prompt": "a", "id": "1"}\n'
    rows = rows_of(text, id_column="id")

    assert rows.check().count == 2
    assert len({each.key for each in rows}) == 2


def test_the_key_of_a_row_is_another_once_its_prompt_or_id_is():
    keys = [Row(1, row_id, prompt, {}).key for row_id in (1, "1", "x y") for prompt in ("a", "b")]

    assert len(set(keys)) == 6
    assert Row(1, 1, "a", {}).key == Row(9, 1, "a", {"more": 1}).key
    assert Row(1, "x y\n\x1b[2J", "\ud800", {}).key.startswith("x_y_2J:")


def test_a_secret_in_an_id_is_in_no_key():
    assert "gsk_" not in Row(1, "gsk_0123456789abcdef", "a", {}).key


def test_what_can_be_read_only_once_is_copied_first(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    feeder = threading.Thread(target=lambda: path.write_text('"a"\n"b"\n', encoding="utf-8"))
    feeder.start()
    with closing(Rows(str(path), "jsonl", None, None)) as rows:
        feeder.join(20)

        assert rows.check().count == 2
        assert [each.prompt for each in rows] == ["a", "b"]


def test_a_file_that_is_not_there_is_told_of(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        Rows(str(tmp_path / "none.csv"), None, None, None)
    with pytest.raises(ConfigError, match="directory"):
        Rows(str(tmp_path), None, None, None)
