"""A chat-completions reply -> a response.

Presence decides, never `finish_reason`: servers end replies with calls in `stop`, and replies
without any in `tool_calls`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from pydantic_core import from_json

from agentkit.errors import ReplyError, StatusError
from agentkit.messages import AssistantMessage, FunctionCall, Quota, Response, Usage
from agentkit.wire.headers import quotas_of, refill, retry_after

_SHOWN = 200  # characters of a senseless body that are worth showing
EXTRA = "extra_content"
"""The one field of a call that a server is known to want back."""

_MOST = 2**53  # a number that every reader of JSON takes
_STATUS = re.compile(r"[45]\d\d")
_SURROGATE = re.compile("[\ud800-\udfff]")
_END = "data: [DONE]"  # so some proxies end each reply
_FRAMED = re.compile(rb"\A\s*(?:event:.*\s+)?data:(.*)")
_TOO_LARGE = re.compile(r"Limit:? (\d+), Requested:? (\d+)")


class Beside(NamedTuple):
    """What is known of a reply beside its body.

    Args:
        model: The model that was asked.
        quotas: What its headers say of limits.
        price: Gives what its tokens cost.
    """

    model: str = ""
    quotas: tuple[Quota, ...] = ()
    price: Callable[[Usage | None], float | None] = lambda usage: None


NOTHING = Beside()


def decode(body: bytes | str, beside: Beside = NOTHING) -> Response:
    """The response in a reply's body, as it came or already decoded.

    Args:
        body: The body.
        beside: What else is known of the reply.

    Raises:
        StatusError: The body is an error, whatever the HTTP status said.
        ReplyError: It is no chat completion.
    """
    reply = parse(body)
    if error := error_of(reply):
        raise error
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        raise ReplyError(f"The reply has no choices: {_begin(body)}")
    if len(choices) > 1:
        choices = sorted(choices, key=lambda each: _count(_mapping(each).get("index")) or 0)
    messages = [message_of(_mapping(_mapping(choice).get("message"))) for choice in choices]
    reason = _text(_mapping(choices[0]).get("finish_reason"))
    check_end(reason, messages[0])
    usage = usage_of(reply)
    return Response(
        message=messages[0],
        model=_text(reply.get("model")) or beside.model,
        usage=usage,
        finish_reason=reason,
        id=_text(reply.get("id")) or "",
        alternatives=tuple(messages[1:]),
        quotas=beside.quotas,
        cost=beside.price(usage),
    )


def check_end(reason: str | None, message: AssistantMessage) -> None:
    """Refuse an answer that the server says it failed to finish.

    Raises:
        StatusError: It did; `partial` has what had come.
    """
    if reason == "error":
        error = status_error(500, b"it stopped in the middle of the answer")
        error.partial = message
        raise error


def parse(body: bytes | str) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        ReplyError: It is not one; the message shows how it begins.
    """
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    if not (text.startswith("{") and text.endswith("}")):
        text = text.strip().removeprefix("\N{BYTE ORDER MARK}").removesuffix(_END)
    if not text:
        raise ReplyError("The reply is empty.")
    try:
        value = _loads(text)
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"The reply is not JSON: {_begin(body)}") from error
    if not isinstance(value, dict):
        raise ReplyError(f"The reply is not a JSON object: {_begin(body)}")
    return value


def _loads(text: str) -> Any:
    """The value that a text spells: by pydantic's parser, and what it refuses by Python's.

    It is twice as fast, and refuses half a surrogate pair and what is nested deeply.
    """
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


def message_of(given: Mapping[str, Any]) -> AssistantMessage:
    """The message in a choice, with the calls of either dialect; `tool_calls` wins over the old."""
    listed = given.get("tool_calls")
    listed = [listed] if listed and isinstance(listed, dict) else listed
    calls = [call_of(_mapping(each)) for each in listed] if isinstance(listed, list) else []
    if not calls and isinstance(given.get("function_call"), dict):
        calls = [call_of({"function": given["function_call"]})]
    content, reasoning = said_in(given, given.get("content"))
    made = tuple(call for call in calls if call.name or call.arguments)
    return AssistantMessage(content, made, reasoning)


def said_in(given: Mapping[str, Any], content: Any) -> tuple[str | None, str | None]:
    """The text and the reasoning in a message or a piece of one, whose `content` this is."""
    text = _content(content)
    reasoning = given.get("reasoning") or given.get("reasoning_content")
    return text or _text(given.get("refusal")) or text, _text(reasoning)


