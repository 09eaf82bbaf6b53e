"""Values that fit a JSON schema, as a person might give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

Schema = Mapping[str, Any]

_DEPTH = 4  # objects in objects
_NUMBER = 7  # where nothing says which
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_QUOTED = re.compile(r"(?<![\w'\"])(?:'([^'\n]{1,40})'|\"([^\"\n]{1,40})\")(?!\w)")
_ALIKE = re.compile(r"(?:e\.g\.|for example|such as|like),?:? ([\w./:+-]*[\w/])", re.IGNORECASE)
_BY_FORMAT = {
    "date": "2026-03-14",
    "date-time": "2026-03-14T09:30:00",
    "time": "09:30:00",
    "duration": "PT1H30M",
    "email": "ada@example.com",
    "uri": "https://example.com/news",
    "url": "https://example.com/news",
    "hostname": "example.com",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "uuid": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
}
_BY_WORD = {
    word: value
    for words, value in (
        ("city town place location", "Oslo"),
        ("country", "Norway"),
        ("zone timezone tz", "Europe/Oslo"),
        ("directory folder dir", "reports"),
        ("path file filename", "notes.txt"),
        ("database db", "shop.db"),
        ("url uri link address website", _BY_FORMAT["url"]),
        ("email mail recipient to", _BY_FORMAT["email"]),
        ("date day", _BY_FORMAT["date"]),
        ("time moment", _BY_FORMAT["date-time"]),
        ("name person user", "Ada Lovelace"),
        ("title subject", "Weekly report"),
        ("currency", "EUR"),
        ("language lang", "French"),
        ("query search keyword keywords term topic", "solar power"),
        ("text content message body note value", "The train leaves at nine."),
        ("expression formula", "12 * 7"),
        ("pattern regex", "[0-9]+"),
        ("statement sql", "SELECT 1"),
        ("id key code", "A-1042"),
        ("phone", "+47 22 00 00 00"),
        ("color colour", "blue"),
        ("unit units", "km"),
        ("symbol ticker", "ACME"),
        ("command", "echo hello"),
    )
    for word in words.split()
}
_ANYTHING = ("example", "another")


def words_of(name: str) -> list[str]:
    """The words of an identifier, in small letters."""
    return [word.lower() for word in _WORD.findall(name)]


def samples(name: str, schema: Schema, depth: int = 0) -> Iterator[Any]:
    """Values that fit a schema and are not its default, the likeliest first.

    Args:
        name: What the value is called, which tells more than its type.
        schema: Its schema, without references.
        depth: How many objects it is in.
    """
    default = schema.get("default")
    for each in _likely(name, schema, depth):
        if each is not None and each != default and fits(each, schema):
            yield each


def sample(name: str, schema: Schema, depth: int = 0) -> Any:
    """The likeliest of these values; None where none is found."""
    return next(samples(name, schema, depth), None)


def fits(value: Any, schema: Schema) -> bool:
    """Whether a value is one of the schema's."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:  # a registry of our own: without one jsonschema would fetch references from the network
        return Draft202012Validator(schema, registry=Registry()).is_valid(value)
    except (SchemaError, Unresolvable, TypeError, re.error, RecursionError):
        return False


def _likely(name: str, schema: Schema, depth: int) -> Iterator[Any]:
    """Values, the likeliest first."""
    if "const" in schema:
        yield schema["const"]
    yield from schema.get("examples") or ()
    yield from schema.get("enum") or ()
    for option in chain(*(schema.get(key) or () for key in ("anyOf", "oneOf", "allOf"))):
        if isinstance(option, Mapping):
            about = {key: schema[key] for key in ("description", "default") if key in schema}
            yield from samples(name, {**about, **option}, depth)
    kinds = schema.get("type")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        yield from _of_kind(kind, name, schema, depth)


def _of_kind(kind: Any, name: str, schema: Schema, depth: int) -> Iterator[Any]:
    match kind:
        case "string":
            yield from _texts(name, schema)
        case "integer" | "number":
            yield from _numbers(schema)
        case "boolean":
            yield from (True, False)
        case "array":
            yield from _lists(name, schema, depth)
        case "object" if depth < _DEPTH:
            yield _object(schema, depth + 1)


def _texts(name: str, schema: Schema) -> Iterator[str]:
    told = str(schema.get("description") or "")
    yield from (one or other for one, other in _QUOTED.findall(told))
    yield from _ALIKE.findall(told)
    if (form := schema.get("format")) in _BY_FORMAT:
        yield _BY_FORMAT[form]
    yield from (_BY_WORD[word] for word in reversed(words_of(name)) if word in _BY_WORD)
    yield from (*_ANYTHING, *_BY_FORMAT.values(), *_BY_WORD.values())  # whatever fits a pattern
    least, most = schema.get("minLength", 1), schema.get("maxLength")
    yield (_ANYTHING[0] * (1 + least // len(_ANYTHING[0])))[:most]


def _numbers(schema: Schema) -> Iterator[float]:
    yield from (_NUMBER, 3, 2)
    for bound, step in (("minimum", 1), ("exclusiveMinimum", 1), ("maximum", -1),
                        ("exclusiveMaximum", -1), ("multipleOf", 0)):  # fmt: skip
        if bound in schema:
            yield from (schema[bound] + step, schema[bound])
    ends = [
        schema[key]
        for pair in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
        for key in [key for key in pair if key in schema][:1]
    ]
    if len(ends) > 1:
        yield sum(ends) / 2


def _lists(name: str, schema: Schema, depth: int) -> Iterator[list[Any]]:
    items = schema.get("items")
    of = items if isinstance(items, Mapping) else {"type": "string"}
    found = list(islice(samples(name, of, depth), max(2, schema.get("minItems", 0))))
    yield from (found, found[:1])


def _object(schema: Schema, depth: int) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    needed = [name for name in schema.get("required") or properties if name in properties]
    return {name: sample(name, properties[name], depth) for name in needed}
