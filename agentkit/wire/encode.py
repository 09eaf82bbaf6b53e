"""A request -> the body of a chat-completions request.

Nothing a server said is echoed: each message is built from what its role may hold, keys without a
value are left out (Groq refuses null and unknown ones), and arguments are a JSON object's text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic_core import PydanticSerializationError, to_json

from agentkit.messages import (
    AssistantMessage,
    FunctionCall,
    FunctionDefinition,
    Message,
    Request,
    ResultMessage,
    SystemMessage,
    UserMessage,
)
from agentkit.profile import without
from agentkit.quirks import Quirks
from agentkit.wire.untrusted import delimited

Dialect = Literal["functions", "tools"]
"""How function calls are spelled."""

_CHOICES = ("none", "auto", "required")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME = 64
_OWN_KEYS = ("functions", "function_call", "stream")
_PLAIN = Quirks()
_NOTHING: tuple[tuple[Message, ...], tuple[bytes, ...]] = ((), ())


def encode(
    request: Request,
    *,
    model: str,
    dialect: Dialect,
    stream: bool = False,
    quirks: Quirks = _PLAIN,
    extra: Mapping[str, Any] | None = None,
) -> bytes:
    """The body to send, as JSON in UTF-8.

    Args:
        request: What to ask; its `model` has been resolved to the following one.
        model: The model's full name.
        dialect: How to spell functions, calls and results.
        stream: Whether to ask for a stream.
        quirks: Where the server differs from others.
        extra: More fields of the body, over all others.
    """
    functions = _functions(request, dialect, quirks)
    body = _choice(request, dialect) if functions else {}  # without functions it is refused
    body |= {
        quirks.rename.get(name, name): value
        for name, value in request.options.items()
        if value is not None and name not in _OWN_KEYS
    }
    if stream:
        body["stream"] = True
        body |= {"stream_options": {"include_usage": True}} if quirks.stream_usage else {}
    body |= extra or {}
    pieces = [b'{"model":', _json(model), b',"messages":[', _messages(request, dialect, quirks)]
    if functions and dialect not in body:
        pieces += [b'],"', dialect.encode(), b'":[', functions]
    pieces += [b"],", _json(body)[1:]] if body else [b"]}"]
    return b"".join(pieces)


def _functions(request: Request, dialect: Dialect, quirks: Quirks) -> bytes:
    """The definitions, joined; nothing where there are none: an empty list is refused."""
    key = f"{dialect} {quirks.refuses}"
    own = [_once(each, key, _definition, dialect, quirks) for each in request.definitions]
    given = [dict(each) for each in request.options.get("functions") or ()]
    return b",".join([*own, *(_spelled(each, dialect, quirks) for each in given)])


def _definition(definition: FunctionDefinition, dialect: Dialect, quirks: Quirks) -> bytes:
    return _spelled(definition.to_dict(), dialect, quirks)


def _spelled(definition: dict[str, Any], dialect: Dialect, quirks: Quirks) -> bytes:
    if quirks.refuses:
        parameters = dict(definition.get("parameters", {}))
        definition["parameters"] = without(parameters, quirks.refuses)
    if dialect == "tools":
        return _json({"type": "function", "function": definition})
    definition.pop("strict", None)
    return _json(definition)


def _choice(request: Request, dialect: Dialect) -> dict[str, Any]:
    choice = request.options.get("function_call")
    name = choice if isinstance(choice, str) else (choice or {}).get("name")
    if not name:
        return {}
    key = "function_call" if dialect == "functions" else "tool_choice"
    if name in _CHOICES:
        return {key: name}
    named = {"name": name}
    return {key: named if dialect == "functions" else {"type": "function", "function": named}}


def _messages(request: Request, dialect: Dialect, quirks: Quirks) -> bytes:
    """The messages, joined. Those that an earlier request of the run had are not looked at again.

    What is kept is replaced and never changed: two requests of a run may be encoded at once.
    """
    key = f"{dialect} {quirks.reasoning} {quirks.id_length} {quirks.echo}"
    messages, (known, pieces) = request.messages, request._encoded.get(key, _NOTHING)
    new = len(known)
    goes_on = request.goes_on_from(known)
    if not goes_on or isinstance(next(iter(messages[new : new + 1]), None), ResultMessage):
        new, pieces = 0, ()  # also where a result belongs to a call that was encoded without
    spelled = _turns if dialect == "functions" else _parallel
    pieces = (*pieces, *spelled(messages[new:], quirks))
    request._encoded[key] = (messages, pieces)
    return b",".join(pieces)


def _turns(messages: Sequence[Message], quirks: Quirks) -> Iterator[bytes]:
    """The `functions` dialect: each call of a message is a turn with its result behind it."""
    for message, results in _grouped(messages):
        if not isinstance(message, AssistantMessage) or not message.calls:
            yield _once(message, "functions", _role)
            continue
        calls = _once(message, f"calls in turn {quirks.reasoning}", _call_turns, quirks)
        for index, call in enumerate(calls):
            yield call
            if index < len(results):
                yield _once(results[index], "functions", _role)


def _call_turns(message: AssistantMessage, quirks: Quirks) -> tuple[bytes, ...]:
    said = _spoken(message.content) | _thought(message, quirks)
    return tuple(
        _json((said if index == 0 else _spoken(None)) | {"function_call": _call(call)})
        for index, call in enumerate(message.calls)
    )


def _parallel(messages: Sequence[Message], quirks: Quirks) -> Iterator[bytes]:
    """The `tools` dialect: all calls in one message, then a result for each."""
    key = f"tools {quirks.reasoning} {quirks.id_length} {quirks.echo}"
    for message, results in _grouped(messages):
        calls = message.calls if isinstance(message, AssistantMessage) else ()
        ids = _ids(calls, quirks.id_length)
        yield _once(message, key, _with_calls, ids, quirks)
        for result, its_id in zip(results, ids, strict=False):
            yield _once(result, f"tools {its_id}", _tool, its_id)


def _with_calls(message: Message, ids: list[str], quirks: Quirks) -> bytes:
    if not isinstance(message, AssistantMessage) or not message.calls:
        return _role(message)
    calls = [
        {"id": its_id, "type": "function", "function": _call(call)}
        | ({quirks.echo: call.extra} if quirks.echo and call.extra else {})
        for its_id, call in zip(ids, message.calls, strict=True)
    ]
    return _json(_spoken(message.content) | _thought(message, quirks) | {"tool_calls": calls})


def _thought(message: AssistantMessage, quirks: Quirks) -> dict[str, Any]:
    """The reasoning before a call, which some models need back to go on from it."""
    return {quirks.reasoning: message.reasoning} if quirks.reasoning and message.reasoning else {}


def _tool(result: ResultMessage, its_id: str) -> bytes:
    return _json({"role": "tool", "tool_call_id": its_id, "content": _content(result)})


def _content(message: ResultMessage | UserMessage) -> str:
    return delimited(message.content) if message.untrusted else message.content


def _ids(calls: Sequence[FunctionCall], length: int) -> list[str]:
    """An id for each call of one message: the server's, or one of ours where it is no use."""
    given = [call.id for call in calls]
    ids = [
        its_id if its_id and given.count(its_id) == 1 else f"call_{index}{its_id}"
        for index, its_id in enumerate(given)
    ]
    if not length:
        return ids
    from hashlib import sha256  # of a server that wants ids of its own form

    fits = [len(its_id) == length and its_id.isalnum() and its_id.isascii() for its_id in ids]
    return [
        its_id
        if fit
        else sha256(f"{call.name} {call.arguments} {its_id}".encode()).hexdigest()[:length]
        for its_id, fit, call in zip(ids, fits, calls, strict=True)
    ]


