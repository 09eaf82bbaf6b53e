"""Requests and replies held against the types of the official `groq` and `openai` packages."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Any

import typing_extensions
from pydantic import TypeAdapter, ValidationError


def request_problems(raw: bytes) -> list[str]:
    """What is wrong with a request's body, by the types of both official packages."""
    body = json.loads(raw)
    found = [
        f"{where}: null {name!r}"
        for where, values in [("request", body), *enumerate(body.get("messages", ()))]
        for name, value in values.items()
        if value is None  # the types allow it here and there, Groq's server does not
    ]
    for package in ("groq", "openai"):
        checked = body
        if package == "openai" and body.get("function_call") == "required":
            checked = body | {"function_call": "auto"}  # Groq alone knows "required" here
        try:
            _request_type(package).validate_json(json.dumps(checked), strict=True)
        except ValidationError as error:
            found.append(f"{package}: {error}")
    return found


def reply_problems(reply: Mapping[str, Any], *, chunk: bool) -> list[str]:
    """What is wrong with a reply or a chunk of one, by the models of both official packages."""
    found = []
    for package in ("groq", "openai"):
        try:
            _reply_type(package, chunk).validate_json(json.dumps(reply), strict=True)
        except ValidationError as error:
            found.append(f"{package}: {error}")
    return found


@cache
def _request_type(package: str) -> TypeAdapter[Any]:
    module = __import__(f"{package}.types.chat.completion_create_params", fromlist=["x"])
    base = getattr(module, "CompletionCreateParamsBase", None) or module.CompletionCreateParams
    return TypeAdapter(_closed(base, {"stream": typing_extensions.NotRequired[bool]}))


@cache
def _reply_type(package: str, chunk: bool) -> TypeAdapter[Any]:
    module = __import__(f"{package}.types.chat", fromlist=["x"])
    return TypeAdapter(module.ChatCompletionChunk if chunk else module.ChatCompletion)


def _closed(annotation: Any, more: Mapping[str, Any] | None = None) -> Any:
    """A type whose dicts take no other keys and whose iterables are lists.

    pydantic validates an Iterable only as far as somebody reads it, which here is never.
    """
    if typing_extensions.is_typeddict(annotation):
        hints = typing_extensions.get_type_hints(annotation, include_extras=True) | dict(more or {})
        inner = {name: _closed(hint) for name, hint in hints.items()}
        twin: Any = typing_extensions.TypedDict(annotation.__name__, inner, total=False)
        twin.__pydantic_config__ = {"extra": "forbid"}
        return twin
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None or origin is typing.Literal:
        return annotation
    if origin is typing.Annotated:
        return _closed(args[0])
    closed = tuple(_closed(arg) for arg in args)
    if origin in (typing.Union, UnionType):
        return typing.Union[closed]  # noqa: UP007 - it is made from a tuple
    if origin is Iterable:
        return list[closed[0]]  # type: ignore[valid-type]
    return origin[closed if len(closed) > 1 else closed[0]]
