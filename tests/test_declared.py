"""Tools with a ready JSON schema: checked when declared, and their arguments by jsonschema."""

import socket
from typing import Any

import pytest

from agentkit import Agent, Context, DefinitionError, FunctionCall, Tool, Toolbox
from agentkit.testing import ScriptedInterface, call

WEATHER = {
    "name": "weather",
    "description": "The weather.",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "title": "City", "minLength": 2},
            "days": {"type": "integer", "maximum": 7},
            "places": {"type": "array", "items": {"$ref": "#/$defs/place"}},
        },
        "required": ["city"],
        "additionalProperties": False,
        "$defs": {"place": {"type": "object", "properties": {"x": {"type": "number"}}}},
    },
}


def show(**given: Any) -> dict[str, Any]:
    return given


def declared(parameters: Any, function: Any = show, **options: Any) -> Tool[..., Any]:
    return Tool.declared({"name": "made", "parameters": parameters}, function, **options)


def answer(made: Tool[..., Any], arguments: dict[str, Any], context: Any = None) -> str:
    return Toolbox(made).call(call(made.name, arguments), context).content


def test_the_definition_is_published_as_it_is():
    made = Tool.declared(WEATHER, show)

    assert made.definition.to_dict() == WEATHER


def test_arguments_arrive_by_keyword_through_an_agent():
    model = ScriptedInterface(call("weather", city="Rome", places=[{"x": 1}]), "Done.")
    run = Agent(Tool.declared(WEATHER, show), model).run("Go.")

    assert run.steps[0].results[0].content == '{"city":"Rome","places":[{"x":1}]}'


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({}, "arguments: 'city' is a required property"),
        ({"city": "R"}, "city: 'R' is too short (minLength: 2)"),
        ({"city": 5}, "city: 5 is not of type 'string' (type: \"string\")"),
        ({"city": "Rome", "days": 8}, "days: 8 is greater than the maximum of 7 (maximum: 7)"),
        ({"city": "Rome", "places": [{"x": "a"}]}, "places[0].x: 'a' is not of type 'number'"),
        ({"city": "Rome", "town": 1}, "('town' was unexpected)"),
    ],
)
def test_what_does_not_fit_is_told_by_path_value_and_expectation(arguments: Any, line: str):
    content = answer(Tool.declared(WEATHER, show), arguments)

    assert content.startswith("Error: Wrong arguments for weather:\n- ")
    assert line in content


def test_each_problem_has_a_line_of_its_own_and_a_bounded_length():
    content = answer(Tool.declared(WEATHER, show), {"city": 5, "days": "x" * 9_000})

    assert len(content.splitlines()) == 3
    assert len(content) < 600


def test_null_stands_for_an_optional_argument_left_out():
    assert answer(Tool.declared(WEATHER, show), {"city": "Rome", "days": None}) == '{"city":"Rome"}'


def test_null_stays_where_the_schema_allows_it():
    made = declared({"properties": {"a": {"type": ["integer", "null"]}, "b": {"enum": [1, None]}}})

    assert answer(made, {"a": None, "b": None}) == '{"a":null,"b":null}'


@pytest.mark.parametrize("parameters", [None, {}, {"type": "object"}])
def test_no_parameters_are_an_object_without_properties(parameters: Any):
    made = declared(parameters)

    assert made.definition.parameters == {"type": "object", "properties": {}}
    assert answer(made, {}) == "{}"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"type": "array"}, "made: parameters must be of type 'object'"),
        (
            {"properties": {"a": {"type": "integr"}}},
            r"'integr' is not valid.*at /properties/a/type",
        ),
        ({"required": "a"}, r"'a' is not of type 'array' \(at /required\)"),
        ({"properties": {"a": {"pattern": "("}}}, "is not a 'regex'"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, r"'#/\$defs/b' leads nowhere inside"),
        ({"properties": {"a": {"$ref": "b.json"}}}, "'b.json' leads nowhere inside"),
        ([1], "made"),
        ("text", "made"),
    ],
)
def test_a_schema_that_is_none_is_refused_when_declared(parameters: Any, words: str):
    with pytest.raises(DefinitionError, match=words):
        declared(parameters)


@pytest.mark.parametrize("definition", [{}, {"name": None}, {"name": 5}, {"description": "x"}])
def test_a_definition_without_a_name_is_refused(definition: Any):
    with pytest.raises(DefinitionError, match="has no 'name'"):
        Tool.declared(definition, show)


