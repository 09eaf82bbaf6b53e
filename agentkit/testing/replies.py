"""What a script can reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentkit.messages import AssistantMessage, FunctionCall, Response, Usage

Reply = str | FunctionCall | list[FunctionCall] | AssistantMessage | Response | Exception
"""A text, calls, a whole message or response, or an exception to raise."""


def call(
    name: str, arguments: Mapping[str, Any] | str | None = None, /, **more: Any
) -> FunctionCall:
    """A function call with JSON arguments; a text is taken as it is, however broken."""
    if isinstance(arguments, str):
        return FunctionCall(name, arguments)
    return FunctionCall(name, json.dumps({**(arguments or {}), **more}))


def response_of(reply: Reply) -> Response:
    """The response that a reply stands for; an exception is raised."""
    match reply:
        case Exception():
            raise reply
        case Response():
            return reply
        case AssistantMessage():
            message = reply
        case FunctionCall():
            message = AssistantMessage(calls=(reply,))
        case list():
            message = AssistantMessage(calls=tuple(reply))
        case _:
            message = AssistantMessage(content=reply)
    return Response(message=message, model="scripted", usage=Usage(0, 0))
