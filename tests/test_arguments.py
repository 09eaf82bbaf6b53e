"""Arguments of every readable spelling are read; damage is repaired where it is unambiguous."""

import json
from typing import Any

import pytest
from choosing import examples
from hypothesis import given
from hypothesis import strategies as st

from agentkit import FunctionCall
from agentkit.arguments import read_arguments, readable
from agentkit.errors import ArgumentsError

bounded = examples(200)
SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | FLOATS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=4)

READ = [
    ('{"a": 1}', {"a": 1}, ()),
    (" {} ", {}, ()),
    ('{"a": "\\u00e9\\n"}', {"a": "é\n"}, ()),
    ('```json\n{"a": 1}\n```', {"a": 1}, ("fence",)),
    ('```{"a": 1}```', {"a": 1}, ("fence",)),
    ("{'a': 'b'}", {"a": "b"}, ("single quotes",)),
    ("{'a': 'it\\'s \"b\"'}", {"a": 'it\'s "b"'}, ("single quotes",)),
    ('{"a": 1,}', {"a": 1}, ("trailing comma",)),
    ('{"a": [1, 2,], "b": {"c": 3,},}', {"a": [1, 2], "b": {"c": 3}}, ("trailing comma",)),
    (
        '{"a": True, "b": None, "c": False}',
        {"a": True, "b": None, "c": False},
        ("Python literals",),
    ),
    ('"{\\"a\\": 1}"', {"a": 1}, ("double encoding",)),
    (json.dumps(json.dumps('{"a": 1}')), {"a": 1}, ("double encoding",)),
    ("", {}, ("no arguments",)),
    (" \n", {}, ("no arguments",)),
    ("null", {}, ("no arguments",)),
    (None, {}, ("no arguments",)),
    ('""', {}, ("no arguments", "double encoding")),
    ({"a": 1}, {"a": 1}, ("object instead of text",)),
    ('{"a": {"b": "c"', {"a": {"b": "c"}}, ("truncated tail",)),
    ('{"a": true', {"a": True}, ("truncated tail",)),
    ('{"a": [1, 2]', {"a": [1, 2]}, ("truncated tail",)),
    ('{"a": 1}}', {"a": 1}, ("extra closing bracket",)),
    ('{"a": "x\ny\t"}', {"a": "x\ny\t"}, ("string escapes",)),
    ('{"a": "it\\\'s"}', {"a": "it's"}, ("string escapes",)),
    (
        "```\n{'a': None,}\n```",
        {"a": None},
        ("fence", "single quotes", "Python literals", "trailing comma"),
    ),
]

UNREADABLE = [
    *(
        '{"a": "Rom',
        '{"a": 12',
        '{"a": [1',
        '{"a": ["x"',
        '{"a": [{"b": "c"}',
        '{"a":',
        '{"a"',
        "{",
    ),
    *('{"a": "b",', '{"a": tru', '{"a": "\\u12', '{"a": 1} {"b": 2}', 'Sure: {"a": 1}', "{a: 1}"),
    *('{"a": 1, "a": 2}', "{'a': 1, \"a\": 2}", '{"a": NaN}', '{"a": -Infinity}', '{"a": (1, 2)}'),
    *('{"a": 1]', "[1, 2}", '{"a" 1}', '{"a": 1,, "b": 2}', '{"a": 0x10}', '{"a": yes}', '{"a": }'),
    *('"text"', "text", "[1]", "5", "true", '["a"]', '"[1]"', "[" * 100_000, '{"a":' * 100_000),
    *([1], 5, True, 1.5, b'{"a": 1}'),
]


@pytest.mark.parametrize(("text", "values", "repairs"), READ, ids=lambda value: repr(value)[:40])
def test_what_is_unambiguous_is_read_and_each_repair_named(text: Any, values: Any, repairs: Any):
    assert read_arguments(text) == (values, repairs)


@pytest.mark.parametrize("text", UNREADABLE, ids=lambda value: repr(value)[:40])
def test_what_would_be_a_guess_is_refused(text: Any):
    with pytest.raises(ArgumentsError, match=r"not valid JSON|must be a JSON object"):
        read_arguments(text)


@pytest.mark.parametrize("text", ["{q}1{Q}", "[{q}1{Q}]", '{{"x":{b}{B}}}'])
@pytest.mark.parametrize("levels", [65, 400, 2_000, 9_000, 100_000])
def test_arguments_too_deep_for_anyone_are_refused_alike_at_each_depth(text: str, levels: int):
    pieces = {"q": '{"a":' * levels, "Q": "}" * levels, "b": "[" * levels, "B": "]" * levels}
    with pytest.raises(ArgumentsError, match="nested more than 64 levels deep"):
        read_arguments(text.format(**pieces))


def test_arguments_may_be_64_levels_deep_and_as_wide_as_they_like():
    deep, wide = '{"a":' * 63 + "[]" + "}" * 63, json.dumps({"a": [[]] * 500})

    assert json.dumps(read_arguments(deep)[0]).replace(" ", "") == deep
    assert read_arguments(wide)[0] == {"a": [[]] * 500}


