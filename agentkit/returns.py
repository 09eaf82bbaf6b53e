"""Whether what a function says it returns can be told to a model."""

from __future__ import annotations

import inspect
import ipaddress
import re
import types
from collections import abc, deque
from collections.abc import Callable
from dataclasses import is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from agentkit.hints import read_hints, without_partials

# What `results.result_text` can write; a test holds the two together.
_WRITTEN: tuple[type, ...] = (
    *(str, int, float, complex, types.NoneType, bytes, bytearray, memoryview),
    *(list, tuple, set, frozenset, deque, abc.Mapping, abc.Iterator),
    *(date, time, timedelta, Decimal, Fraction, UUID, Enum, Path, re.Pattern),
    *(ipaddress.IPv4Address, ipaddress.IPv4Network, ipaddress.IPv6Address, ipaddress.IPv6Network),
)
_HOLDERS = (list, tuple, set, frozenset, deque, abc.Collection, abc.Iterable)
_NEVER = (abc.Callable, abc.AsyncIterable)
_DEPTH = 20  # of types in types; an alias may hold itself


def unwritable(function: Callable[..., Any], name: str) -> str:
    """The type in a function's return annotation that has no form for a model, or nothing.

    Types that leave it open, such as Any, object and protocols, are given the benefit of the doubt.

    Args:
        function: The function of a tool.
        name: The tool's name, for errors.

    Raises:
        DefinitionError: An annotation cannot be resolved.
    """
    found = _unwritable(returned(function, name), 0)
    return "" if found is None else str(getattr(found, "__qualname__", found))


def returned(function: Callable[..., Any], name: str) -> Any:
    """The type that a function says it returns; Any where it says nothing.

    Args:
        function: The function of a tool.
        name: The tool's name, for errors.

    Raises:
        DefinitionError: An annotation cannot be resolved.
    """
    bare = without_partials(function)
    return bare if inspect.isclass(bare) else read_hints(function, name).get("return", Any)


def _unwritable(hint: Any, depth: int) -> Any:
    """The first type inside an annotation that cannot be written, or None."""
    hint = getattr(hint, "__supertype__", hint)  # a NewType
    hint = getattr(hint, "__value__", hint)  # an alias made by `type`
    origin = get_origin(hint)
    if hint is Any or origin is Literal or depth > _DEPTH:
        return None
    if origin is None:
        return hint if isinstance(hint, type) and not _may_be_written(hint) else None
    if origin not in (Annotated, Union, types.UnionType) and not _may_be_written(origin):
        return origin
    inner = (_unwritable(each, depth + 1) for each in _held(origin, get_args(hint)))
    return next((each for each in inner if each is not None), None)


def _held(origin: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of a generic type that say what a value of it holds."""
    if origin in (Union, types.UnionType):
        return arguments
    if origin is Annotated or (isinstance(origin, type) and issubclass(origin, abc.Generator)):
        return arguments[:1]
    if isinstance(origin, type) and issubclass(origin, abc.Awaitable | abc.Mapping):
        return arguments[-1:]
    return arguments if isinstance(origin, type) and issubclass(origin, _HOLDERS) else ()


def _may_be_written(kind: Any) -> bool:
    """Whether a value of the type can be written, as far as the type tells."""
    if kind in _NEVER or (isinstance(kind, type) and issubclass(kind, abc.AsyncIterator)):
        return False
    if not isinstance(kind, type) or issubclass(kind, abc.Awaitable):  # which is awaited first
        return True
    if inspect.isabstract(kind) or getattr(kind, "_is_protocol", False):
        return True
    if hasattr(kind, "__get_pydantic_core_schema__") or is_dataclass(kind):
        return True
    return issubclass(kind, _WRITTEN) or any(issubclass(each, kind) for each in _WRITTEN)