def test_a_reference_is_never_fetched(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("opened a socket"))

    with pytest.raises(DefinitionError, match="leads nowhere"):
        declared({"properties": {"a": {"$ref": "http://127.0.0.1:9/schema"}}})


def test_a_schema_names_its_own_draft():
    draft4 = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"a": {"type": "integer", "minimum": 1, "exclusiveMinimum": True}},
    }

    assert "less than or equal to the minimum of 1" in answer(declared(draft4), {"a": 1})


@pytest.mark.parametrize("schema", [True, {}])
@pytest.mark.parametrize("strict", [False, True])
def test_a_property_without_a_schema_takes_anything(schema: Any, strict: bool):
    made = declared({"properties": {"a": schema}}, strict=strict)

    assert made.definition.parameters["properties"] == {"a": schema}
    assert answer(made, {"a": [None]}) == '{"a":[null]}'


@pytest.mark.parametrize("choices", [[True, {"type": "null"}], [{"type": "null"}, True]])
def test_boolean_schemas_are_choices_too(choices: Any):
    made = declared({"properties": {"a": {"anyOf": choices}}, "required": ["a"]})

    assert answer(made, {"a": {"b": 1}}) == '{"a":{"b":1}}'


def test_a_property_named_like_a_keyword_is_a_property():
    made = declared({"properties": {"$ref": {"type": "string"}, "properties": {"type": "string"}}})

    assert answer(made, {"$ref": "x", "properties": "y"}) == '{"$ref":"x","properties":"y"}'


def test_a_value_that_looks_like_a_reference_is_none():
    made = declared({"properties": {"a": {"enum": [{"$ref": "elsewhere"}]}}})

    assert answer(made, {"a": {"$ref": "elsewhere"}}) == '{"a":{"$ref":"elsewhere"}}'


def test_references_by_anchor_and_pointer_are_followed():
    parameters = {
        "properties": {"a": {"$ref": "#word"}, "b": {"$ref": "#/properties/a"}},
        "$defs": {"w": {"$anchor": "word", "type": "string"}},
    }

    assert answer(declared(parameters), {"a": "x", "b": "y"}) == '{"a":"x","b":"y"}'
    assert "b: 5 is not of type 'string'" in answer(declared(parameters), {"b": 5})


def test_the_context_is_handed_over_and_cannot_be_given_by_a_model():
    def who(context: Context[str], **given: Any) -> list[Any]:
        return [context.deps, given]

    made = declared({"properties": {"a": {"type": "integer"}}}, who)

    assert answer(made, {"a": 1}, Context("deps")) == '["deps",{"a":1}]'
    assert answer(made, {"context": "mine"}, Context("deps")) == '["deps",{}]'


def test_options_are_those_of_a_tool_and_win_over_the_definition():
    made = Tool.declared(WEATHER, show, name="sky", description="Mine.", read_only=True)

    assert (made.name, made.definition.description, made.read_only) == ("sky", "Mine.", True)
    assert "Wrong arguments for sky" in Toolbox(made).call(FunctionCall("sky")).content


def test_strict_is_published_closed_and_the_whole_schema_still_checked():
    made = Tool.declared(WEATHER, show, strict=True)
    properties = made.definition.parameters["properties"]

    assert made.definition.parameters["required"] == ["city", "days", "places"]
    assert "minLength" not in properties["city"]
    assert "is too short" in answer(made, {"city": "R", "days": None, "places": None})


def test_a_function_that_takes_other_names_is_an_error_message():
    made = declared({"properties": {"a": {"type": "integer"}}}, lambda b: b)

    assert answer(made, {"a": 1}).startswith("Error: TypeError: ")


def test_a_function_without_a_readable_signature_has_no_context():
    made = declared({"properties": {"a": {"type": "integer"}}}, dict)

    assert answer(made, {"a": 1}) == '{"a":1}'


@pytest.mark.parametrize("reference", ["$ref", "$dynamicRef"])
def test_references_that_nobody_could_follow_to_the_end_are_refused(reference: str):
    twice = {f"d{n}": {"allOf": [{reference: f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    schema = {"type": "object", "properties": {"a": {reference: "#/$defs/d0"}}}

    with pytest.raises(DefinitionError, match="too large to be checked"):
        declared({**schema, "$defs": {**twice, "d40": {"type": "string"}}})


def test_references_that_lead_back_are_followed_as_far_as_the_arguments_go():
    tree = {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}

    assert answer(declared(tree), {"left": {"right": {}}}) == '{"left":{"right":{}}}'
    assert "left.right" in answer(declared(tree), {"left": {"right": 5}})
