"""What a signature is expected to become: its schema, and what its function is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
NULL: Schema = {"type": "null"}

kept: list[tuple[Any, ...]] = []


def keep(*values: Any) -> str:
    """Remember what a function was given."""
    kept.append(values)
    return "kept"


def array(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def texts(format: str) -> Schema:  # noqa: A002 - the keyword's name
    return {"type": "string", "format": format}


def null_or(*schemas: Schema, **more: Any) -> Schema:
    """What may be null: optional, or left out."""
    return {"anyOf": [*schemas, NULL], **more}


def opened(required: str, **properties: Schema) -> Schema:
    """The object of a function or model; without `required` where nothing is."""
    names = {"required": required.split()} if required else {}
    return {"type": "object", "properties": properties, **names}


@dataclass(frozen=True)
class Case:
    """A function, its exact schema, what a model sends and what the function is given."""

    function: Callable[..., Any]
    schema: Schema
    sent: dict[str, Any]
    got: Callable[[], tuple[Any, ...]]

    @property
    def name(self) -> str:
        return self.function.__name__


class Cases(list[Case]):
    """The cases of a module; `add` decorates a function."""

    def add(self, schema: Schema, sent: dict[str, Any], got: Callable[[], tuple[Any, ...]]) -> Any:
        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            self.append(Case(function, schema, sent, got))
            return function

        return decorate
