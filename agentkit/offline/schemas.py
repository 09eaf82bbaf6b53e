"""The functions of a request as the offline model reads them; odd schemas read as "any"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agentkit.offline.words import GENERIC, STOP, name_words, stems

__all__ = ["Function", "Parameter", "read_functions"]

_KINDS = ("string", "integer", "number", "boolean", "array", "object")
_EXAMPLE = re.compile(r"(?<!\w)'([^']{1,40})'(?!\w)|\"([^\"]{1,40})\"")
_DEPTH = 4
_MOST = 128


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument that a function takes.

    Args:
        kind: Its JSON type, or "any".
        choices: The values of its enum.
        examples: Words that its description quotes: likely values.
        item: What an array holds.
        fields: What an object holds.
    """

    name: str
    kind: str
    description: str
    required: bool
    choices: tuple[Any, ...]
    format: str
    item: Parameter | None
    fields: tuple[Parameter, ...]

    @property
    def examples(self) -> tuple[str, ...]:
        """The words that its description quotes."""
        found = _EXAMPLE.findall(self.description)
        return tuple(one or other for one, other in found)

    @property
    def keywords(self) -> dict[str, float]:
        """The words that stand near its value, each with its weight."""
        told = (word for word in stems(self.description) if word.isalpha())
        words = {word: 0.4 for word in told if word not in STOP and word not in GENERIC}
        return words | {w: 0.4 if w in GENERIC else 1.0 for w in name_words(self.name)}


@dataclass(frozen=True, slots=True)
class Function:
    """A function that may be called, and the words that speak for it."""

    name: str
    words: tuple[str, ...]
    description: frozenset[str]
    details: frozenset[str]
    parameters: tuple[Parameter, ...]


def read_functions(body: dict[str, Any]) -> tuple[Function, ...]:
    """The functions of a request in either dialect; what makes no sense is left out."""
    tools = [each.get("function") for each in _dicts(body.get("tools"))]
    found = _dicts([*_dicts(body.get("functions")), *tools])[:_MOST]
    return tuple(_function(each) for each in found if isinstance(each.get("name"), str))


def _function(raw: dict[str, Any]) -> Function:
    schema = raw.get("parameters")
    root = schema if isinstance(schema, dict) else {}
    parameters = _fields(root, root, 0)
    text = " ".join(_texts(parameters))
    return Function(
        name=raw["name"],
        words=name_words(raw["name"]),
        description=frozenset(stems(str(raw.get("description") or ""))) - STOP,
        details=frozenset(stems(text)) - STOP,
        parameters=parameters,
    )


def _texts(parameters: tuple[Parameter, ...]) -> list[str]:
    return [
        " ".join((" ".join(name_words(each.name)), each.description, *map(str, each.choices)))
        for each in parameters
    ]


def _fields(schema: dict[str, Any], root: dict[str, Any], depth: int) -> tuple[Parameter, ...]:
    properties = schema.get("properties")
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    if not isinstance(properties, dict) or depth > _DEPTH:
        return ()
    return tuple(_parameter(n, s, root, n in names, depth) for n, s in properties.items())


def _parameter(name: str, raw: Any, root: dict[str, Any], required: bool, depth: int) -> Parameter:
    schema = _plain(raw, root, 0)
    items = schema.get("items")
    choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return Parameter(
        name=str(name),
        kind=_kind(schema),
        description=str(schema.get("description") or ""),
        required=required and "default" not in schema,
        choices=tuple(choices) if isinstance(choices, list) else (),
        format=str(schema.get("format") or ""),
        item=_parameter(name, items, root, True, depth + 1)
        if isinstance(items, dict) and depth < _DEPTH
        else None,
        fields=_fields(schema, root, depth + 1),
    )


def _plain(raw: Any, root: dict[str, Any], depth: int) -> dict[str, Any]:
    """The schema without references and without the null of an optional parameter."""
    if not isinstance(raw, dict) or depth > _DEPTH:
        return {}
    target = str(raw.get("$ref") or "")
    if target.startswith("#/$defs/"):
        definitions = root.get("$defs")
        found = definitions.get(target[8:]) if isinstance(definitions, dict) else None
        return _plain(found, root, depth + 1) | {k: raw[k] for k in raw if k != "$ref"}
    for word in ("anyOf", "oneOf", "allOf"):
        for option in _dicts(raw.get(word)):
            if option.get("type") != "null":
                return _plain(option, root, depth + 1) | {k: raw[k] for k in raw if k != word}
    return raw


def _kind(schema: dict[str, Any]) -> str:
    kinds = schema.get("type")
    options = kinds if isinstance(kinds, list) else [kinds]
    return next((each for each in options if each in _KINDS), "any")


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
