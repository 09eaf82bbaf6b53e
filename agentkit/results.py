"""What a tool returned -> what the model reads: text as it is, everything else as JSON."""

from __future__ import annotations

from typing import Any

from agentkit.errors import ToolError
from agentkit.media import Media, fitting

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
    from agentkit.result_json import result_json  # needs pydantic

    try:
        return result_json(value)
    except (ValueError, RecursionError) as error:
        raise ToolError(
            f"The result of {tool} cannot be sent: a value of type {type(value).__name__} has no "
            f"JSON form ({error}). The tool must return text, or values that JSON can carry."
        ) from error


def result_parts(value: Any, tool: str) -> tuple[str, tuple[Media, ...]]:
    """The value as text for a model, and the media in it.

    Raises:
        ToolError: It has no JSON form.
    """
    if isinstance(value, Media):
        value = [value]
    elif not (isinstance(value, list | tuple) and any(isinstance(e, Media) for e in value)):
        return result_text(value, tool), ()
    parts, media = fitting(value)
    return "\n".join(result_text(each, tool) for each in parts), media


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
