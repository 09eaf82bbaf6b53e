"""Values read out of the results of calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from agentkit.offline.dates import undated
from agentkit.offline.schemas import Parameter
from agentkit.offline.words import name_words

__all__ = ["from_results", "plain", "read_json", "told_number"]

_NUMBER = re.compile(r"-?\b(?:0|[1-9]\d*)(?:\.\d+)?\b")
_KINDS = {"integer": int, "number": int | float, "string": str, "array": list, "object": dict}
_DEEP = 8


def plain(value: Any) -> str:
    """A value in words."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    return value if isinstance(value, str) else json.dumps(value)


def read_json(text: str) -> Any:
    """What a text says: JSON, or the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def from_results(parameter: Parameter, values: list[Any], *, alone: bool) -> Any:
    """A result's value under the parameter's name, or (`alone`) a whole result that fits."""
    named = [v for value in values for v in _under(value, name_words(parameter.name))]
    for each in (*named, *(values if alone else ())):
        if _fits(parameter, each):
            return each
    if parameter.kind == "object":
        inner = {each.name: from_results(each, values, alone=False) for each in parameter.fields}
        found = {name: value for name, value in inner.items() if value is not None}
        return found if found and _fits(parameter, found) else None
    if alone and parameter.kind in ("integer", "number"):
        return told_number(values, parameter)
    return plain(values[0]) if alone and values and parameter.kind == "string" else None


def _under(value: Any, name: tuple[str, ...], depth: int = 0) -> Iterator[Any]:
    """What is under a name in a value of JSON, the outermost first."""
    if isinstance(value, dict):
        yield from (each for key, each in value.items() if name_words(str(key)) == name)
        value = list(value.values())
    if isinstance(value, list) and depth < _DEEP:
        for each in value:
            yield from _under(each, name, depth + 1)


def _fits(parameter: Parameter, value: Any) -> bool:
    if parameter.choices:
        return value in parameter.choices
    if isinstance(value, bool):
        return parameter.kind in ("boolean", "any")
    if parameter.kind == "object" and isinstance(value, dict):
        return all(each.name in value for each in parameter.fields if each.required)
    return value is not None and isinstance(value, _KINDS.get(parameter.kind, object))


def told_number(values: list[Any], parameter: Parameter | None = None) -> int | float | None:
    """The first number of a text that a parameter can take, behind "=" where it has one."""
    for text in (each for each in values if isinstance(each, str)):
        for digits in _NUMBER.findall(undated(text.rpartition("=")[2])):
            number: int | float = json.loads(digits)
            if parameter is None or _fits(parameter, number):
                return number
    return None
