"""The annotations of any callable, with the names in them resolved."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from agentkit.errors import DefinitionError


def read_hints(function: Callable[..., Any], tool: str) -> dict[str, Any]:
    """The annotations by parameter.

    Raises:
        DefinitionError: One cannot be resolved; it names the parameter.
    """
    holder = without_partials(function)
    if inspect.isclass(holder):
        holder = holder.__init__
    elif not inspect.isroutine(holder):
        holder = type(holder).__call__
    try:
        return typing.get_type_hints(holder, include_extras=True)
    except Exception as error:  # an annotation is code, and can raise anything
        raise DefinitionError(f"{tool}: {_problem(holder, error)}") from error


def without_partials(function: Any) -> Any:
    """The callable inside any number of partials."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def own_name(function: Any) -> str:
    """What a callable is called.

    Raises:
        DefinitionError: It is none.
    """
    function = without_partials(function)
    if not callable(function) and not isinstance(function, classmethod | staticmethod):
        raise DefinitionError(f"{function!r} cannot be called, so it cannot be a tool.")
    return str(getattr(function, "__name__", type(function).__name__))


def docstring_of(function: Any) -> str | None:
    """The docstring that describes a callable."""
    function = without_partials(function)
    if inspect.isroutine(function) or inspect.isclass(function):
        return inspect.getdoc(function)
    return type(function).__call__.__doc__ or inspect.getdoc(type(function))


def annotations_of(function: Any) -> dict[str, Any]:
    """The annotations by parameter; none where they cannot be read."""
    try:
        parameters = inspect.signature(function, eval_str=True).parameters
        return {name: each.annotation for name, each in parameters.items()}
    except Exception:
        return {}


def _problem(holder: Any, error: Exception) -> str:
    names = inspect.unwrap(holder).__annotations__
    name = next((each for each in names if not _resolves(holder, each)), "?")
    if isinstance(error, NameError):
        return (
            f"the annotation of parameter {name!r} names {error.name!r}, which is not defined "
            "where the function's module can see it; define or import it at the top of the module."
        )
    return f"the annotation of parameter {name!r} is no type: {error}. Give it one."


def _resolves(holder: Any, name: str) -> bool:
    bare = inspect.unwrap(holder)
    alone = SimpleNamespace(__annotations__={name: bare.__annotations__[name]})
    try:
        typing.get_type_hints(alone, getattr(bare, "__globals__", {}), include_extras=True)
    except Exception:  # whatever it is, it is this one
        return False
    return True
