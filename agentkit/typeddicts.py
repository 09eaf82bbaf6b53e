"""Before Python 3.12 pydantic refuses `typing.TypedDict`; here is its twin that it takes.

See https://errors.pydantic.dev/latest/u/typed-dict-version.
"""

from __future__ import annotations

import operator
import sys
import types
import typing
from functools import reduce
from typing import Annotated, Any, NotRequired, Required, get_args, get_origin

import typing_extensions  # a dependency of pydantic, and what it asks for here

Seen = dict[Any, Any]


def portable(annotation: Any) -> Any:
    """The annotation with every `typing.TypedDict` in it replaced where pydantic needs that."""
    return annotation if sys.version_info >= (3, 12) else _convert(annotation, {})


def _convert(annotation: Any, seen: Seen) -> Any:
    if typing.is_typeddict(annotation):
        return seen[annotation] if annotation in seen else _twin(annotation, seen)
    args = get_args(annotation)
    if not args or get_origin(annotation) is typing.Literal:
        return annotation
    inner = tuple(_inner(arg, seen) for arg in args)
    return annotation if inner == args else _rebuilt(annotation, inner)


def _inner(arg: Any, seen: Seen) -> Any:
    return [_inner(each, seen) for each in arg] if isinstance(arg, list) else _convert(arg, seen)


def _rebuilt(annotation: Any, inner: tuple[Any, ...]) -> Any:
    origin: Any = get_origin(annotation)
    if origin is Annotated:
        return Annotated[(inner[0], *annotation.__metadata__)]
    if origin is typing.Union or origin is types.UnionType:
        return reduce(operator.or_, inner)
    return origin[inner[0] if len(inner) == 1 else inner]


def _twin(annotation: Any, seen: Seen) -> Any:
    if type(annotation).__module__ != "typing":
        return annotation
    make: Any = typing_extensions.TypedDict
    twin = make(annotation.__name__, {})
    seen[annotation] = twin  # before its fields are read: they may name it
    required = set()
    for name, hint in typing.get_type_hints(annotation, include_extras=True).items():
        marked = get_origin(hint) in (Required, NotRequired)
        # In a module with postponed annotations __required_keys__ does not know the marks.
        if get_origin(hint) is Required or (not marked and name in annotation.__required_keys__):
            required.add(name)
        twin.__annotations__[name] = _convert(get_args(hint)[0] if marked else hint, seen)
    twin.__required_keys__ = frozenset(required)
    twin.__optional_keys__ = frozenset(twin.__annotations__.keys() - required)
    twin.__doc__, twin.__module__ = annotation.__doc__, annotation.__module__
    return twin
