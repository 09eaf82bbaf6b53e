"""Rows as they are read, and as they are sent."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from benchmarks.bfcl.data import DATA, read_rows
from benchmarks.bfcl.definitions import definitions, json_schema
from benchmarks.bfcl.scores import offline_scores

ROWS = {
    "simple_python": 200,
    "multiple": 100,
    "parallel": 100,
    "parallel_multiple": 100,
    "irrelevance": 120,
    "live_simple": 134,
    "live_multiple": 517,
    "live_irrelevance": 444,
}


def official(place, rows):
    """Write rows as the leaderboard has them."""
    answers = place / "possible_answer"
    answers.mkdir()
    for row in rows:
        question = {"id": row.id, "question": [row.messages], "function": row.functions}
        name = f"BFCL_v4_{row.category}.json"
        with (place / name).open("a", encoding="utf-8") as file:
            print(json.dumps(question), file=file)
        if row.accepted:
            with (answers / name).open("a", encoding="utf-8") as file:
                print(json.dumps({"id": row.id, "ground_truth": row.accepted}), file=file)


def test_half_of_the_leaderboard_is_here():
    rows = read_rows()

    assert Counter(row.category for row in rows) == ROWS
    assert len({row.key for row in rows}) == len(rows)
    assert all(bool(row.accepted) != row.category.endswith("irrelevance") for row in rows)


def test_the_leaderboards_own_directory_gives_the_same_rows(tmp_path):
    rows = read_rows(limit=3)
    official(tmp_path, rows)
    (tmp_path / "BFCL_v4_multi_turn_base.json").write_text("what is not scored is not read")

    assert read_rows(tmp_path) == rows
    assert read_rows(tmp_path, ["multiple"]) == [row for row in rows if row.category == "multiple"]


def test_rows_of_ones_own_are_lines_of_json_in_a_file_for_each_category(tmp_path):
    row = read_rows(categories=["multiple"], limit=1)[0]
    line = {"id": "1", "messages": row.messages, "functions": row.functions}
    (tmp_path / "mine.jsonl").write_text(json.dumps(line) + "\n\n")

    (found,) = read_rows(tmp_path)

    assert (found.category, found.accepted, found.prompt) == ("mine", [], row.prompt)


def test_the_row_on_the_page_is_scored(tmp_path):
    page = (DATA.parents[1] / "README.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("```json\n")
    (tmp_path / "alarms.jsonl").write_text(rest.partition("```")[0])

    found = offline_scores(place=tmp_path)

    assert found["alarms"] == replace(found["all"], category="alarms")
    assert (found["alarms"].rows, found["alarms"].errors) == (1, 0)


def test_rows_are_drawn_by_the_seed_alone():
    first, again, other = (read_rows(limit=20, seed=seed) for seed in (0, 0, 1))

    assert first == again != other
    assert Counter(row.category for row in first) == dict.fromkeys(ROWS, 20)
    assert [row for row in read_rows() if row in first] == first


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"id": "a", "messages": []}', "row 1: it has no 'functions'"),
        ("{", "row 1: Expecting"),
        ('{"id": "a", "question": [[], []], "function": []}', "row 1: it has 2 turns"),
        ("[]", "row 1: it is no JSON object"),
    ],
    ids=["incomplete", "no JSON", "turns", "list"],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path, line, told):
    (tmp_path / "mine.jsonl").write_text(line)

    with pytest.raises(SystemExit, match=f"mine.jsonl, {told}"):
        read_rows(tmp_path)


def test_a_category_that_is_not_there_is_told_with_those_that_are(tmp_path):
    with pytest.raises(SystemExit, match=r"no data for java: simple_python, multiple"):
        read_rows(DATA, ["java", "multiple"])
    with pytest.raises(SystemExit, match="no data for any category"):
        read_rows(tmp_path)


def test_functions_are_sent_as_json_schema_under_names_that_servers_take():
    for row in read_rows(limit=5):
        for each in definitions(row):
            Draft202012Validator.check_schema(each.parameters)
            assert each.name.replace("_", "").replace("-", "").isalnum()


def test_type_words_are_translated_at_each_depth_and_names_are_not():
    schema = {
        "type": "dict",
        "properties": {
            "type": {"type": "float", "optional": True, "default": 1.0},
            "any": {"type": "any", "description": "Whatever."},
            "pairs": {"type": "tuple", "items": {"type": "dict", "properties": {}}},
        },
        "required": ["type"],
    }

    assert json_schema(schema) == {
        "type": "object",
        "properties": {
            "type": {"type": "number", "default": 1.0},
            "any": {"description": "Whatever."},
            "pairs": {"type": "array", "items": {"type": "object", "properties": {}}},
        },
        "required": ["type"],
    }
