"""What value a piece gives for a parameter: in its type, its unit and its form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from agentkit.offline.dates import written
from agentkit.offline.schemas import Parameter
from agentkit.offline.spans import Span
from agentkit.offline.words import stem, stem_set

__all__ = ["Trim", "value_of"]

Trim = Callable[[Span], Span | None]
"""Cuts from the edges of a piece what only names what is asked for."""

_EARLIER = stem_set("before ago earlier")
_TYPES: dict[str, Any] = {"integer": int, "number": int | float, "string": str, "array": list}
_MOST_TIME = 10**12
_SECONDS = {"second": 1, "minut": 60, "min": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


def value_of(parameter: Parameter, span: Span, trim: Trim) -> Any:
    """The piece as a value of the parameter's type, or None where it cannot be read so."""
    if parameter.kind == "array":
        return _items(parameter, span, trim)
    if span.kind in ("choice", "example") or (span.kind, parameter.kind) == ("object", "object"):
        return span.value
    if parameter.kind in ("integer", "number"):
        return _number(parameter, span)
    if span.kind == "number" and parameter.kind == "any":
        return span.value
    if span.kind == "glob":
        return span.text if "*" in span.text else f"*{span.text}"
    if span.moment is not None:
        return written(span.moment, span.text, parameter.description, form=parameter.format)
    return span.text


def _number(parameter: Parameter, span: Span) -> int | float | None:
    value = _converted(parameter, span)
    if "add" in parameter.keywords and any(span.near.get(w, 0.0) > 0.5 for w in _EARLIER):
        value = -value
    if parameter.kind == "integer" and isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value


def _converted(parameter: Parameter, span: Span) -> int | float:
    """The number in the parameter's unit: a share for percent, seconds for minutes."""
    value: int | float = span.value
    about = parameter.description.lower()
    if span.unit == "%":
        share = parameter.kind == "number" and "percent" not in about + parameter.name.lower()
        return value / 100 if share else value
    wanted = re.search(r"\bin (seconds|minutes|hours|days|weeks)\b", about)
    if wanted is None or stem(span.unit) not in _SECONDS or value > _MOST_TIME:
        return value
    exact = value * _SECONDS[stem(span.unit)] / _SECONDS[stem(wanted[1])]
    return int(exact) if exact.is_integer() else exact


def _items(parameter: Parameter, span: Span, trim: Trim) -> list[Any] | None:
    item = parameter.item
    if isinstance(span.value, list) and not span.items:
        wanted = _TYPES.get(item.kind if item else "any", object)
        return span.value if all(isinstance(each, wanted) for each in span.value) else None
    pieces = [trim(each) for each in span.items or (span,)]
    values = [e and (value_of(item, e, trim) if item else e.value) for e in pieces]
    return None if any(each is None for each in values) else values
