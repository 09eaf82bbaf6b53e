"""What a script says to what: `when("weather").call("get_weather", city="Oslo").then("Sunny.")`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentkit.messages import AssistantMessage, FunctionCall, Request, Response
from agentkit.testing.replies import Reply, call, response_of

Match = str | re.Pattern[str] | Callable[[Request], bool]
"""A part of what the user said, in capitals or not; a pattern that is found in it; or whether the
request is meant, as it was when the user had just said it."""

Said = Reply | Callable[[Request], Reply]
"""A reply, or what makes one of the request: results are its last messages."""


@dataclass(slots=True, eq=False)
class Line:
    """One reply of a rule: what it is, further calls in the same message, where it was written."""

    reply: Said
    place: str
    calls: list[FunctionCall] = field(default_factory=list)
    given: int = 0

    @property
    def message(self) -> AssistantMessage | None:
        """The message it stands for, or None where only the request tells."""
        if isinstance(self.reply, Exception) or callable(self.reply):
            return None
        return self._with_calls(self.reply).message

    @property
    def is_whole(self) -> bool:
        """Whether it is a message made by hand, which may be as wrong as a model's."""
        return isinstance(self.reply, AssistantMessage | Response)

    def response(self, request: Request) -> Response:
        """The response to a request; an exception is raised."""
        reply = self.reply
        return self._with_calls(reply(request) if callable(reply) else reply)

    def _with_calls(self, reply: Reply) -> Response:
        response = response_of(reply)
        if not self.calls:
            return response
        message = response.message
        content = message.content or None  # a line that begins with a call has no text
        message = replace(message, content=content, calls=(*message.calls, *self.calls))
        return replace(response, message=message)


class Rule:
    """What a script says when the user said something; made by `ScriptedInterface.when`."""

    def __init__(self, match: Match, times: int) -> None:
        self.match, self.times, self.place = match, times, _place()
        self.lines: list[Line] = []

    def call(
        self, name: str, arguments: Mapping[str, Any] | str | None = None, /, **more: Any
    ) -> Rule:
        """Call a function, in the same message as the text or the calls before it.

        `.call().call()` are side by side, `.call().then.call()` one after the other.

        Args:
            name: The function's name.
            arguments: Its arguments; a text is taken as it is, however broken.
            more: Arguments by name.
        """
        if not self.lines or isinstance(self.lines[-1].reply, Exception):
            self._add("")
        self.lines[-1].calls.append(call(name, arguments, **more))
        return self

    @property
    def then(self) -> Then:
        """What comes next, once the calls before it have their results: `.then("It is sunny.")`,
        or `.then.call(...)`."""
        return Then(self)

    def _add(self, reply: Said) -> None:
        self.lines.append(Line(reply, _place()))


class Then:
    """The next reply of a rule, about to be written."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def __call__(self, reply: Said) -> Rule:
        """Say a text; or give calls, a whole message or response; or raise an exception.

        Args:
            reply: That, or a function which makes it of the request. What functions brought are the
                last of `request.messages`.
        """
        self._rule._add(reply)
        return self._rule

    def call(
        self, name: str, arguments: Mapping[str, Any] | str | None = None, /, **more: Any
    ) -> Rule:
        """Call a function, in a message of its own; see `Rule.call`."""
        self._rule._add("")
        return self._rule.call(name, arguments, **more)


def _place() -> str:
    """The file and line outside of this package that is being carried out."""
    frame = sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(__package__ or ""):
        frame = frame.f_back
    path, here = frame.f_code.co_filename, os.getcwd() + os.sep
    return f"{path.removeprefix(here)}:{frame.f_lineno}"
