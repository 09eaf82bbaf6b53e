"""Every signature and kind of callable: the schema, and the call with what a model sends."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import callable_kinds
import pytest
import signatures
import signatures_models
import signatures_parameters
import signatures_plain
from jsonschema import Draft202012Validator
from pydantic.fields import FieldInfo
from signature_case import Case, kept

from agentkit import (
    Agent,
    Context,
    DefinitionError,
    FunctionCall,
    Request,
    Toolbox,
    UserMessage,
    tool,
)
from agentkit.testing import ScriptedInterface
from agentkit.wire import decode, encode

MODULES = (signatures, signatures_models, signatures_parameters, signatures_plain)
CASES: list[Case] = [case for module in MODULES for case in module.CASES]
DEPS = 42
FREE_KEYS = {"bare_collections", "mappings", "many_models", "keywords"}
NOT_IN_STRICT = {"default", "format", "pattern", "minimum", "prefixItems", "oneOf", "uniqueItems"}
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_kind = pytest.mark.parametrize("kind", callable_kinds.KINDS)


@pytest.fixture(autouse=True)
def _nothing_kept():
    kept.clear()


def assert_given(expected: tuple[Any, ...]) -> None:
    """The function ran once, with equal values of the same types."""
    assert kept == [expected]
    assert kinds(kept[0]) == kinds(expected)  # 1 == 1.0 == True


def kinds(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: kinds(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value), [kinds(each) for each in value]
    return type(value)


def published(toolbox: Toolbox, dialect: str) -> dict[str, Any]:
    """The one function in the body of a request."""
    request = Request(messages=(UserMessage("Go."),), definitions=toolbox.definitions)
    body = json.loads(encode(request, model="m", dialect=dialect))
    return body["functions"][0] if dialect == "functions" else body["tools"][0]["function"]


def replied(call: dict[str, str], dialect: str) -> FunctionCall:
    """The call in the body of a reply."""
    calls = [{"id": "call_1", "type": "function", "function": call}]
    spelled = {"function_call": call} if dialect == "functions" else {"tool_calls": calls}
    message = {"role": "assistant", "content": None, **spelled}
    return decode(json.dumps({"choices": [{"message": message}]}).encode()).message.calls[0]


def optional_defaults(case: Case) -> dict[str, Any]:
    parameters = inspect.signature(case.function).parameters.values()
    return {
        each.name: each.default
        for each in parameters
        if each.default is not inspect.Parameter.empty and not isinstance(each.default, FieldInfo)
    }


def given_by_name(case: Case) -> dict[str, Any]:
    return dict(zip(inspect.signature(case.function).parameters, kept[0], strict=True))


def test_there_are_at_least_32_signatures_with_names_of_their_own():
    assert len({case.name for case in CASES}) == len(CASES) >= 32


@every_case
def test_the_schema_is_exactly_the_expected_one(case: Case):
    parameters = tool(case.function).definition.parameters

    assert parameters == case.schema
    assert list(parameters["properties"]) == list(case.schema["properties"])


@every_case
def test_the_schema_is_valid_and_takes_what_the_model_sends(case: Case):
    Draft202012Validator.check_schema(case.schema)

    Draft202012Validator(case.schema).validate(case.sent)


@every_case
def test_no_reference_in_a_schema_leads_nowhere(case: Case):
    parameters = tool(case.function).definition.parameters

    for name in json.dumps(parameters).split('"#/$defs/')[1:]:
        assert name.partition('"')[0] in parameters.get("$defs", {})


@every_case
@pytest.mark.parametrize("dialect", ["functions", "tools"])
def test_a_call_in_either_dialect_hands_over_instances(case: Case, dialect: str):
    toolbox = Toolbox(case.function)
    call = replied({"name": case.name, "arguments": json.dumps(case.sent)}, dialect)

    assert published(toolbox, dialect) == {"name": case.name, "parameters": case.schema}
    assert toolbox.call(call, Context(DEPS)).content == "kept"
    assert_given(case.got())


@every_case
def test_an_agent_hands_over_instances(case: Case):
    model = ScriptedInterface(FunctionCall(case.name, json.dumps(case.sent)), "Done.")
    run = Agent(case.function, model).run("Go.", deps=DEPS)

    assert (run.output, run.steps[0].results[0].content) == ("Done.", "kept")
    assert model.requests[0].definitions[0].parameters == case.schema
    assert_given(case.got())


@every_case
@pytest.mark.parametrize("null", [False, True], ids=["left out", "null"])
def test_an_optional_argument_takes_its_default(case: Case, null: bool):
    defaults = optional_defaults(case)
    sent = {name: value for name, value in case.sent.items() if name not in defaults}
    sent |= {name: None for name in defaults if null}
    made = tool(case.function)

    Draft202012Validator(made.definition.parameters).validate(sent)
    Toolbox(made).call(FunctionCall(case.name, json.dumps(sent)))
    given = given_by_name(case)
    for name, default in defaults.items():
        assert given[name] is (None if null and takes_none(case, name) else default)


def takes_none(case: Case, name: str) -> bool:
    """Whether the annotation allows None, which then is a value and not "left out"."""
    return "None" in str(inspect.signature(case.function).parameters[name].annotation) or (
        (case.name, name) in {("defaults", "e"), ("everything", "c")}
    )


@every_kind
def test_every_kind_of_callable_has_the_same_definition(kind: str):
    definition = tool(callable_kinds.KINDS[kind]).definition

    assert definition.parameters == callable_kinds.SCHEMA
    assert definition.description == callable_kinds.DESCRIPTION


@every_kind
@pytest.mark.parametrize("dialect", ["functions", "tools"])
def test_every_kind_of_callable_is_called_in_either_dialect(kind: str, dialect: str):
    toolbox = Toolbox(callable_kinds.KINDS[kind])
    (name,) = toolbox
    call = replied({"name": name, "arguments": '{"city": "Rome", "days": null}'}, dialect)

    assert published(toolbox, dialect)["parameters"] == callable_kinds.SCHEMA
    assert toolbox.call(call).content == "kept"
    assert_given(("Rome", 3))


@every_kind
def test_every_kind_of_callable_is_called_by_an_agent(kind: str):
    made = tool(callable_kinds.KINDS[kind])
    model = ScriptedInterface(FunctionCall(made.name, '{"city": "Rome", "days": 1}'), "Done.")
    run = Agent(made, model).run("Go.")

    assert (run.output, run.steps[0].results[0].content) == ("Done.", "kept")
    assert_given(("Rome", 1))


def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, itself included."""
    if isinstance(value, list):
        for each in value:
            yield from schemas_in(each)
    elif isinstance(value, dict):
        yield value
        for key, inner in value.items():
            named = key in {"properties", "$defs"}
            yield from schemas_in(list(inner.values()) if named else inner)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.name not in FREE_KEYS], ids=lambda case: case.name
)
def test_the_strict_profile_closes_every_object_and_keeps_to_what_servers_take(case: Case):
    parameters = tool(case.function, strict=True).definition.parameters

    Draft202012Validator.check_schema(parameters)
    for each in schemas_in(parameters):
        assert not each.keys() & NOT_IN_STRICT
        if each.get("type") == "object":
            assert each["additionalProperties"] is False
            assert each["required"] == list(each["properties"])


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.name not in FREE_KEYS], ids=lambda case: case.name
)
def test_a_strict_tool_takes_all_arguments_with_null_for_the_optional_ones(case: Case):
    made = tool(case.function, strict=True)
    missing = {name: None for name in case.schema["properties"] if name not in case.sent}
    result = Toolbox(made).call(
        FunctionCall(case.name, json.dumps(case.sent | missing)), Context(DEPS)
    )

    assert result.content == "kept"
    assert len(kept) == 1


@pytest.mark.parametrize("case", [c for c in CASES if c.name in FREE_KEYS], ids=lambda c: c.name)
def test_the_strict_profile_refuses_free_keys(case: Case):
    with pytest.raises(DefinitionError, match=f"{case.name}: strict .* free keys.* strict=False"):
        _ = tool(case.function, strict=True).definition


def test_the_strict_refusal_names_the_parameter():
    def count(words: list[str], numbers: dict[str, int]): ...

    with pytest.raises(DefinitionError, match="numbers"):
        _ = tool(count, strict=True).definition
