"""What a tool returned -> what the model reads: text as it is, everything else as JSON."""

from __future__ import annotations

import base64
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from agentkit.errors import ToolError

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


def capped(text: str, limit: int | None) -> str:
    """The text, or its head and tail with the true size between them."""
    if limit is None or len(text) <= limit:
        return text
    tail = limit // _TAIL
    left_out = f"\n[... {len(text) - limit:,} of {len(text):,} characters left out ...]\n"
    return text[: limit - tail] + left_out + text[len(text) - tail :]


def _typed(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"type": "base64", "data": base64.b64encode(value).decode()}
    if type(value) is dict:
        return {key: _typed(each) for key, each in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return [_typed(each) for each in value]
    return value
