"""Calls that use another's result: "double the result", "the weather in the capital of Japan"."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from agentkit.offline.fill import fill, wants_expression
from agentkit.offline.rank import Choice, choose
from agentkit.offline.results import from_results, read_json, told_number
from agentkit.offline.schemas import Function, Parameter
from agentkit.offline.words import stem, stem_set

__all__ = ["Link", "find_inner", "find_link", "is_content", "takes_result"]

_INNER = re.compile(
    r"\b(?:in|of|for|at|to|from|on|with|than|by)\s+(the\s+[^,.;:?!\"'`]+?)(?=\s+and\b|[,.;:?!]|$)",
    re.I,
)
_MOST = 3  # phrases that are looked at
_TEXT, _NUMBER = "'<result>'", "7919"  # what stands in the place of a result that is to come
_CONTENT = stem_set("text content body message data value number input string expression note")
_HANDLES = stem_set("path file id identifier url link key name")


@dataclass(frozen=True, slots=True)
class Link:
    """A call whose text has a hole for the result of another.

    Args:
        before: The text up to the hole.
        after: The text behind it.
        slot: The parameter that takes what comes into the hole.
    """

    function: Function
    before: str
    after: str
    slot: Parameter

    def closed(self, result: str, now: datetime) -> dict[str, Any]:
        """The arguments, now that the result is there."""
        value = read_json(result)
        if wants_expression(self.slot):
            number = told_number([value]) if isinstance(value, str) else value
            text = f"{self.before}{json.dumps(number)}{self.after}"
            return fill(self.function, text, now=now).arguments
        stand_in = _NUMBER if self.slot.kind in ("integer", "number") else _TEXT
        found = fill(self.function, self.before + stand_in + self.after, now=now).arguments
        return found | {self.slot.name: from_results(self.slot, [value], alone=True)}


def is_content(parameter: Parameter) -> bool:
    """Whether a parameter takes any text or number, and not the name of a thing."""
    return bool(parameter.name_stems & _CONTENT)


def takes_result(link: Link, before: Function) -> bool:
    """Whether "it" can mean what the call before gave, and not what that was about."""
    told = {*before.words, *before.summary} - _HANDLES
    return is_content(link.slot) or not told.isdisjoint(link.slot.name_stems)


def find_link(
    text: str, hole: tuple[int, int], functions: tuple[Function, ...], now: datetime
) -> Link | None:
    """The call that a text asks for if a result stands in the hole."""
    before, after = text[: hole[0]], text[hole[1] :]
    for stand_in in (_TEXT, _NUMBER):
        choice = choose(before + stand_in + after, functions, now)
        if choice is None or not choice.fits or choice.filled.missing:
            continue
        sign = stand_in.strip("'")
        for each in choice.function.parameters:
            if sign in str(choice.filled.arguments.get(each.name)):
                return Link(choice.function, before, after, each)
    return None


def find_inner(
    text: str, functions: tuple[Function, ...], now: datetime
) -> tuple[Choice, Link] | None:
    """The call that a phrase such as "the capital of Japan" asks for, and the one around it."""
    for match in islice(_INNER.finditer(text), _MOST):
        head = stem(match[1].split()[1])
        named = tuple(each for each in functions if head in each.words)
        others = tuple(each for each in functions if head not in each.words)
        inner = choose(match[1], named, now) if named and others else None
        if inner and inner.fits and inner.filled.arguments and not inner.filled.missing:
            outer = find_link(text, match.span(1), others, now)
            if outer is not None:
                return inner, outer
    return None
