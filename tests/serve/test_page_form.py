"""Forms made from JSON schemas, and the arguments that are typed into them."""

import json

import pytest

from agentkit import tool
from agentkit.serve.page.form import MISSING, form_of


def schema(*required, **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


def kinds(parameters, typed=None):
    return {each.label: each.kind for each in form_of(parameters, typed).parts}


def filled(parameters, **typed):
    form = form_of(parameters, {f"/{name}": text for name, text in typed.items()})
    return form.value, [(each.name, each.problem) for each in form.problems]


POINT = schema("x", x={"type": "number"}, name={"type": "string"})


def test_each_type_has_its_kind_of_field():
    found = kinds(
        schema(
            text={"type": "string"},
            long={"type": "string", "maxLength": 5_000},
            count={"type": "integer"},
            either={"anyOf": [{"type": "integer"}, {"type": "null"}]},
            yes={"type": "boolean"},
            one={"enum": ["a", 2, None]},
            fixed={"const": "a"},
            lines={"type": "array", "items": {"type": "string"}},
            choices={"type": "array", "items": {"enum": ["a", "b"]}},
            point=POINT,
            points={"type": "array", "items": POINT},
            several={"anyOf": [{"type": "string"}, {"type": "integer"}]},
            free={"type": "object", "additionalProperties": {"type": "string"}},
            mixed={"anyOf": [POINT, {"type": "string"}]},
            pair={"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]},
            anything={},
            all=True,
        )
    )

    assert found == {
        "text": "text", "long": "long", "count": "number", "either": "number", "yes": "choice",
        "one": "choice", "fixed": "choice", "lines": "lines", "choices": "list", "point": "object",
        "points": "list", "several": "text", "free": "json", "mixed": "json", "pair": "json",
        "anything": "json", "all": "json",
    }  # fmt: skip


def test_references_are_followed_and_what_holds_itself_is_json():
    node = schema("name", name={"type": "string"}, next={"$ref": "#/$defs/Node"})
    whole = schema(a={"$ref": "#/$defs/Point"}, b={"$ref": "#/$defs/Node"})
    form = form_of({**whole, "$defs": {"Point": POINT, "Node": node}})

    assert [each.kind for each in form.parts] == ["object", "json"]
    assert [each.label for each in form.parts[0].parts] == ["x", "name"]


@pytest.mark.parametrize(
    ("inner", "typed", "value"),
    [
        ({"type": "string"}, "12", "12"),
        ({"type": "integer"}, "12", 12),
        ({"type": "integer"}, "12.0", 12),
        ({"type": "number"}, "1e3", 1000.0),
        ({"type": "boolean"}, "false", False),
        ({"enum": ["a", 2]}, "2", 2),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "12", 12),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "1.5", "1.5"),
        ({"type": ["string", "null"]}, "x", "x"),
        ({"allOf": [{"type": "integer"}]}, "3", 3),
        ({"type": "array", "items": {"type": "integer"}}, "1\n\n2\n", [1, 2]),
        ({"type": "array", "items": {"type": "string"}}, "1\n2", ["1", "2"]),
        ({}, '{"a": [1]}', {"a": [1]}),
        ({"type": "string"}, "a\u202e\x00", "a\u202e\x00"),
    ],
)
def test_what_is_typed_means_a_value(inner, typed, value):
    assert filled(schema("a", a=inner), a=typed) == ({"a": value}, [])
    assert type(filled(schema("a", a=inner), a=typed)[0]["a"]) is type(value)


@pytest.mark.parametrize(
    ("inner", "typed", "problem"),
    [
        ({"type": "integer"}, "1.5", "'1.5' is no whole number."),
        ({"type": "integer"}, "true", "'true' is no whole number."),
        ({"type": "number"}, "NaN", "'NaN' is no number."),
        ({"type": "number"}, "1e999", "'1e999' is no number."),
        ({"type": "number"}, "", "This is needed."),
        ({"enum": ["a"]}, "", "This is needed."),
        ({"type": "array", "items": {"type": "integer"}}, "1\nx", "'x' is no whole number."),
    ],
)
def test_what_does_not_fit_is_told(inner, typed, problem):
    value, problems = filled(schema("a", a=inner), a=typed)

    assert value == {}
    assert problems == [("/a", problem)]


def test_json_that_is_none_is_told():
    for typed in ("{", "[" * 100_000, '{"a": Infinity}'):
        value, ((name, problem),) = filled(schema(a={}), a=typed)
        assert (value, name) == ({}, "/a")
        assert problem.startswith("This is no JSON: ")


def test_what_is_left_empty_is_left_out_or_stands_for_nothing():
    nullable = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    parameters = schema(
        "text", "null", "lines", "list", "point",
        text={"type": "string"}, null=nullable, lines={"type": "array", "items": {"type": "string"}},
        list={"type": "array", "items": POINT}, point=schema(x={"type": "number"}),
        may={"type": "string"}, maybe=nullable, inner=POINT, inners={"type": "array", "items": POINT},
    )  # fmt: skip

    assert filled(parameters) == (
        {"text": "", "null": None, "lines": [], "list": [], "point": {}},
        [],
    )


def test_an_optional_object_is_needed_whole_once_it_is_begun():
    parameters = schema(point=POINT)
    assert filled(parameters) == ({}, [])
    value, problems = filled(parameters, **{"point/name": "home"})

    assert value == {"point": {"name": "home"}}
    assert problems == [("/point/x", "This is needed.")]


def test_items_are_added_and_taken_away():
    parameters = schema(points={"type": "array", "items": POINT})
    form = form_of(parameters, {"change": "add:/points"}, tells=False)
    assert [each.name for each in form.parts[0].parts] == ["/points/0"]
    assert not form.problems
    typed = {"/points#": "1", "/points/0/x": "1", "change": "add:/points"}
    assert len(form_of(parameters, typed).parts[0].parts) == 2
    assert not form_of(parameters, {**typed, "change": "drop:/points"}).parts[0].parts
    assert form_of(parameters, {**typed, "change": "call"}).value == {"points": [{"x": 1}]}
    for digits in (30, 5_000):
        many = form_of(parameters, {"/points#": "9" * digits})
        assert len(many.parts[0].parts) == 100


def test_names_of_any_kind_have_fields_of_their_own():
    parameters = schema(
        **{"a/b": {"type": "string"}, "a~b": {"type": "string"}, "a b": {"type": "string"}}
    )
    form = form_of(parameters, {"/a~1b": "1", "/a~0b": "2", "/a_b": "3"})

    assert form.value == {"a/b": "1", "a~b": "2", "a b": "3"}


def test_what_is_deep_is_json():
    inner = {"type": "string"}
    for _ in range(20):
        inner = schema(a=inner)
    form, depth = form_of(inner), 0
    while form.parts:
        form, depth = form.parts[0], depth + 1

    assert (form.kind, depth) == ("json", 5)


def test_the_schema_of_a_function_is_a_form():
    @tool
    def plan(
        start: str, days: int = 3, *, tags: list[str] | None = None, exact: bool = False
    ) -> str:
        """Plan.

        Args:
            days: How many.
        """
        return ""

    form = form_of(plan.definition.parameters)

    assert {each.label: each.hint for each in form.parts} == {
        "start": "", "days": "How many. (if left out: 3)", "tags": "", "exact": "if left out: false",
    }  # fmt: skip
    assert [each.required for each in form.parts] == [True, False, False, False]
    assert json.dumps(form.value) == '{"start": ""}'
    assert not MISSING
