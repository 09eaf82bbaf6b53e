"""Values out of JSON: what is found, and what is refused."""

import json
import sys

import pytest

from agentkit import Toolbox
from agentkit.testing import call
from agentkit_tools import _apart
from agentkit_tools import json as json_module

PEOPLE = {"people": [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 20}], "total": 2}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toolbox = Toolbox(json_module)
    return lambda **arguments: toolbox.call(call("query_json", **arguments)).content


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("total", 2),
        ("people[0].name", "Ada"),
        ("people[?age > `30`].name", ["Ada"]),
        ("sort_by(people, &age)[0]", {"name": "Bob", "age": 20}),
        ("length(people)", 2),
        ("keys(@)", ["people", "total"]),
        ("nothing.at[0].all", None),
        ("@", PEOPLE),
    ],
)
def test_values_are_picked_from_a_text_and_from_a_file(asked, tmp_path, expression, value):
    (tmp_path / "people.json").write_text("\ufeff" + json.dumps(PEOPLE), encoding="utf-8")
    shown = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))

    assert asked(expression=expression, text=json.dumps(PEOPLE)) == shown
    assert asked(expression=expression, path="people.json") == shown


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"expression": "people[", "text": "{}"}, "Error: Invalid jmespath expression: Incomplete expression."),
        ({"expression": "a b", "text": "{}"}, 'Unexpected token: b: Parse error at column 2, token "b" (UNQUOTED_IDENTIFIER).'),
        ({"expression": "", "text": "{}"}, "Error: "),
        ({"expression": "nonsense(@)", "text": "{}"}, "Unknown function: nonsense()"),
        ({"expression": "abs(@)", "text": '"a"'}, "In function abs(), invalid type"),
        ({"expression": "(" * 900, "text": "{}"}, "nested too deeply"),
        ({"expression": "a" * 1_001, "text": "{}"}, "expression"),
        ({"expression": "a", "text": "{'a': 1}"}, "That is no JSON: Expecting property name"),
        ({"expression": "a", "text": ""}, "That is no JSON"),
        ({"expression": "a", "text": "[" * 100_000}, "nested too deeply"),
        ({"expression": "a", "text": "1" * 5_000}, "That is no JSON"),
        ({"expression": "a"}, "Give either a text or a path."),
        ({"expression": "a", "text": "{}", "path": "a.json"}, "Give either a text or a path."),
        ({"expression": "a", "path": "none.json"}, "does not exist"),
        ({"expression": "a", "path": "../a.json"}, "leads out of its directory"),
        ({"expression": "a", "path": "/etc/passwd"}, "relative to the root"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_clear_error(asked, arguments, shown):
    said = asked(**arguments)

    assert said.startswith("Error: ")
    assert shown in said
    assert len(said) < 500


@pytest.mark.parametrize("text", ["[NaN]", '{"a": 1e999}', '["\\ud800"]', '{"a": 1, "a": 2}'])
def test_odd_json_does_no_harm(asked, text):
    assert not asked(expression="@", text=text).startswith("Error")


def test_an_expression_that_grows_without_end_is_stopped(asked, monkeypatch):
    monkeypatch.setattr(_apart, "_SECONDS", 1.0)

    said = asked(expression="|".join(["[@,@]"] * 60), text='["' + "x" * 100 + '"]')
    assert said == "Error: It was stopped after 1 seconds. Make it simpler or smaller."


def test_an_expression_that_fills_the_memory_is_stopped(asked, monkeypatch):
    monkeypatch.setattr(_apart, "_MEMORY", 150 << 20)

    said = asked(expression="|".join(["join('', [@,@])"] * 22), text='"' + "x" * 100 + '"')
    assert "too much memory" in said


def test_a_value_that_is_too_large_is_refused(asked, monkeypatch):
    monkeypatch.setattr(_apart, "_MAX_OUTPUT", 2_000_000)
    said = asked(expression="|".join(["join('', [@,@])"] * 15), text='"' + "x" * 100 + '"')

    assert said == "Error: The result has more than 2,000,000 bytes. Ask for less of it."


def test_a_missing_library_is_named(asked, monkeypatch):
    monkeypatch.setattr(_apart.PathFinder, "find_spec", lambda name, path: None)

    assert 'pip install "agentkit[tools]"' in asked(expression="a", text="{}")


def test_a_file_of_that_name_in_the_working_directory_is_not_imported(asked, tmp_path, monkeypatch):
    (tmp_path / "jmespath.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    assert asked(expression="a", text='{"a": 1}') == "1"