def call_of(given: Mapping[str, Any]) -> FunctionCall:
    """A call; arguments that came as an object, or not at all, become text."""
    function = _mapping(given.get("function"))
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments)
    return FunctionCall(
        _text(function.get("name")) or "",
        _text(arguments) or "",
        _text(given.get("id")) or "",
        extra=_mapping(given.get(EXTRA)) or None,
    )


def usage_of(reply: Mapping[str, Any]) -> Usage | None:
    """The tokens that a reply names, at the top or, in Groq's streams, under `x_groq`."""
    given = reply.get("usage")
    if not given and "x_groq" in reply:
        given = _mapping(reply["x_groq"]).get("usage")
    if not isinstance(given, dict):
        return None
    return Usage(
        prompt_tokens=_count(given.get("prompt_tokens")),
        completion_tokens=_count(given.get("completion_tokens")),
        cached_tokens=_count(_mapping(given.get("prompt_tokens_details")).get("cached_tokens")),
        reasoning_tokens=_count(
            _mapping(given.get("completion_tokens_details")).get("reasoning_tokens")
        ),
    )


def error_of(reply: Mapping[str, Any]) -> StatusError | None:
    """The error that a body with status 200 holds, if it holds one."""
    choices = reply.get("choices")
    choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
    groq, is_error = _mapping(reply.get("x_groq")), reply.get("object") == "error"
    if not is_error and "error" not in reply and "error" not in choice and "error" not in groq:
        return None  # as nearly always
    places = (reply, groq, choice)
    error: Any = next((place["error"] for place in places if place.get("error")), None)
    if is_error or (isinstance(error, str | bool) and reply.get("message")):
        error = reply  # its words stand beside it
    if not error:
        return None
    details = _mapping(error)
    named = (str(details.get(key)) for key in ("status_code", "code", "status"))
    status = next((int(each) for each in named if _STATUS.fullmatch(each)), 500)
    body = error if error is reply else {"error": error}
    return status_error(status, json.dumps(body).encode())


def status_error(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> StatusError:
    """The error in the body of an unsuccessful reply; HTML, empty and odd bodies are shown short.

    Args:
        status: The HTTP status.
        body: The body as it came.
        headers: Its headers, by names in small letters.
    """
    told = _json_in(body)
    error = told.get("error", told) if isinstance(told, dict) else told
    if isinstance(error, str | bool) and isinstance(told, dict) and told.get("message"):
        error = told  # its words stand beside it
    details = _behind(_mapping(error))
    error = details or error
    text = _text(details.get("message")) or _text(error) or _begin(body) or "no text"
    code = details.get("code")
    quotas, wait = quotas_of(headers or {}), retry_after(headers or {}, text)
    if wait is None and status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = refill(quotas)
    made = StatusError(
        f"The server answered {status}: {text}",
        status=status,
        code=str(code) if code is not None else _text(details.get("type")),
        body=error if error is not None else _begin(body),
        retry_after=wait,
        quotas=quotas,
    )
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        made.add(_remedy(text))
    return made


def _json_in(body: bytes) -> Any:
    """The JSON in an error's body, also where it is a stream's event or, as Gemini's, a list."""
    framed = _FRAMED.search(body)
    try:
        told = json.loads(framed[1] if framed else body)
    except (ValueError, RecursionError):
        return None
    return told[0] if isinstance(told, list) and told else told


def _behind(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The details with those of the provider behind a router, which OpenRouter sends as text."""
    raw = _mapping(details.get("metadata")).get("raw")
    told = _json_in(raw.encode("utf-8", "replace")) if isinstance(raw, str) else raw
    inner = _mapping(_mapping(told).get("error", told))
    text = _text(inner.get("message")) or (_begin(raw) if isinstance(raw, str) else "")
    if not text:
        return details
    return {**details, **inner, "message": f"{details.get('message') or ''}: {text}".lstrip(": ")}


def _remedy(text: str) -> str:
    """What helps against a request that is too large."""
    numbers = _TOO_LARGE.search(text)
    told = f"The request counts {numbers[2]} tokens, {numbers[1]} are allowed. " if numbers else ""
    return (
        f"{told}Waiting does not help: send a shorter transcript, smaller tool results "
        "(max_chars), fewer tools, or a lower max_tokens, which counts too."
    )


def _content(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        parts = [_text(_mapping(part).get("text") or part) for part in value]
        return "".join(part for part in parts if part) or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # as Cloudflare sends a token that is a number
    return _text(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    """A text; half a surrogate pair, which no file or terminal takes, becomes a mark for it."""
    if not isinstance(value, str):
        return None
    if value.isascii() or not _SURROGATE.search(value):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(value: Any) -> int | None:
    """A number of tokens; nonsense is none."""
    return value if type(value) is int and 0 <= value < _MOST else None


def _begin(body: bytes | str) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
