"""The functions of a request as the offline model reads them; odd schemas read as "any"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agentkit.offline.words import GENERIC, STOP, name_words, stems

__all__ = ["Function", "Parameter", "dicts", "read_functions"]

_KINDS = ("string", "integer", "number", "boolean", "array", "object")
_EXAMPLE = re.compile(r"(?<!\w)'([^']{1,40})'(?!\w)|\"([^\"]{1,40})\"")
_SUCH = re.compile(
    r"(?:\be\.?g[.:,]+|\bi\.e\.,?|\bsuch as|\bfor (?:instance|example),?|\bincluding|\blike"
    r"|\beither|\bcan be|\bone of|\bexamples?:)\s*:?\s*([^.()'\"\n]{2,160})",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r",\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+")
_SENTENCE = re.compile(r"[.:;]\s")
_REGION = re.compile(r"[A-Za-z]+, ?[A-Z][A-Za-z]+|\bstate\b|\bcountry\b")
_DEPTH = 4
_MOST = 128
IN_NAME, IN_DESCRIPTION, IN_DETAILS = 1.0, 0.9, 0.7
"""How much a word speaks for a function, by the place where it stands."""


@dataclass(frozen=True)
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

    @cached_property
    def name_stems(self) -> frozenset[str]:
        """The words of its name."""
        return frozenset(name_words(self.name))

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """The words that its description quotes or lists: likely values."""
        found = [one or other for one, other in _EXAMPLE.findall(self.description)]
        for listed in _SUCH.findall(self.description):
            found += [each.strip() for each in _BETWEEN.split(listed)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def takes_region(self) -> bool:
        """Whether its description speaks of a place with its state or country."""
        return _REGION.search(self.description) is not None

    @cached_property
    def keywords(self) -> dict[str, float]:
        """The words that stand near its value, each with its weight."""
        told = (word for word in stems(self.description) if word.isalpha())
        words = {word: 0.4 for word in told if word not in STOP and word not in GENERIC}
        return words | {w: 0.4 if w in GENERIC else 1.0 for w in name_words(self.name)}


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function that may be called, and the words that speak for it.

    Args:
        words: Those of its name.
        own: Those of its name without what it shares with a module: `get` of `weather.get`.
        summary: The first words of its description that say something, in their order.
        speaks: Every word of the name, the description and the parameters, with its weight.
    """

    name: str
    words: tuple[str, ...]
    own: tuple[str, ...]
    summary: tuple[str, ...]
    speaks: dict[str, float]
    parameters: tuple[Parameter, ...]


def read_functions(body: dict[str, Any]) -> tuple[Function, ...]:
    """The functions of a request in either dialect; what makes no sense is left out."""
    tools = [each.get("function") for each in dicts(body.get("tools"))]
    found = dicts([*dicts(body.get("functions")), *tools])[:_MOST]
    return tuple(_function(each) for each in found if isinstance(each.get("name"), str))


def _function(raw: dict[str, Any]) -> Function:
    schema = raw.get("parameters")
    root = schema if isinstance(schema, dict) else {}
    parameters = _fields(root, root, 0)
    words = name_words(raw["name"])
    about = str(raw.get("description") or "")
    details = " ".join(f"{each.name} {each.description} {each.choices}" for each in parameters)
    return Function(
        name=raw["name"],
        words=words,
        own=tuple(dict.fromkeys(name_words(raw["name"].rpartition(".")[2]))) or words,
        summary=_telling(_SENTENCE.split(about, 1)[0]),
        speaks=dict.fromkeys(_telling(details), IN_DETAILS)
        | dict.fromkeys(_telling(about), IN_DESCRIPTION)
        | dict.fromkeys(words, IN_NAME),
        parameters=parameters,
    )


def _telling(text: str) -> tuple[str, ...]:
    """The words of a text that say something."""
    return tuple(dict.fromkeys(word for word in name_words(text) if word not in STOP))


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
        for option in dicts(raw.get(word)):
            if option.get("type") != "null":
                return _plain(option, root, depth + 1) | {k: raw[k] for k in raw if k != word}
    return raw


def _kind(schema: dict[str, Any]) -> str:
    kinds = schema.get("type")
    options = kinds if isinstance(kinds, list) else [kinds]
    return next((each for each in options if each in _KINDS), "any")


def dicts(value: Any) -> list[dict[str, Any]]:
    """The dicts of a list; none of what is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
