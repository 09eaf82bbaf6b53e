"""A scripted model, for the tests of whoever builds on agentkit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentkit.interface import Interface
from agentkit.messages import AssistantMessage, FunctionCall, Request, Response, Usage

Reply = str | FunctionCall | list[FunctionCall] | AssistantMessage | Response | Exception
"""A text, calls, a whole message or response, or an exception to raise."""


def call(
    name: str, arguments: Mapping[str, Any] | str | None = None, /, **more: Any
) -> FunctionCall:
    """A function call with JSON arguments; a text is taken as it is, however broken."""
    if isinstance(arguments, str):
        return FunctionCall(name, arguments)
    return FunctionCall(name, json.dumps({**(arguments or {}), **more}))


class ScriptedInterface(Interface):
    """Gives the listed replies one after the other, and keeps the requests in `requests`.

    Args:
        replies: What to reply, in order. One more request is an AssertionError.
    """

    name = "scripted"

    def __init__(self, *replies: Reply) -> None:
        self.requests: list[Request] = []
        self._replies = list(replies)

    def send(self, request: Request) -> Response:
        """The next reply of the script."""
        self.requests.append(request)
        if not self._replies:
            raise AssertionError(f"The script has no reply to request {len(self.requests)}.")
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return _response(reply)

    async def asend(self, request: Request) -> Response:
        """`send`, awaited."""
        return self.send(request)

    def assert_done(self) -> None:
        """Fail when replies are left over."""
        assert not self._replies, f"{len(self._replies)} scripted replies were not asked for"


def _response(
    reply: str | FunctionCall | list[FunctionCall] | AssistantMessage | Response,
) -> Response:
    match reply:
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
