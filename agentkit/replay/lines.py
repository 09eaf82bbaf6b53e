"""Requests and transcripts as lines to be read and compared: equal lines are of equal values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from textwrap import TextWrapper
from typing import Any

# A long text is compared piece by piece, and nothing of it is lost.
_wrapper = TextWrapper(100, expand_tabs=False, replace_whitespace=False, drop_whitespace=False)
_MOST = 40  # lines of a difference that are shown


def request_lines(request: Mapping[str, Any]) -> list[str]:
    """A canonical request, line by line."""
    lines = [f"model: {request['model']}"]
    lines += [f"option {name}: {json.dumps(v)}" for name, v in request["options"].items()]
    for each in request["definitions"]:
        lines += _pieces(f"definition {each.get('name')}", json.dumps(each, ensure_ascii=False))
    for each in request["messages"]:
        lines += message_lines(each)
    return lines


def message_lines(message: Mapping[str, Any]) -> list[str]:
    """A message as plain values, line by line."""
    role, calls = message.get("role"), message.get("calls", ())
    who = f"result of {message.get('name')}" if role == "function" else str(role)
    if message.get("untrusted"):
        who += " (text from outside)"
    lines: list[str] = []
    for name, head in (("reasoning", f"{who} thinks"), ("content", who)):
        if message.get(name):
            lines += _pieces(head, message[name])
    for call in calls:
        head = f"{role} calls {call.get('name')}"
        lines += _pieces(head, call.get("arguments", "{}"))
        if "extra" in call:
            lines += _pieces(f"{head} with extra", json.dumps(call["extra"], sort_keys=True))
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


def _pieces(head: str, text: str) -> Iterator[str]:
    """A text under its head; what does not show, such as a Windows line end, is spelled out."""
    for line in text.split("\n"):
        spelled = "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line)
        for piece in _wrapper.wrap(spelled) or [""]:
            yield f"{head}: {piece}" if head else f"    {piece}"
            head = ""
