"""Broken calls as turns of the conversation: read, or asked for once more, before they are errors.

Groq checks the model's calls on its side, and answers 400 `tool_use_failed` with the model's text
in `failed_generation`; other servers leave calls in the text of an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from agentkit.errors import ConfigError, InterfaceError, ReplyError, StatusError
from agentkit.messages import FROM_REFUSED, AssistantMessage, FunctionCall, Request, Response
from agentkit.plan import Ask, Plan
from agentkit.wire import clean_name, may_be_call, written_calls
from agentkit.wrapper import Wrapper

_RESAMPLED = ("tool_use_failed", "json_validate_failed")
_BEHIND_GATEWAY = re.compile("Failed to call a function|[Tt]ool call validation failed")
_MEANT_AS_CALL = re.compile("as JSON|validation failed|attempted to call tool|Tool choice is")
_SERVERS_OWN = ("tool use failed", "failed to ", "tool call validation failed")
_SHOWN = 1_000  # characters of a broken call in an error


class Recovering(Wrapper):
    """Makes a response of what was meant as one.

    A call that can be read becomes a call: wrong arguments and unknown names are then told to the
    model like any others. Prose becomes the answer where no call was forced. The rest, and an
    answer without a word, is asked again once at another temperature, and then is an error with
    the raw text. Each recovery is in `Response.repairs`.
    """

    def plan(self, request: Request) -> Plan:
        """Ask, read what came, and ask once more where it makes no sense."""
        names = [each.name for each in request.definitions]
        first = yield from self._asked(request, names)
        if not isinstance(first, _Useless):
            return first
        if first.error.handed_out:
            raise first.error
        other = _other_temperature(request)
        try:
            self.check(other)
        except ConfigError:  # the interface knows no temperature
            raise first.error from None
        try:
            second = yield from self._asked(other, names)
        except StatusError as error:  # the model may take none
            raise (first.error if error.status == HTTPStatus.BAD_REQUEST else error) from None
        if isinstance(second, _Useless):
            raise second.error
        if first.response is not None:
            second = second.after(first.response)
        return _noted(second, f"asked again, because: {first.error}")

    def _asked(self, request: Request, names: Collection[str]) -> _Outcome:
        """What came of a request: a response to go on with, or one of no use."""

        def holds(head: str) -> bool:  # an empty answer or a call is not handed out as text
            return not head.strip() or (bool(names) and may_be_call(head))

        try:
            response = yield Ask(self.inner, request, holds)
        except StatusError as error:
            if not _is_broken_call(error):
                raise
            return _recovered(error, request, names) or _Useless(_with_raw_text(error))
        assert response is not None
        response = _cleaned(response, names)
        message = response.message
        if message.calls or (message.content or "").strip():
            return response
        return _Useless(_empty(response), response)


@dataclass(frozen=True, slots=True)
class _Useless:
    """A reply that nothing can be made of: the error that it is, and what came."""

    error: InterfaceError
    response: Response | None = None


_Outcome = Generator[Ask, Response | None, Response | _Useless]


def _is_broken_call(error: StatusError) -> bool:
    named = error.code in _RESAMPLED or "failed_generation" in _body(error)
    return named or bool(_BEHIND_GATEWAY.search(str(error)))


def _body(error: StatusError) -> Mapping[str, Any]:
    return error.body if isinstance(error.body, Mapping) else {}


def _recovered(error: StatusError, request: Request, names: Collection[str]) -> Response | None:
    """The response that a refused generation was meant to be."""
    partial = error.partial or AssistantMessage()
    given = _body(error).get("failed_generation")
    text = given if isinstance(given, str) else json.dumps(given) if given else ""
    text = text or partial.content or ""  # empty where the text had been streamed
    forced = request.options.get("function_call")
    if forced == "none" or not names or error.code == "json_validate_failed":
        return None
    calls, before = written_calls(text, names)
    if not given and partial.calls:  # what was streamed is all there is
        calls, before = partial.calls, ""
    if calls:
        said = before or (partial.content if given or partial.calls else None)
        message = AssistantMessage(said, calls, partial.reasoning)
        cut = "error" if calls is partial.calls else None
        repairs = (f"call {FROM_REFUSED}",)
        return Response(message=message, finish_reason=cut, repairs=repairs)
    if forced in (None, "auto") and isinstance(given, str | None) and _is_prose(text, error):
        streamed = partial.content or ""
        said = streamed if error.handed_out and not text.startswith(streamed) else text
        message = AssistantMessage(said, reasoning=partial.reasoning)
        return Response(message=message, repairs=(f"answer {FROM_REFUSED}",))
    return None


def _is_prose(text: str, error: StatusError) -> bool:
    """Whether a text may be an answer: not a call gone wrong, and not the server's own words."""
    if not text.strip() or may_be_call(text) or text.lower().startswith(_SERVERS_OWN):
        return False
    return not _MEANT_AS_CALL.search(str(error))


def _with_raw_text(error: StatusError) -> StatusError:
    """The error with the raw text in its message."""
    raw = _body(error).get("failed_generation")
    text = raw if isinstance(raw, str) else json.dumps(raw)
    if raw and text[:_SHOWN] not in str(error):
        error.add(f"The model wrote: {text[:_SHOWN]}")
    return error


def _cleaned(response: Response, names: Collection[str]) -> Response:
    """The response with clean names, and with the calls that stand in its text."""
    message = response.message
    if not names:
        return response
    if not message.calls:
        if not may_be_call(message.content or ""):
            return response
        calls, before = written_calls(message.content or "", names, anything=False)
        if not calls:
            return response
        message = replace(message, content=before or None, calls=calls)
        return _noted(replace(response, message=message), "call read from the text")
    if all(call.name in names for call in message.calls):
        return response
    clean = tuple(_renamed(call, names) for call in message.calls)
    repairs = [
        f"{new.name}: name was written {old.name!r}"
        for old, new in zip(message.calls, clean, strict=True)
        if old is not new
    ]
    return _noted(replace(response, message=replace(message, calls=clean)), *repairs)


def _renamed(call: FunctionCall, names: Collection[str]) -> FunctionCall:
    name = clean_name(call.name, names)
    return call if name == call.name else replace(call, name=name)


def _noted(response: Response, *repairs: str) -> Response:
    return replace(response, repairs=(*response.repairs, *repairs)) if repairs else response


def _other_temperature(request: Request) -> Request:
    given = request.options.get("temperature")
    return request.with_options(temperature=0.8 if given is not None and given < 0.5 else 0.2)


def _empty(response: Response) -> InterfaceError:
    usage, reason = response.usage, response.finish_reason
    thought = usage.reasoning_tokens if usage else None
    text = f"The model gave neither text nor a call (finish_reason {reason})."
    if reason == "content_filter":
        text += " The server's content filter held it back."
    elif reason == "length" or thought:
        text += f" {thought or 'All'} of its tokens went to reasoning: raise max_tokens."
    return ReplyError(text)