def test_a_refusal_shows_how_the_text_begins_and_what_json_says():
    with pytest.raises(ArgumentsError) as caught:
        read_arguments('{"a": ' + "x" * 1000)

    (problem,) = caught.value.problems
    assert "Expecting value: line 1 column 7" in problem
    assert '{\\"a\\": xxx' in problem
    assert len(problem) < 400


@pytest.mark.parametrize(
    ("text", "kind"), [("[1]", "an array"), ("1", "a number"), ("true", "a boolean")]
)
def test_a_refusal_names_the_kind_that_came(text: str, kind: str):
    with pytest.raises(ArgumentsError, match=f"must be a JSON object, not {kind}"):
        read_arguments(text)


def test_readable_arguments_stay_as_the_model_wrote_them():
    call = FunctionCall("f", '{ "a":1 }', "id")

    assert readable(call) == (call, ())


def test_repaired_arguments_are_replaced_by_their_json():
    call, repairs = readable(FunctionCall("f", "{'a': True,}", "id"))

    assert call == FunctionCall("f", '{"a": true}', "id")
    assert repairs == ("single quotes", "Python literals", "trailing comma")


def test_unreadable_arguments_move_aside():
    call, repairs = readable(FunctionCall("f", '{"a": "Rom', "id"))

    assert (call.arguments, call.malformed, repairs) == ("{}", '{"a": "Rom', ())
    assert readable(call) == (call, ())


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
@pytest.mark.parametrize("shape", ['{"a": %s}', "{'a': %s}", '{"a": %s,}'])
def test_a_number_too_large_for_json_never_makes_the_transcript_unreadable(number: str, shape: str):
    call, _ = readable(FunctionCall("f", shape % number))

    json.loads(call.arguments, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@bounded
@given(st.text(max_size=60) | st.text("{}[]\",:'\\ \nabTrue1.-`", max_size=40))
def test_any_text_is_read_or_refused(text: str):
    try:
        values, repairs = read_arguments(text)
    except ArgumentsError:
        return
    assert isinstance(values, dict)
    assert all(isinstance(name, str) for name in repairs)


@bounded
@given(OBJECTS)
def test_every_json_object_is_read_without_repair(values: dict[str, Any]):
    assert read_arguments(json.dumps(values)) == (values, ())


def python_literals(values: Any) -> str:
    """JSON with the words of Python where they stand as values."""
    if isinstance(values, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(k)}: {python_literals(v)}" for k, v in values.items())
            + "}"
        )
    if isinstance(values, list):
        return "[" + ", ".join(map(python_literals, values)) + "]"
    return repr(values) if values is None or isinstance(values, bool) else json.dumps(values)


def single_quotes(values: Any) -> str:
    if isinstance(values, dict):
        return (
            "{"
            + ", ".join(f"{single_quotes(k)}: {single_quotes(v)}" for k, v in values.items())
            + "}"
        )
    if isinstance(values, list):
        return "[" + ", ".join(map(single_quotes, values)) + "]"
    if isinstance(values, str):
        inner = json.dumps(values)[1:-1].replace('\\"', '"').replace("'", "\\'")
        return f"'{inner}'"
    return json.dumps(values)


def ending_in(values: dict[str, Any], z: Any) -> dict[str, Any]:
    """The values with `z` as the last one, wherever it stood."""
    return {**{name: value for name, value in values.items() if name != "z"}, "z": z}


DAMAGES = {
    "fence": lambda values: f"```json\n{json.dumps(values)}\n```",
    "double encoding": lambda values: json.dumps(json.dumps(values)),
    "trailing comma": lambda values: json.dumps(values)[:-1] + ",}",
    "truncated tail": lambda values: json.dumps(ending_in(values, {"z": "z"}))[:-2],
    "extra closing bracket": lambda values: json.dumps(values) + "}",
    "Python literals": lambda values: python_literals(ending_in(values, None)),
    "single quotes": lambda values: single_quotes(ending_in(values, "z")),
    "object instead of text": lambda values: values,
}


@pytest.mark.parametrize("repair", DAMAGES)
@bounded
@given(values=OBJECTS)
def test_each_repairable_damage_gives_back_the_object(repair: str, values: dict[str, Any]):
    damaged = DAMAGES[repair](values)
    added = {
        "truncated tail": {"z": {"z": "z"}},
        "Python literals": {"z": None},
        "single quotes": {"z": "z"},
    }

    read, repairs = read_arguments(damaged)

    assert read == values | added.get(repair, {})
    assert repairs == (repair,)


@bounded
@given(values=OBJECTS, data=st.data())
def test_a_text_cut_anywhere_gives_no_value_that_was_not_there(values: dict[str, Any], data: Any):
    text = json.dumps(values)
    cut = text[: data.draw(st.integers(1, len(text)))]

    try:
        read, _ = read_arguments(cut)
    except ArgumentsError:
        return
    assert within(read, values)


def within(part: Any, whole: Any) -> bool:
    """Whether each value of the part stands whole at its place."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and within(value, whole[name]) for name, value in part.items())
    return part == whole
