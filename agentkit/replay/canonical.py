"""What makes a request the same request: all that a model is told, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from agentkit.arguments import read_arguments
from agentkit.errors import ArgumentsError
from agentkit.messages import AssistantMessage, FunctionCall, Message, Request

_NOT_TOLD = ("stream", "extra_headers")  # how the answer comes, and to whom it is charged


def canonical(request: Request) -> dict[str, Any]:
    """The request as plain values. The ids of calls are left out: servers make them by chance."""
    return {
        "model": request.model,
        "options": told_options(request),
        "definitions": [each.to_dict() for each in request.definitions],
        "messages": [told(each) for each in request.messages],
    }


def told_options(request: Request) -> dict[str, Any]:
    """The options that the answer depends on, as plain values."""
    options = {
        name: value
        for name, value in sorted(request.options.items())
        if name not in _NOT_TOLD and value is not None
    }
    plain: dict[str, Any] = json.loads(json.dumps(options, default=str))
    return plain


def told(message: Message) -> dict[str, Any]:
    """What a model is told of a message."""
    plain: dict[str, Any] = {"role": message.role}
    if getattr(message, "untrusted", False):
        plain["untrusted"] = True  # it is delimited
    for name in ("name", "content", "reasoning"):
        if (value := getattr(message, name, None)) is not None:
            plain[name] = value
    if isinstance(message, AssistantMessage) and message.calls:
        plain["calls"] = [_call(each) for each in message.calls]
    return plain


def call_text(call: FunctionCall) -> str:
    """Stands for a call's name and arguments, however these are spelled."""
    arguments: Any = call.written
    with suppress(ArgumentsError):
        arguments = read_arguments(call.written)[0]
    return json.dumps([call.name, arguments], sort_keys=True)


def _call(call: FunctionCall) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": call.name, "arguments": call.written}
    extra: Mapping[str, Any] | None = call.extra
    return plain if extra is None else plain | {"extra": dict(extra)}
