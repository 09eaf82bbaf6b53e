"""Values of every odd kind in every place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "x"),
    *([], [None], ["x"], {}, {"x": None}, [{"x": [1]}]),
]


def altered(value: Any) -> Iterator[Any]:
    """The value with every part of it replaced by everything odd."""
    yield from ODD
    parts: Any = value.items() if isinstance(value, dict) else ()
    parts = enumerate(value) if isinstance(value, list) else parts
    for key, part in parts:
        for odd in altered(part):
            copy = value.copy()
            copy[key] = odd
            yield copy
