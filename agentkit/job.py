"""A call whose arguments fit, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agentkit.errors import ToolError
from agentkit.function_tool import Tool
from agentkit.media import Media
from agentkit.messages import FunctionCall, ResultMessage
from agentkit.reading import LONGEST, READ, handle_of
from agentkit.redact import redact, without
from agentkit.results import capped, result_parts
from agentkit.tracing import note

if TYPE_CHECKING:
    from agentkit.schema import Bound  # needs pydantic

_LONGEST_ERROR = 2_000  # characters of an exception's text


@dataclass(frozen=True, slots=True)
class Job:
    """A call whose arguments fit."""

    tool: Tool[..., Any]
    call: FunctionCall
    bound: Bound
    repairs: tuple[str, ...]
    room: int | None
    key: bytes = b""  # of its result, if that is kept

    def kept(self) -> ResultMessage | None:
        """The result of an equal call, if it is kept and not too old."""
        told = self.tool.results.get(self.key, self.tool.cache) if self.tool.cache else None
        return None if told is None else self._message(*told)

    def result(self, value: Any) -> ResultMessage:
        """What the model is told of a value."""
        text, media = result_parts(value, self.tool.name)
        text = self._without_secrets(text)
        if self.tool.cache:
            self.tool.results.put(self.key, (text, media))
        return self._message(text, media)

    def failure(self, error: Exception) -> ResultMessage:
        """What the model is told of an exception."""
        if self.tool.on_error == "raise" and not isinstance(error, ToolError):
            raise error
        note(error)
        text = str(error)
        if not isinstance(error, ToolError):
            self.warn()
            text = f"{type(error).__name__}: {redact(text)}"
        if self.tool.on_error == "hide" and not isinstance(error, ToolError):
            text = f"{self.tool.name} failed."
        message = failed(self.call, self._without_secrets(text), self.repairs)
        return replace(message, untrusted=self.tool.open_world)

    def warn(self, what: str = "") -> None:
        """Log the exception that is being handled, without secrets."""
        import traceback

        from agentkit.log import log

        trace = redact(self._without_secrets(traceback.format_exc()))
        log.warning("%s failed\n%s", f"{what} {self.tool.name}".lstrip(), trace)

    def _message(self, text: str, media: tuple[Media, ...]) -> ResultMessage:
        limits = [each for each in (self.tool.max_chars, self.room) if each is not None]
        whole, handle, hint = "", "", ""
        if self.room is not None and limits and len(text) > min(limits):
            whole = text[:LONGEST]
            handle = handle_of(whole)
            hint = f'; {READ}(handle="{handle}", offset={{offset}}) gives them'
        return ResultMessage(
            self.call.name,
            capped(text, min(limits, default=None), hint),
            self.call.id,
            repairs=self.repairs,
            untrusted=self.tool.open_world,
            whole=whole,
            handle=handle,
            media=media,
        )

    def _without_secrets(self, text: str) -> str:
        if not self.tool.takes_secrets:
            return text
        from agentkit.safe.secrets import secrets_in

        return without(text, secrets_in(self.bound))


def failed(call: FunctionCall, text: str, repairs: tuple[str, ...] = ()) -> ResultMessage:
    """The result of a call that could not run, or failed."""
    content = f"Error: {capped(text, _LONGEST_ERROR)}"
    return ResultMessage(call.name, content, call.id, is_error=True, repairs=repairs)
