"""Cases that are written from the definitions of tools."""

import json
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from agentkit import Tool, Toolbox, tool
from agentkit.evals.drafts import drafts
from agentkit.evals.matching import MATCHERS, problem
from agentkit.evals.reading import read_cases
from agentkit.evals.samples import fits, sample
from agentkit.evals.writing import written_call
from agentkit_tools import calculator, clock, files, sqlite, text


class Place(BaseModel):
    name: str
    height: float = 0.0


@tool(read_only=True)
def get_weather(
    city: str, unit: Literal["C", "F"] = "C", days: Annotated[int, Field(ge=1, le=5)] = 1
) -> str:
    """Get the weather of a city: now, or on the days to come.

    It is from the institute.

    Args:
        city: Where, such as Tromsø.
        unit: The scale.
        days: How many.
    """
    return ""


@tool(read_only=True)
def get_forecast(city: str, on: str) -> str:
    """Get the weather forecast of a city.

    Args:
        city: Where.
        on: The day, as '2026-05-17'.
    """
    return ""


@tool(destructive=True)
def delete_note(key: str, sure: bool = False) -> str:
    """Delete a note."""
    return ""


@tool
def route(places: list[Place], tags: list[str] | None = None) -> str:
    """Find a way."""
    return ""


TOOLS = Toolbox([get_weather, get_forecast, delete_note, route])


def by_id(tools):
    return {each["id"]: each for each in drafts(tools)}


def test_a_case_has_what_is_required_and_its_prompt_says_so():
    case = by_id(TOOLS)["get_weather"]

    assert case["prompt"] == 'Get the weather of a city: city "Tromsø".'
    assert case["calls"] == [{"name": "get_weather", "arguments": {"city": "Tromsø"}}]
    assert case["draft"] is True


def test_what_may_be_left_out_is_given_in_cases_of_its_own_and_never_as_its_default():
    found = by_id(TOOLS)

    assert found["get_weather:unit"]["calls"][0]["arguments"] == {"city": "Tromsø", "unit": "F"}
    assert found["get_weather:days"]["calls"][0]["arguments"]["days"] in (2, 3, 4, 5)
    assert found["delete_note:sure"]["calls"][0]["arguments"]["sure"] is True
    assert found["delete_note:sure"]["prompt"].endswith("sure yes.")


def test_some_cases_want_no_call():
    found = by_id(TOOLS)
    wanted = {"get_weather:what-is-missing", "delete_note:not-used", "no-call:thanks"}

    assert {name: found[name]["calls"] for name in wanted} == {name: [] for name in wanted}
    assert "get_weather:not-used" not in found  # it changes nothing


def test_tools_that_are_like_each_other_have_cases_that_tell_them_apart():
    found = by_id(TOOLS)

    assert found["get_weather:not-get_forecast"]["forbidden"] == ["get_forecast"]
    assert found["get_forecast:not-get_weather"]["calls"][0]["name"] == "get_forecast"
    assert "route:not-delete_note" not in found


def test_the_drafts_are_cases_of_a_file(tmp_path):
    tools = Toolbox(TOOLS, calculator, clock, files, sqlite, text)
    written = list(drafts(tools))
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in written), encoding="utf-8")
    cases = read_cases(file)

    assert [each.id for each in cases] == [each["id"] for each in written]
    assert all(each.draft and each.is_judged for each in cases)
    for case in cases:
        for call in case.all_turns[0].calls:
            assert fits(dict(call.arguments), tools[call.name].definition.parameters)


def test_the_same_tools_have_the_same_drafts():
    assert json.dumps(list(drafts(TOOLS))) == json.dumps(list(drafts(TOOLS)))


def test_no_tools_have_cases_without_calls():
    assert {tuple(each["calls"]) for each in drafts({})} == {()}


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("x", {"const": 4}, 4),
        ("x", {"enum": ["a", "b"], "default": "a"}, "b"),
        ("x", {"type": "string", "examples": ["Ada"]}, "Ada"),
        ("x", {"type": "string", "description": "A key, like 'k-1'."}, "k-1"),
        ("x", {"type": "string", "description": "For example Rome."}, "Rome"),
        ("x", {"type": "string", "format": "date"}, "2026-03-14"),
        ("toCity", {"type": "string"}, "Oslo"),
        ("file_name", {"type": "string", "pattern": r"^[a-z]+\.txt$"}, "notes.txt"),
        ("code", {"type": "string", "maxLength": 1}, "e"),
        ("x", {"type": "integer", "minimum": 100}, 101),
        ("x", {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ("x", {"type": "integer", "multipleOf": 12}, 12),
        ("x", {"type": "boolean", "default": True}, False),
        ("city", {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, "Oslo"),
        ("x", {"type": ["null", "integer"]}, 7),
        ("x", {"type": "array", "items": {"enum": ["a", "b", "c"]}}, ["a", "b"]),
        ("x", {"type": "array", "items": {"type": "integer"}, "maxItems": 1}, [7]),
        ("x", {"type": "object", "properties": {"city": {"type": "string"}}}, {"city": "Oslo"}),
        ("x", {"type": "string", "pattern": "^[QZ]{9}$"}, None),
        ("x", {"type": "string", "pattern": "("}, None),
        ("x", {"$ref": "https://example.com/schema"}, None),
        ("x", {}, None),
    ],
)
def test_a_value_that_fits_is_found_or_none(name, schema, value):
    assert sample(name, schema) == value


def test_a_schema_that_leads_back_to_itself_has_an_end():
    tree = {
        "type": "object",
        "properties": {"tree": {"$ref": "#/$defs/tree"}},
        "required": ["tree"],
    }
    schema = {**tree, "$defs": {"tree": tree}}
    grow = Tool.declared({"name": "grow", "parameters": schema}, lambda tree: "")

    assert by_id(Toolbox(grow))["grow"]["prompt"]


@pytest.mark.parametrize("name", sorted(MATCHERS))
def test_a_value_that_looks_like_a_matcher_stands_for_itself(tmp_path, name):
    value = {name: ["a"]}
    call = written_call("look", {"at": value, "in": [{"deep": value}]})
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps({"prompt": "Look.", "calls": [call]}), encoding="utf-8")
    (expected,) = read_cases(file)[0].calls

    assert problem(expected.arguments["at"], value) == ""
    assert problem(expected.arguments["in"], [{"deep": value}]) == ""
    assert problem(expected.arguments["at"], "a") != ""
