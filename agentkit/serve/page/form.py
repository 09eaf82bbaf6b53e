"""A form made from the JSON schema of a tool's parameters, and the arguments that were put in.

Both are one walk over the schema: each `Field` knows what was typed into it, what that means, and
what is wrong with it. What the schema says beyond types is left to the tool, which checks the
arguments of each call anyway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from agentkit.profile import Schema, accepts_null, plain

Kind = Literal["text", "long", "number", "choice", "lines", "json", "object", "list"]

_DEEPEST = 4  # objects and lists inside one another; deeper ones are written as JSON
_MOST = 100  # items of a list that a form has room for
_SCALARS = {"string", "number", "integer", "boolean"}
_LONG = 200  # characters; a string that may be longer, or says so, has more than a line
ITEMS = "#"  # behind the name of a list: how many items the form has for it


class _Missing:
    """Nothing: the argument is left out."""

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()
"""The value of a field that was left empty."""


@dataclass(frozen=True, slots=True)
class Field:
    """One place of a form.

    Args:
        name: Its name in the form: a JSON pointer.
        label: What it is called.
        kind: How it is shown.
        hint: What fits in, in words.
        required: Whether it must be given.
        text: What was typed into it.
        value: The JSON value that this means, or MISSING.
        problem: What is wrong with what was typed.
        choices: The texts that may be typed, each with what is shown for it.
        parts: The fields inside it.
    """

    name: str
    label: str
    kind: Kind
    hint: str = ""
    required: bool = False
    text: str = ""
    value: Any = MISSING
    problem: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    parts: tuple[Field, ...] = ()

    @property
    def problems(self) -> list[Field]:
        """The fields that something is wrong with, here and inside."""
        inside = [each for part in self.parts for each in part.problems]
        return [self, *inside] if self.problem else inside


def form_of(
    parameters: Mapping[str, Any], typed: Mapping[str, str] | None = None, *, tells: bool = True
) -> Field:
    """The form for a tool's parameters.

    Args:
        parameters: Their JSON schema, of type object.
        typed: What was typed into the form, by name; None for a form that is new.
        tells: Whether it tells what is wrong with what was typed.
    """
    schema = plain(dict(parameters))
    return _Reader(typed or {}, tells and typed is not None).read("", "", schema, True)


@dataclass(frozen=True)
class _Reader:
    """Walks over a schema with what was typed."""

    typed: Mapping[str, str]
    tells: bool  # whether what is wrong is told
    depth: int = 0

    def read(self, name: str, label: str, schema: Any, required: bool) -> Field:
        """The field of a schema, with its value."""
        schema, nullable = _simple(schema)
        kind = _kind(schema, self.depth)
        made = Field(name, label, kind, _hint(schema), required, self.typed.get(name, ""))
        nothing = None if required and nullable else MISSING
        if kind in ("object", "list"):
            return self._parted(made, schema, nothing)
        problem = ""
        try:
            made = replace(made, value=_value(made, schema, nothing))
        except ValueError as error:
            problem = str(error) if self.tells else ""
        choices = tuple((json.dumps(each), _spelled(each)) for each in _choices(schema))
        return replace(made, problem=problem, choices=choices)

    def _parted(self, made: Field, schema: Schema, nothing: Any) -> Field:
        """A field with others inside; with nothing typed into any of them it may be left out."""
        inside, is_list = f"{made.name}/", made.kind == "list"
        typed = any(key.startswith(inside) and text for key, text in self.typed.items())
        count = self._count(made.name) if is_list else 0
        is_left = not (typed or count or not made.name) and (nothing is None or not made.required)
        reader = _Reader(self.typed, self.tells and not is_left, self.depth + 1)
        parts = reader._parts(made.name, schema, count)
        if is_left:
            return replace(made, value=nothing, parts=parts)
        given = [part for part in parts if part.value is not MISSING]
        value = [each.value for each in given] if is_list else {e.label: e.value for e in given}
        return replace(made, value=value, parts=parts)

    def _parts(self, name: str, schema: Schema, count: int) -> tuple[Field, ...]:
        items, needed = schema.get("items", {}), schema.get("required", ())
        if count:
            named = [(str(n), f"Item {n + 1}", items, True) for n in range(count)]
        else:
            properties = schema.get("properties", {}).items()
            named = [(_escaped(each), each, inner, each in needed) for each, inner in properties]
        return tuple(self.read(f"{name}/{part}", *more) for part, *more in named)

    def _count(self, name: str) -> int:
        """How many items a list has in the form, with the one that is to be added."""
        count = self.typed.get(name + ITEMS, "")
        more = {f"add:{name}": 1, f"drop:{name}": -1}.get(self.typed.get("change", ""), 0)
        return max(0, min((int(count[:9]) if count.isdecimal() else 0) + more, _MOST))


def _value(made: Field, schema: Schema, nothing: Any) -> Any:
    """What was typed means.

    Raises:
        ValueError: It says what is wrong.
    """
    types, text = _types(schema), made.text
    if not text:
        if not made.required or nothing is None:
            return nothing
        if made.kind == "lines":
            return []
        if "string" in types and made.kind != "choice":
            return ""
        raise ValueError("This is needed.")
    if made.kind == "lines":
        kinds = _types(schema["items"])
        return [_scalar(each, kinds) for each in text.splitlines() if each.strip()]
    return _json(text) if made.kind in ("json", "choice") else _scalar(text, types)


def _kind(schema: Schema, depth: int) -> Kind:
    types = _types(schema)
    if _choices(schema):
        return "choice"
    if types == {"object"} and schema.get("properties") and depth <= _DEEPEST:
        return "object"
    if types == {"object"} and depth == 0:
        return "object"  # a tool without parameters
    if types == {"array"} and isinstance(schema.get("items"), dict) and depth <= _DEEPEST:
        item, nullable = _simple(schema["items"])
        is_line = _types(item) <= {"string", "number", "integer"} and not _choices(item)
        return "lines" if _types(item) and is_line and not nullable else "list"
    if types and types <= _SCALARS:
        if types == {"string"}:
            return "long" if _is_long(schema) else "text"
        return "number" if types <= {"number", "integer"} else "text"
    return "json"


def _simple(schema: Any) -> tuple[Schema, bool]:
    """A schema without the null in it, and whether that was there."""
    if not isinstance(schema, dict):
        return {}, False
    nullable = accepts_null(schema) and bool(schema)
    for key in ("anyOf", "oneOf", "allOf"):
        choices = schema.get(key)
        if not isinstance(choices, list):
            continue
        rest = {name: each for name, each in schema.items() if name != key}
        kept = [each for each in choices if not _is_null(each)]
        if len(kept) == 1 and isinstance(kept[0], dict):
            return {**_simple(kept[0])[0], **rest}, nullable
        types = [_types(each) if isinstance(each, dict) else set[str]() for each in kept]
        if key != "allOf" and all(types) and not any(map(_choices, kept)):
            return {**rest, "type": sorted(set().union(*types))}, nullable
        return {**rest, "type": []}, nullable
    return schema, nullable


def _types(schema: Schema) -> set[str]:
    """The types but null; none where anything may stand."""
    found = schema.get("type", [])
    types = {found} if isinstance(found, str) else {str(each) for each in found}
    return types - {"null"}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _choices(schema: Schema) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    if isinstance(schema.get("enum"), list):
        return [each for each in schema["enum"] if each is not None]
    return [True, False] if _types(schema) == {"boolean"} else []


def _is_long(schema: Schema) -> bool:
    longest = schema.get("maxLength")
    words = f"{schema.get('format', '')} {schema.get('contentMediaType', '')}"
    return (isinstance(longest, int) and longest > _LONG) or "text" in words


def _scalar(text: str, types: set[str]) -> Any:
    """A text as one of these types; a string only where nothing else fits."""
    if types == {"string"}:
        return text
    try:
        value = _json(text)
    except ValueError:
        value = MISSING
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and ("number" in types or ("integer" in types and value == int(value))):
        return value if "number" in types else int(value)
    if isinstance(value, bool) and "boolean" in types:
        return value
    if "string" in types:
        return text
    raise ValueError(f"{text!r} is no {'whole number' if types == {'integer'} else 'number'}.")


def _json(text: str) -> Any:
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"This is no JSON: {error}.") from None
    return value


def _spelled(value: Any) -> str:
    names = {True: "yes", False: "no"}
    return (
        names[value] if isinstance(value, bool) else value if isinstance(value, str) else str(value)
    )


def _escaped(name: str) -> str:
    """A name in a pointer, without the spaces that a list of ids is split at."""
    return re.sub(r"\s", "_", name.replace("~", "~0").replace("/", "~1"))


def _hint(schema: Schema) -> str:
    """What fits in, as far as a few words say it."""
    said = str(schema.get("description", ""))
    told = [
        f"{words} {schema[key]}"
        for key, words in _BOUNDS.items()
        if isinstance(schema.get(key), int | float | str)
    ]
    if schema.get("default") is not None:
        told.append(f"if left out: {json.dumps(schema['default'], ensure_ascii=False)}")
    more = "; ".join(told)
    return f"{said} ({more})" if said and more else said or more


_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "minLength": "characters: at least",
    "maxLength": "characters: at most",
    "minItems": "items: at least",
    "maxItems": "items: at most",
    "pattern": "like",
    "format": "a",
}
