"""A user's answers to questions for missing arguments."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from agentkit.offline.chains import is_content
from agentkit.offline.fill import Filled, fill
from agentkit.offline.plan import Call
from agentkit.offline.schemas import Parameter

__all__ = ["answered", "uncancelled"]

_CANCEL = re.compile(
    r"\s*(?:no,?\s+)?(?:never\s*mind|cancel|forget|stop|skip|leave|thanks|thank\s+you)\b"
    r"(?:,?\s+(?:about|it|that|please|thanks))*\s*(?:[.,;!]+\s*|$)",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(
    r"(?:(yes|yeah|yep|sure|ok|okay|true|of\s+course|please)|no|nope|false)\b", re.IGNORECASE
)
_CERTAIN = ("quoted", "name", "place", "path", "email", "uri", "date", "time", "code", "choice")


def uncancelled(text: str) -> str | None:
    """What an answer asks for instead where it takes the question back, else None."""
    found = _CANCEL.match(text)
    return text[found.end() :] if found else None


def answered(calls: list[Call], text: str, now: datetime) -> list[Call]:
    """The calls with what an answer says of the first that lacks something."""
    call = next((each for each in calls if each.missing), None)
    if call is None:
        return calls
    filled = fill(replace(call.function, parameters=call.missing), text, now=now)
    said = _value(call.missing[0], text, filled) if len(call.missing) == 1 else filled.arguments
    missing = tuple(each for each in call.missing if each.name not in said)
    told = replace(call, arguments=call.arguments | said, missing=missing)
    return [told if each is call else each for each in calls]


def _value(parameter: Parameter, text: str, filled: Filled) -> dict[str, Any]:
    """A bare answer is the value itself, unless a piece of it surely is."""
    plain = text.strip()
    if parameter.kind == "boolean" and (yes := _YES_OR_NO.match(plain)):
        return {parameter.name: bool(yes[1])}
    match = filled.matches.get(parameter.name)
    sure = ("quoted",) if is_content(parameter) else _CERTAIN
    free = parameter.kind in ("string", "any") and not parameter.choices and not parameter.format
    if not free or not plain or (match and match.span.kind in sure):
        return filled.arguments
    return {parameter.name: plain.rstrip(".!") if len(plain.split()) <= 3 else plain}
