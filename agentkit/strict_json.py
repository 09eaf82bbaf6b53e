"""JSON of files that people write: what is doubtful is refused."""

from __future__ import annotations

import json
from typing import Any, NoReturn

DEEP = 100
"""Levels of lists and objects in each other; what looks into deeper ones may not get to the end."""


def strict(text: str, *, unique: bool = False) -> Any:
    """The value that a text spells.

    Args:
        text: The text.
        unique: Whether an object with a name twice is refused; otherwise its last value counts.

    Raises:
        ValueError: It is no JSON, as also NaN is none, or it is nested too deeply.
    """
    pairs = _object if unique else None
    try:
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if text.count("[") + text.count("{") > DEEP and is_deep(value):
        raise ValueError(f"it is nested more than {DEEP} levels deep")
    return value


def is_deep(value: Any) -> bool:
    """Whether a value is nested more than `DEEP` levels deep."""
    level = [value]
    for _ in range(DEEP):
        inner = [
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        ]
        level = [part for each in inner for part in each if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice")
    return found
