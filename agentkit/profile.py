"""JSON schemas in the form that models and servers take.

Sources of what servers refuse: OpenAI's guide to structured outputs and Groq's error texts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from agentkit.errors import DefinitionError

Schema = dict[str, Any]

_BY_NAME = ("properties", "patternProperties", "$defs")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "contains", "propertyNames", "not")
_REFUSED_IF_STRICT = (
    "default examples format pattern minLength maxLength minimum maximum exclusiveMinimum "
    "exclusiveMaximum multipleOf minItems maxItems uniqueItems minProperties maxProperties "
    "patternProperties propertyNames contains contentEncoding contentMediaType discriminator"
)
_NOISE = ("title", "$defs", "discriminator")  # the last is OpenAPI's, and its references dangle
_NULL: Schema = {"type": "null"}
_PLAIN = (str, int, float, bool)  # types of values with no null in them


def _each(schema: Mapping[str, Any], change: Callable[[Any], Any]) -> Schema:
    """The schema with each schema directly inside it changed; true and false stay as they are."""
    out = dict(schema)
    for key in out.keys() & {*_BY_NAME}:
        out[key] = {name: _named(name, change, inner) for name, inner in out[key].items()}
    for key in out.keys() & {*_LISTS}:
        out[key] = [change(inner) if isinstance(inner, dict) else inner for inner in out[key]]
    for key in out.keys() & {*_SINGLE}:
        if isinstance(out[key], dict):
            out[key] = change(out[key])
    return out


def _named(name: str, change: Callable[[Any], Any], schema: Any) -> Any:
    try:
        return change(schema) if isinstance(schema, dict) else schema
    except DefinitionError as error:
        raise DefinitionError(f"{name}: {error}") from None


def plain(schema: Schema) -> Schema:
    """The schema without titles, and with `$defs` inlined unless they are recursive."""
    definitions: Schema = schema.get("$defs", {})
    recursive = {name for name in definitions if name in _reach(definitions[name], definitions)}

    def change(inner: Schema) -> Schema:
        rest = {key: value for key, value in inner.items() if key not in _NOISE}
        name = _target(inner)
        if name in definitions and name not in recursive:
            del rest["$ref"]
            return change({**definitions[name], **rest})
        if "properties" in rest and isinstance(rest.get("additionalProperties"), bool):
            del rest["additionalProperties"]  # noise: what is extra is told when a call comes in
        return _each(rest, change)

    out = change(schema)
    if kept := {name: change(definitions[name]) for name in definitions if name in recursive}:
        out["$defs"] = kept
    return out


def _target(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).removeprefix("#/$defs/")


def _inside(schema: Mapping[str, Any]) -> Iterator[Schema]:
    for key in _BY_NAME:
        yield from schema.get(key, {}).values()
    for key in _LISTS:
        yield from schema.get(key, ())
    yield from (schema[key] for key in _SINGLE if isinstance(schema.get(key), dict))


def _reach(schema: Schema, definitions: Schema) -> set[str]:
    """The names of all definitions that the schema leads to."""
    found: set[str] = set()
    todo = [schema]
    while todo:
        current = todo.pop()
        name = _target(current)
        if name in definitions and name not in found:
            found.add(name)
            todo.append(definitions[name])
        todo.extend(_inside(current))
    return found


def accepts_null(schema: Mapping[str, Any] | bool) -> bool:
    """Whether None is a value of the schema."""
    if isinstance(schema, bool):
        return schema
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return True
    if "anyOf" in schema:
        return any(accepts_null(inner) for inner in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return None in schema.get("enum", [schema.get("const", "")])
    return not schema.keys() & {"type", "$ref", "allOf", "oneOf", "not"}


def _with_null(schema: Schema) -> Schema:
    if accepts_null(schema):
        return schema
    outer: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in outer}
    choices = inner["anyOf"] if inner.keys() == {"anyOf"} else [inner]
    return {"anyOf": [*choices, _NULL], **outer}


def tolerant(schema: Schema) -> Schema:
    """The schema with null allowed for whatever may be left out.

    Models send null for it, and Groq refuses such a call on its side unless the schema allows it.
    """
    out = _each(schema, tolerant)
    if "properties" in out:
        required = out.get("required", ())
        out["properties"] = {
            name: inner if name in required else _with_null(inner)
            for name, inner in out["properties"].items()
        }
    return out


def strict(schema: Schema) -> Schema:
    """The schema in the profile that servers call strict.

    Every property is required, with null for what may be left out; no object takes others; what
    the profile does not know is left out, and still checked when a call comes in.

    Raises:
        DefinitionError: The schema has an object with free keys.
    """
    refused = _REFUSED_IF_STRICT.split()
    kept = {key: value for key, value in schema.items() if key not in refused}
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")
    if "prefixItems" in kept:
        choices = kept.pop("prefixItems")
        kept["items"] = choices[0] if all(c == choices[0] for c in choices) else {"anyOf": choices}
    out = _each(kept, strict)
    if out.get("type") == "object":
        if isinstance(schema.get("additionalProperties"), dict) or "properties" not in schema:
            raise DefinitionError("an object with free keys; give it fields, or use strict=False")
        out = {**tolerant(out), "required": list(out["properties"]), "additionalProperties": False}
    return out


def without(schema: Schema, keywords: Collection[str]) -> Schema:
    """The schema without some keywords; without `$ref` the schema that it names stands in place."""
    if "$ref" in keywords:
        schema = plain(schema)
    kept = {key: value for key, value in schema.items() if key not in keywords}
    if "const" in schema.keys() - kept:
        kept["enum"] = [schema["const"]]
    return _each(kept, lambda inner: without(inner, keywords))


def drop_nulls(schema: Any, value: Any, root: Mapping[str, Any] | None = None) -> Any:
    """The value without the nulls that stand for "left out"."""
    if type(value) is dict and all(type(each) in _PLAIN for each in value.values()):
        return value
    root = root if root is not None else schema
    schema = _branch(schema, value, root)
    if isinstance(value, list):
        first, rest = schema.get("prefixItems", ()), schema.get("items")
        known = [*first, *[rest] * (len(value) - len(first))]
        return [drop_nulls(inner, each, root) for inner, each in zip(known, value, strict=False)]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties", {}), schema.get("required", ())
    others = schema.get("additionalProperties")
    return {
        name: drop_nulls(properties.get(name, others), each, root)
        for name, each in value.items()
        if not (each is None and name in properties and name not in required)
        or accepts_null(properties[name])
    }


def _branch(schema: Any, value: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a schema that a list or an object is meant for: of a choice, the first to fit."""
    if not isinstance(schema, Mapping):  # true or false, which say nothing of what is inside
        return {}
    if name := _target(schema):
        return _branch(root.get("$defs", {}).get(name, {}), value, root)
    choices = schema.get("anyOf") or schema.get("oneOf") or ()
    if not choices or not isinstance(value, list | dict):
        return schema
    reached = (_branch(choice, value, root) for choice in choices)
    return next((each for each in reached if _fits(each, value)), {})


def _fits(schema: Mapping[str, Any], value: list[Any] | dict[str, Any]) -> bool:
    if isinstance(value, list):
        return schema.get("type") == "array"
    properties = schema.get("properties")
    if properties is None:
        return schema.get("type") == "object"
    fixed = {name: each["const"] for name, each in properties.items() if "const" in each}
    return (
        set(schema.get("required", ())) <= value.keys() <= properties.keys()
        and {name: value[name] for name in fixed.keys() & value.keys()}.items() <= fixed.items()
    )
