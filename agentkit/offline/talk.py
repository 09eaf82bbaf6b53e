"""What a transcript says: the open question of the user, and the calls already made for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from agentkit.wire.untrusted import undelimited

__all__ = ["ASKING", "Done", "Talk", "read_talk"]

ASKING = "To call `"
"""How the offline model's questions for a missing argument begin."""

_MOST = 4_000
_SIGNS = str.maketrans("\u2018\u2019\u201c\u201d\u2212\u00d7\u00f7", "''\"\"-*/")


@dataclass(frozen=True, slots=True)
class Done:
    """A call already made; `content` is None while it has no result."""

    name: str
    arguments: Any
    content: str | None


@dataclass(frozen=True, slots=True)
class Talk:
    """The user's last message, that together with what it completes, and the calls since.

    Args:
        text: The last message alone.
        whole: It together with the earlier ones that it completes by answering a question.
        done: The calls made for them.
    """

    text: str
    whole: str
    done: tuple[Done, ...]


def read_talk(messages: Any) -> Talk:
    """Read a request's messages; whatever makes no sense counts as absent."""
    known = _dicts(messages)
    last = max((i for i, each in enumerate(known) if each.get("role") == "user"), default=None)
    if last is None:
        return Talk("", "", _done(known))
    start = _start(known, last)
    asked = [_said(each) for each in known[start : last + 1] if each.get("role") == "user"]
    return Talk(asked[-1][:_MOST], " ".join(asked)[:_MOST], _done(known[start:]))


def _start(messages: list[dict[str, Any]], last: int) -> int:
    """The user's message that opened the question which the last one completes."""
    start = last
    while start > 0 and messages[start - 1].get("role") == "assistant":
        if ASKING not in _text(messages[start - 1]):
            break
        earlier = [i for i in range(start) if messages[i].get("role") == "user"]
        if not earlier:
            break
        start = earlier[-1]
    return start


def _done(messages: list[dict[str, Any]]) -> tuple[Done, ...]:
    waiting: list[tuple[str, Done]] = []
    ended: dict[int, str] = {}
    for message in messages:
        waiting += _calls(message)
        if message.get("role") in ("function", "tool"):
            open_ = [i for i in range(len(waiting)) if i not in ended]
            wanted = str(message.get("tool_call_id") or "")
            same = [i for i in open_ if wanted and waiting[i][0] == wanted]
            for index in (same or open_)[:1]:
                ended[index] = undelimited(_text(message))
    return tuple(Done(d.name, d.arguments, ended.get(i)) for i, (_, d) in enumerate(waiting))


def _calls(message: dict[str, Any]) -> list[tuple[str, Done]]:
    tools = _dicts(message.get("tool_calls"))
    pairs = [(str(each.get("id") or ""), each.get("function")) for each in tools]
    pairs.append(("", message.get("function_call")))
    return [
        (its_id, Done(str(call.get("name") or ""), _arguments(call.get("arguments")), None))
        for its_id, call in pairs
        if isinstance(call, dict)
    ]


def _arguments(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return text


def _said(message: dict[str, Any]) -> str:
    """A message's text with the signs of a keyboard for those of a typesetter."""
    return _text(message).translate(_SIGNS)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    parts = [content, *(each.get("text") for each in _dicts(content))]
    return " ".join(each for each in parts if isinstance(each, str))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
