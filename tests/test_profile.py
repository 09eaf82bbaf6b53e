"""JSON schemas in the forms that models and servers take."""

import copy
from typing import Any

import pytest

from agentkit import DefinitionError
from agentkit.profile import accepts_null, drop_nulls, plain, strict, tolerant

STRING = {"type": "string"}
NULL = {"type": "null"}


def of(required: str = "", **properties: Any) -> dict[str, Any]:
    names = {"required": required.split()} if required else {}
    return {"type": "object", "properties": properties, **names}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def test_plain_drops_titles_but_no_property_of_that_name():
    schema = {**of(title={**STRING, "title": "Title"}), "title": "Arguments"}

    assert plain(schema) == of(title=STRING)


def test_plain_inlines_definitions_and_keeps_what_stands_beside_the_reference():
    schema = {
        **of(a={**ref("A"), "description": "Mine."}),
        "$defs": {"A": {**of(b=ref("B")), "title": "A", "description": "Theirs."}, "B": STRING},
    }

    assert plain(schema) == of(a={**of(b=STRING), "description": "Mine."})


@pytest.mark.parametrize(
    "definitions",
    [
        {"A": of(a=ref("A"))},
        {"A": of(b=ref("B")), "B": {"type": "array", "items": ref("A")}},
        {"A": {"anyOf": [ref("A"), NULL]}},
        {"A": {"type": "object", "additionalProperties": ref("A")}},
    ],
)
def test_plain_keeps_recursive_definitions_alone(definitions: dict[str, Any]):
    schema = {**of(a=ref("A"), c=ref("C")), "$defs": {**definitions, "C": STRING}}

    assert plain(schema) == {**of(a=ref("A"), c=STRING), "$defs": definitions}


def test_plain_leaves_a_schema_without_noise_alone():
    schema = of("a", a={"type": "array", "items": STRING}, b={"anyOf": [STRING, NULL]})

    assert plain(schema) == schema


@pytest.mark.parametrize(
    "schema",
    [
        NULL,
        {},
        {"type": ["string", "null"]},
        {"anyOf": [STRING, NULL]},
        {"enum": [1, None]},
        {"const": None},
    ],
)
def test_null_is_accepted_where_a_schema_says_so_or_says_nothing(schema: Any):
    assert accepts_null(schema)


@pytest.mark.parametrize(
    "schema",
    [
        STRING,
        {"type": ["string"]},
        {"anyOf": [STRING]},
        {"enum": [1]},
        {"const": 1},
        ref("A"),
        {"oneOf": []},
    ],
)
def test_null_is_not_accepted_otherwise(schema: Any):
    assert not accepts_null(schema)


def test_tolerant_allows_null_for_what_may_be_left_out_at_every_depth():
    inner = of("b", b=STRING, c=STRING)
    wide = of("b", b=STRING, c={"anyOf": [STRING, NULL]})
    schema = of("a", a=inner, d={"type": "array", "items": inner})

    assert tolerant(schema) == of(
        "a", a=wide, d={"anyOf": [{"type": "array", "items": wide}, NULL]}
    )


def test_tolerant_adds_no_second_null_and_no_second_union():
    schema = of(a={"anyOf": [STRING, NULL]}, b={"anyOf": [STRING, {"type": "integer"}]}, c={})

    assert tolerant(schema)["properties"] == {
        "a": {"anyOf": [STRING, NULL]},
        "b": {"anyOf": [STRING, {"type": "integer"}, NULL]},
        "c": {},
    }


def test_tolerant_keeps_description_and_default_outside_the_union():
    schema = of(a={**STRING, "description": "Words.", "default": "x"})

    assert tolerant(schema)["properties"]["a"] == {
        "anyOf": [STRING, NULL],
        "description": "Words.",
        "default": "x",
    }


