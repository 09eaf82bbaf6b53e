"""What a tool returned -> what the model reads: text as it is, everything else as JSON."""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from agentkit.errors import ToolError

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_SIMPLE = (int, float, bool, type(None))
_TAIL = 5  # one part in five of what is kept comes from the end


def result_text(value: Any, tool: str) -> str:
    """The value as text for a model.

    Strings stay as they are; dates, models, dataclasses, Decimals, sets and the like become JSON
    as pydantic writes it; bytes become `{"type": "base64", "data": ...}`.

    Raises:
        ToolError: The value has no JSON form.
    """
    if isinstance(value, str):
        return value
    try:
        return to_json(_typed(value), bytes_mode="base64", inf_nan_mode="strings").decode()
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise ToolError(
            f"The result of {tool} cannot be sent: a value of type {type(value).__name__} has no "
            f"JSON form ({error}). The tool must return text, or values that JSON can carry."
        ) from error


def capped(text: str, limit: int | None, how_to_read_on: str = "") -> str:
    """The text, or its head and tail with the true size between them.

    Args:
        text: Any text.
        limit: The characters of it that are kept; None for all.
        how_to_read_on: Words on how to get what is left out, with `{offset}` for where it begins.
    """
    if limit is None or len(text) <= limit:
        return text
    tail = limit // _TAIL
    head = limit - tail
    hint = how_to_read_on.replace("{offset}", str(head))
    left_out = f"\n[... {len(text) - limit:,} of {len(text):,} characters left out{hint} ...]\n"
    return text[:head] + left_out + text[len(text) - tail :]


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
