"""What a tool returned as JSON, as pydantic writes it, but for bytes and broken text."""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

from agentkit.media import Media

_SIMPLE = (int, float, bool, type(None))
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def result_json(value: Any) -> str:
    """The value as JSON.

    Raises:
        ValueError, RecursionError: It has no JSON form.
    """
    return to_json(_typed(value), bytes_mode="base64", inf_nan_mode="strings").decode()


def _typed(value: Any) -> Any:
    """The value with all bytes in it typed, as pydantic alone would write them as mere text.

    Half a surrogate pair, which JSON from elsewhere may hold and pydantic refuses, becomes a mark.
    """
    if type(value) in _SIMPLE:
        return value
    if isinstance(value, str):
        return value if value.isascii() else _HALF_PAIR.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, bytes | bytearray | memoryview):
        return {"type": "base64", "data": base64.b64encode(value).decode()}
    if isinstance(value, Media):  # deep inside: its bytes would be of no use to a model
        return value.words
    if isinstance(value, BaseModel):
        plain = value.model_dump()
        return _typed(plain) if _holds_bytes(plain) else value
    if is_dataclass(value) and not isinstance(value, type):
        names = (each.name for each in fields(value) if not each.name.startswith("_"))
        return {name: _typed(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {_typed(k) if isinstance(k, str) else k: _typed(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset | deque | Iterator):
        return [_typed(each) for each in value]
    return value


def _holds_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_bytes, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_holds_bytes, value))
    return isinstance(value, bytes)
