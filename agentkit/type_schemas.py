"""The JSON schemas of types, as pydantic makes them; those of simple types are made once."""

from __future__ import annotations

import types
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from agentkit.profile import Schema, plain

_ATOMS = (str, int, float, bool, type(None), Any, list, dict, date, datetime)
_HOLDERS = (list, dict, tuple, set, frozenset, Union, types.UnionType)
_NAMED = (str, int, bool, type(None))  # the types of the values in a Literal
_KEPT = 1_000  # schemas


class QuietSchema(GenerateJsonSchema):
    """Pydantic's, without its warnings."""

    def emit_warning(self, kind: Any, detail: str) -> None:
        """A default that JSON cannot express is left out; the function still has it."""


def schema_of(adapter: TypeAdapter[Any]) -> Schema:
    """The plain JSON schema of a type."""
    return plain(adapter.json_schema(schema_generator=QuietSchema))


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A type made of Python's own alone, as in most signatures.

    It is the same as another where their parts are, in this order: `int | str` equals `str | int`,
    and yet their schemas differ.
    """

    annotation: Any = field(compare=False)
    parts: Hashable

    @classmethod
    def of(cls, annotation: Any) -> SimpleType | None:
        """The simple type of an annotation, or None if it is any other."""
        try:
            return cls(annotation, _parts(annotation))
        except _NotSimpleError:
            return None

    def schema(self, description: str | None) -> Schema:
        """Its plain JSON schema, with what is said of it."""
        schema: Schema = _copied(_schema(self))
        if description:
            schema["description"] = description
        return dict(sorted(schema.items()))  # as pydantic orders them


class _NotSimpleError(Exception):
    """A part of a type is not one of Python's own."""


def _parts(annotation: Any) -> Any:
    if any(annotation is each for each in _ATOMS):
        return annotation
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal and all(type(each) in _NAMED for each in inner):
        return origin, *((type(each), each) for each in inner)
    if any(origin is each for each in _HOLDERS):
        return origin, *(each if each is ... else _parts(each) for each in inner)
    raise _NotSimpleError


@lru_cache(_KEPT)
def _schema(kind: SimpleType) -> Schema:
    return schema_of(TypeAdapter(kind.annotation))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