def test_strict_requires_everything_closes_every_object_and_allows_null():
    schema = {**of("a", a=of(b=STRING), c=STRING), "$defs": {"D": of(e=STRING)}}
    null_or = {"anyOf": [STRING, NULL]}

    assert strict(schema) == {
        **of("a c", a={**of("b", b=null_or), "additionalProperties": False}, c=null_or),
        "additionalProperties": False,
        "$defs": {"D": {**of("e", e=null_or), "additionalProperties": False}},
    }


@pytest.mark.parametrize(
    "noise",
    [
        *(
            {"default": "x"},
            {"format": "date"},
            {"pattern": "x"},
            {"minLength": 1},
            {"examples": []},
        ),
        *({"contentEncoding": "base64"}, {"maxLength": 2}),
    ],
)
def test_strict_leaves_out_what_servers_refuse(noise: dict[str, Any]):
    assert strict(of("a", a={**STRING, **noise}))["properties"] == {"a": STRING}


def test_strict_keeps_a_property_that_is_named_like_a_refused_keyword():
    schema = of("format pattern", format=STRING, pattern=STRING)

    assert strict(schema)["properties"] == {"format": STRING, "pattern": STRING}


def test_strict_spells_one_of_and_tuples_in_words_that_servers_know():
    same = {"type": "array", "prefixItems": [STRING, STRING]}
    mixed = {"type": "array", "prefixItems": [STRING, NULL]}
    schema = of("a b c", a={"oneOf": [STRING, NULL]}, b=same, c=mixed)

    assert strict(schema)["properties"] == {
        "a": {"anyOf": [STRING, NULL]},
        "b": {"type": "array", "items": STRING},
        "c": {"type": "array", "items": {"anyOf": [STRING, NULL]}},
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": STRING},
        of(a={"type": "object", "additionalProperties": True}),
        of(a={"type": "array", "items": {"type": "object", "additionalProperties": STRING}}),
        {**of(a=STRING), "additionalProperties": STRING},
    ],
)
def test_strict_refuses_free_keys_at_any_depth(schema: dict[str, Any]):
    with pytest.raises(DefinitionError, match="free keys"):
        strict(schema)


@pytest.mark.parametrize("change", [plain, tolerant, strict])
def test_the_given_schema_is_never_changed(change: Any):
    schema = of("a", a=of(b={**STRING, "title": "B"}), c={"anyOf": [STRING]})
    before = copy.deepcopy(schema)
    change(schema)

    assert schema == before


NULLS = [
    (of(a=STRING), {"a": None}, {}),
    (of("a", a=STRING), {"a": None}, {"a": None}),
    (of(a={"anyOf": [STRING, NULL]}), {"a": None}, {"a": None}),
    (of(a={}), {"a": None}, {"a": None}),
    (of(), {"a": None}, {"a": None}),
    (of("a", a=of(b=STRING)), {"a": {"b": None}}, {"a": {}}),
    (of(a={"anyOf": [of(b=STRING), NULL]}), {"a": {"b": None}}, {"a": {}}),
    (of(a={"type": "array", "items": of(b=STRING)}), {"a": [{"b": None}, None]}, {"a": [{}, None]}),
    (
        of(a={"type": "object", "additionalProperties": of(b=STRING)}),
        {"a": {"x": {"b": None}}},
        {"a": {"x": {}}},
    ),
    (of(a={"type": "array", "prefixItems": [of(b=STRING)]}), {"a": [{"b": None}]}, {"a": [{}]}),
    (of(a={"anyOf": [of(b=STRING), STRING]}), {"a": {"b": None}}, {"a": {}}),
    (
        {**of(a=ref("A")), "$defs": {"A": of(a=ref("A"), b=STRING)}},
        {"a": {"a": {"b": None}, "b": None}},
        {"a": {"a": {}}},
    ),
    (of(a=of(b=STRING)), {"a": "no object"}, {"a": "no object"}),
]


@pytest.mark.parametrize(("schema", "value", "expected"), NULLS, ids=lambda value: str(value)[:50])
def test_nulls_that_stand_for_left_out_are_dropped_and_no_others(
    schema: Any, value: Any, expected: Any
):
    assert drop_nulls(schema, value) == expected
