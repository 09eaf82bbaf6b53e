"""Transcripts and responses as plain values, to be stored as JSON and read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

from agentkit.errors import ConfigError
from agentkit.media import load_media, save_media
from agentkit.messages import (
    AssistantMessage,
    FunctionCall,
    Message,
    Quota,
    Response,
    ResultMessage,
    SystemMessage,
    Usage,
    UserMessage,
)


def save_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Plain values to store as JSON; `load_messages` reads them back."""
    return [_plain(message) for message in messages]


def plain_value(value: Any) -> Any:
    """Any value as plain ones for JSON: as pydantic writes it, or else as its text."""
    from pydantic_core import to_jsonable_python

    for bytes_mode in ("utf8", "base64"):  # the second for bytes that are no text
        with suppress(ValueError, RecursionError):
            return to_jsonable_python(value, fallback=str, bytes_mode=bytes_mode)
    return str(value)


def load_messages(saved: Iterable[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Messages from what `save_messages` gave.

    Raises:
        ConfigError: A saved message has no known role or the wrong fields.
    """
    return tuple(_message(each) for each in saved)


def save_response(response: Response) -> dict[str, Any]:
    """Plain values to store as JSON; `load_response` reads them back."""
    return {
        **_plain(response),
        "message": _plain(response.message),
        **{
            name: [_plain(each) for each in many]
            for name in ("alternatives", "quotas")
            if (many := getattr(response, name))
        },
        **({"usage": _plain(response.usage)} if response.usage else {}),
    }


def load_response(saved: Mapping[str, Any]) -> Response:
    """A response from what `save_response` gave.

    Raises:
        ConfigError: It has the wrong fields.
    """
    try:
        values = {**saved, "message": _message(saved["message"])}
        values["alternatives"] = load_messages(saved.get("alternatives", ()))
        values["quotas"] = tuple(checked(Quota, each) for each in saved.get("quotas", ()))
        values["repairs"] = tuple(saved.get("repairs", ()))
        if saved.get("usage") is not None:
            values["usage"] = checked(Usage, saved["usage"])
        response: Response = checked(Response, values)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"This is not a response that was saved: {error!r}.") from error
    return response


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for each in fields(value):
        item = getattr(value, each.name)
        if each.name == "role" or (each.name != "_encoded" and item != each.default):
            plain[each.name] = item
    if calls := plain.get("calls"):
        plain["calls"] = [_plain(call) for call in calls]
    if repairs := plain.get("repairs"):
        plain["repairs"] = list(repairs)
    if media := plain.get("media"):
        plain["media"] = [save_media(each) for each in media]
    return plain


def _message(saved: Mapping[str, Any]) -> Message:
    try:
        values = dict(saved)
        kind = _KINDS[values.pop("role")]
        if "calls" in values:
            values["calls"] = tuple(checked(FunctionCall, call) for call in values["calls"])
        if isinstance(values.get("repairs"), list):
            values["repairs"] = tuple(values["repairs"])
        if "media" in values:
            values["media"] = tuple(load_media(each) for each in values["media"])
        message: Message = checked(kind, values)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"This is not a message that save_messages wrote: {error!r}.") from error
    return message


def checked(kind: Any, values: Mapping[str, Any]) -> Any:
    """An instance whose fields have the types that it declares."""
    checks = _checks(kind)
    for name, value in values.items():
        checks[name].validate_python(value, strict=True)
    return kind(**values)


@cache
def _checks(kind: Any) -> dict[str, Any]:
    from pydantic import TypeAdapter

    return {name: TypeAdapter(hint) for name, hint in get_type_hints(kind).items()}


_KINDS: dict[str, Any] = {
    "system": SystemMessage,
    "user": UserMessage,
    "assistant": AssistantMessage,
    "function": ResultMessage,
}
