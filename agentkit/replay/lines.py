"""Requests and transcripts as lines to be read and compared."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import Any

_WIDTH = 100  # characters of a line: a long text is compared piece by piece
_MOST = 40  # lines of a difference that are shown


def request_lines(request: Mapping[str, Any]) -> list[str]:
    """A canonical request, line by line."""
    lines = [f"model: {request['model']}"]
    lines += [f"option {name}: {json.dumps(v)}" for name, v in request["options"].items()]
    for each in request["definitions"]:
        lines += _wrapped(f"definition {each['name']}", json.dumps(each, ensure_ascii=False))
    for each in request["messages"]:
        lines += message_lines(each)
    return lines


def message_lines(message: Mapping[str, Any]) -> list[str]:
    """A message as plain values, line by line."""
    role, calls = message["role"], message.get("calls", ())
    who = f"result of {message['name']}" if role == "function" else role
    lines = _wrapped(who, message.get("content") or "") if message.get("content") else []
    for call in calls:
        lines += _wrapped(f"{role} calls {call['name']}", call.get("arguments", "{}"))
    return lines or [f"{who}:"]


def difference(before: Sequence[str], after: Sequence[str], *, most: int | None = _MOST) -> str:
    """What differs: `-` marks a line of the first alone, `+` one of the second.

    Args:
        before: The first lines.
        after: The second ones.
        most: Lines that are shown; None for all.
    """
    found = [
        each for each in unified_diff(before, after, n=1, lineterm="") if each[:3] not in _HEAD
    ]
    lines = ["..." if each.startswith("@@") else each for each in found]
    lines = lines[1:] if lines[:1] == ["..."] else lines
    rest = len(lines) - most if most is not None else 0
    more = [f"({rest} more lines)"] if rest > 0 else []
    return "\n".join([*lines[:most], *more])


_HEAD = ("---", "+++")


def _wrapped(head: str, text: str) -> list[str]:
    return list(_pieces(head, text))


def _pieces(head: str, text: str) -> Iterator[str]:
    first = True
    for line in text.splitlines() or [""]:
        for piece in textwrap.wrap(line, _WIDTH, drop_whitespace=False) or [""]:
            yield f"{head}: {piece}" if first else f"    {piece}"
            first = False