def _grouped(messages: Sequence[Message]) -> Iterator[tuple[Message, list[ResultMessage]]]:
    """Each message with the results that belong to it."""
    index = 0
    while index < len(messages):
        message = messages[index]
        wanted = len(message.calls) if isinstance(message, AssistantMessage) else 0
        results: list[ResultMessage] = []
        index += 1
        while index < len(messages) and len(results) < wanted:
            following = messages[index]
            if not isinstance(following, ResultMessage):
                break
            results.append(following)
            index += 1
        yield message, results


def _role(message: Message) -> bytes:
    match message:
        case SystemMessage():
            return _json({"role": "system", "content": message.content})
        case UserMessage():
            return _json({"role": "user", "content": _content(message)})
        case ResultMessage():
            return _json(
                {"role": "function", "name": _name(message.name), "content": _content(message)}
            )
        case AssistantMessage():
            return _json(_spoken(message.content or ""))


def _spoken(content: str | None) -> dict[str, Any]:
    return {"role": "assistant"} | ({"content": content} if content is not None else {})


def _call(call: FunctionCall) -> dict[str, str]:
    return {"name": _name(call.name), "arguments": call.arguments}


def _name(written: str) -> str:
    """The name in letters that servers take back; a model's invention may have others."""
    return _NO_NAME.sub("_", written)[:_LONGEST_NAME] or "unnamed"


def _once(message: Any, key: str, make: Callable[..., Any], *more: Any) -> Any:
    """A message's JSON, made once in its life: a step must not cost more as a transcript grows."""
    kept = message._encoded
    if key not in kept:
        kept[key] = make(message, *more)
    return kept[key]


def _json(value: Any) -> bytes:
    try:
        return to_json(value, inf_nan_mode="constants")
    except PydanticSerializationError:  # half a surrogate pair, which strict servers refuse
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return _HALF_PAIR.sub("\N{REPLACEMENT CHARACTER}", text).encode()
