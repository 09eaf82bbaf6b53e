"""What is wrong with the arguments of a call, in words for a model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agentkit.errors import closest

if TYPE_CHECKING:
    from pydantic import ValidationError

_SHOWN = 80  # characters of a wrong value that are worth showing to a model


def problems(error: ValidationError, schema: Mapping[str, Any]) -> list[str]:
    """What was wrong, one line a problem: path, what was expected, what came."""
    return [_problem(each, schema) for each in error.errors(include_url=False)]


def no_such_parameter(name: str, known: Iterable[str]) -> str:
    """That a call has a parameter too many, and which there are."""
    names = ", ".join(known) or "none"
    return f"{name}: no such parameter.{closest(name, known)} The parameters are: {names}"


def _problem(found: Any, schema: Mapping[str, Any]) -> str:
    path = ""
    for step in found["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    known = schema.get("properties", {})
    if found["type"] == "missing":
        choices = known.get(path, {}).get("anyOf") or [known.get(path, {})]
        kinds = " or ".join(json.dumps(each["type"]) for each in choices if "type" in each)
        return f"{path}: missing" + (f" (expected {kinds})" if kinds else "")
    if found["type"] == "extra_forbidden" and len(found["loc"]) == 1:
        return no_such_parameter(path, known)
    value = found["input"]
    shown = json.dumps(value, default=lambda v: type(v).__name__)[:_SHOWN]
    return f"{path or 'arguments'}: {found['msg']}, got {shown}"
