"""What a transcript says: the open question of the user, and the calls already made for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from agentkit.offline.results import read_json
from agentkit.offline.schemas import dicts
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
    content: str | None = None
    id: Any = None

    @property
    def failed(self) -> bool:
        """Whether its result is an error."""
        return (self.content or "").strip().startswith("Error")


@dataclass(frozen=True, slots=True)
class Talk:
    """The user's last message, that together with what it completes, and the calls since.

    Args:
        texts: The last message, behind the earlier ones that it completes by answering a question.
        done: The calls made for them.
        before: The last result of an earlier turn, None where there is none.
    """

    texts: tuple[str, ...]
    done: tuple[Done, ...]
    before: str | None = None

    @property
    def text(self) -> str:
        """The last message alone."""
        return self.texts[-1]

    @property
    def whole(self) -> str:
        """It together with those that it completes."""
        return " ".join(self.texts)[:_MOST]


def read_talk(messages: Any) -> Talk:
    """Read a request's messages; whatever makes no sense counts as absent."""
    known = dicts(messages)
    users = [i for i, each in enumerate(known) if each.get("role") == "user"]
    if not users:
        return Talk(("",), _done(known))
    first = len(users) - 1
    while first and _is_question(known[users[first] - 1]):
        first -= 1
    texts = (_text(known[i]).translate(_SIGNS)[:_MOST] for i in users[first:])
    earlier = [each.content for each in _done(known[: users[first]]) if each.content is not None]
    return Talk(tuple(texts), _done(known[users[first] :]), earlier[-1] if earlier else None)


def _is_question(message: dict[str, Any]) -> bool:
    return message.get("role") == "assistant" and ASKING in _text(message)


def _done(messages: list[dict[str, Any]]) -> tuple[Done, ...]:
    calls: list[Done] = []
    for message in messages:
        calls += _calls(message)
        if message.get("role") in ("function", "tool"):
            waiting = [i for i, each in enumerate(calls) if each.content is None]
            same = [i for i in waiting if calls[i].id == message.get("tool_call_id")]
            for index in (same or waiting)[:1]:
                calls[index] = replace(calls[index], content=undelimited(_text(message)))
    return tuple(calls)


def _calls(message: dict[str, Any]) -> Iterator[Done]:
    tools = dicts(message.get("tool_calls"))
    for call in (*tools, {"function": message.get("function_call")}):
        if isinstance(made := call.get("function"), dict):
            arguments = made.get("arguments")
            arguments = read_json(arguments) if isinstance(arguments, str) else arguments
            yield Done(str(made.get("name") or ""), arguments, id=call.get("id"))


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    parts = [content, *(each.get("text") for each in dicts(content))]
    return " ".join(each for each in parts if isinstance(each, str))
