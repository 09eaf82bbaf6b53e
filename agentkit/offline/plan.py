"""Which functions a user's text asks for, and with what arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from agentkit.offline.arithmetic import find_expression
from agentkit.offline.fill import Filled, fill, wants_expression
from agentkit.offline.schemas import Function, Parameter
from agentkit.offline.spans import find_series
from agentkit.offline.words import GENERIC, OPPOSITES, STOP, related, stems

__all__ = ["Call", "best", "plan"]

_SPLIT = re.compile(
    r"[;\n]+|(?<=[?!])\s+|(?<=[a-z0-9)]\.)\s+(?=[A-Z])|,?\s+(?:and|then|also)\s+(?:also\s+|then\s+)?"
    r"|,\s+(?=(?:what|how|who|where|when|which|is|are|do|does|can|could)\b)",
    re.IGNORECASE,
)
_NAME, _DESCRIPTION, _DETAILS = 3.0, 1.5, 1.0
_WEAK = 0.25
_RELATED = 0.6
_ARITHMETIC = 8.0
_MISSING = 4.0
_FILLED = 0.5
_COVERED = 3.0
_CLOSE = 8  # functions whose arguments are tried
_CUTS = 12  # clauses that are told apart
_GATES = ((0.5, 1.75), (0.25, 3.0), (0.0, 5.0))  # the less of the name, the more of the rest


@dataclass(frozen=True, slots=True)
class Call:
    """A call to make, or to ask for where required parameters are missing."""

    function: Function
    arguments: dict[str, Any]
    missing: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class _Choice:
    score: float
    function: Function
    filled: Filled
    fits: bool


def plan(text: str, functions: tuple[Function, ...]) -> tuple[Call, ...]:
    """The calls that a text asks for, in its order; a call is never listed twice."""
    calls: list[Call] = []
    for clause in _clauses(text, functions):
        choice = _choose(clause, functions)
        if choice is not None and choice.fits:
            for arguments in _each(choice.filled.arguments, clause):
                call = Call(choice.function, arguments, choice.filled.missing)
                if call not in calls:
                    calls.append(call)
    return tuple(calls)


def _each(arguments: dict[str, Any], text: str) -> list[dict[str, Any]]:
    """The arguments once for each of "Oslo, Rome and Paris" where one of these was found."""
    for series in find_series(text):
        inside = [key for key, value in arguments.items() if value in series]
        if len(inside) == 1 and isinstance(arguments[inside[0]], str | int | float):
            return [arguments | {inside[0]: value} for value in series]
    return [arguments]


def best(text: str, functions: tuple[Function, ...]) -> Call | None:
    """The call that a text is nearest to, however far it is."""
    choice = _choose(text, functions)
    if choice is None:
        return None
    return Call(choice.function, choice.filled.arguments, choice.filled.missing)


def _clauses(text: str, functions: tuple[Function, ...]) -> list[str]:
    """The parts of a text that each ask for something; others stay with their neighbour."""
    cuts = [0, *(m.end() for m in islice(_SPLIT.finditer(text), _CUTS)), len(text)]
    clauses: list[str] = []
    for start, end in pairwise(cuts):
        part = text[start:end]
        complete = bool(clauses) and _asks(part, functions) and _asks(clauses[-1], functions)
        if complete or not clauses:
            clauses.append(part)
        else:
            clauses[-1] += part
    return clauses


def _asks(text: str, functions: tuple[Function, ...]) -> bool:
    choice = _choose(text, functions)
    return choice is not None and choice.fits and not choice.filled.missing


def _choose(text: str, functions: tuple[Function, ...]) -> _Choice | None:
    """The function that a text fits best, among the few whose words are nearest."""
    said = _said(text, functions)
    counted = find_expression(text) is not None
    near = sorted(functions, key=lambda each: -_nearness(each, said, counted))[:_CLOSE]
    choices = [_judge(text, each, said, counted) for each in near]
    fitting = [each for each in choices if each.fits] or choices
    return max(fitting, key=lambda each: each.score, default=None)


def _said(text: str, functions: tuple[Function, ...]) -> tuple[str, ...]:
    """The words that count: a stop word does where a function is named by it."""
    named = {word for each in functions for word in each.words}
    heard = (w for w in stems(text) if w in named or not (w in STOP or w.isdigit()))
    return tuple(dict.fromkeys(heard))


def _judge(text: str, function: Function, said: tuple[str, ...], counted: bool) -> _Choice:
    filled = fill(function, text)
    near, cover = _nearness(function, said, counted), _cover(function, said)
    heard = sum(_weight(word, function) > 0 for word in said)
    unsure = not filled.arguments or bool(filled.missing)
    vague = unsure and heard < len(said) / 2
    enough = any(cover >= share and near >= least for share, least in _GATES)
    fits = enough and not vague and not _opposed(function, text)
    extra = _FILLED * len(filled.arguments) - _MISSING * len(filled.missing)
    return _Choice(near + _COVERED * cover + extra, function, filled, fits)


def _nearness(function: Function, said: tuple[str, ...], counted: bool) -> float:
    """How much of what was said speaks for a function; arithmetic does where it wants some."""
    wanted = counted and any(wants_expression(each) for each in function.parameters)
    return sum(_weight(word, function) for word in said) + (_ARITHMETIC if wanted else 0.0)


def _weight(word: str, function: Function) -> float:
    weak = _WEAK if word in GENERIC else 1.0
    if word in function.words:
        return _NAME * weak
    if any(related(word, other) for other in function.words):
        return _NAME * _RELATED * weak
    if word in function.description:
        return _DESCRIPTION * weak
    return _DETAILS * weak if word in function.details else 0.0


def _cover(function: Function, said: tuple[str, ...]) -> float:
    """The share of the function's name that the text speaks of."""
    named = [w for w in function.words if w not in GENERIC | STOP] or list(function.words)
    hits = (
        1.0 if word in said else _RELATED if any(related(word, s) for s in said) else 0.0
        for word in named
    )
    return sum(hits) / max(len(named), 1)


def _opposed(function: Function, text: str) -> bool:
    words = frozenset(stems(text))
    pairs = [*OPPOSITES, *((b, a) for a, b in OPPOSITES)]
    return any(a in function.words and b in words and a not in words for a, b in pairs)
