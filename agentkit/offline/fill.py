"""Arguments for a function from the words of a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agentkit.offline.arithmetic import find_expression
from agentkit.offline.match import Match, find_matches, keywords
from agentkit.offline.pieces import read_sentence
from agentkit.offline.schemas import Function, Parameter
from agentkit.offline.spans import Sentence
from agentkit.offline.words import (
    GENERIC,
    STARTERS,
    STOP,
    name_words,
    related,
    stem,
    stem_set,
    stems,
)

__all__ = ["Filled", "fill", "wants_expression"]

_ARITHMETIC = re.compile(
    r"arithmetic|math|calculat|comput|evaluate|number|\d\s*[-+*/^]\s*\d"
    r"|^\W*(?:the )?expression\W*$",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(?:until|till|since|ago|away|left|passed|to go|from (?:now|today))\b", re.I
)
_LONELY = 0.3  # what must speak for an argument where no other is found
_FIRM = ("number", "quoted", "path", "uri", "email", "date", "time", "sql", "glob", "object")
_BEAM = 24
_TRIED = 7  # pieces for each parameter
_BACKWARDS = 0.15  # for each pair of pieces that stand in the other order than their parameters
_MISSING = 10.0
_NEGATIONS = stem_set("no not without exclude don't skip never disable non")
_WHOLE = stem_set("all both each every everywhere")
_WINDOW = 4  # words before a flag that may deny it


@dataclass(frozen=True, slots=True)
class Filled:
    """The arguments found, and the required parameters for which nothing was.

    Args:
        arguments: By name, in the function's order.
        missing: What is still to be asked for.
        score: How well the pieces suit their parameters.
        left: How many of the text's numbers, quotations, paths and dates are in no argument.
        matches: By name, the pieces of the text of which arguments were made.
    """

    arguments: dict[str, Any]
    missing: tuple[Parameter, ...]
    score: float = 0.0
    matches: dict[str, Match] = field(default_factory=dict)
    left: int = 0


def wants_expression(parameter: Parameter) -> bool:
    """Whether a parameter takes an arithmetic expression."""
    if parameter.kind != "string" or stem("expression") not in parameter.keywords:
        return False
    return _ARITHMETIC.search(parameter.description) is not None


def fill(function: Function, text: str, *, now: datetime | None = None) -> Filled:
    """The arguments of a call that a text asks for; "tomorrow" counts from `now`."""
    near = [w for w in stems(text) if any(related(w, other) for other in function.words)]
    sentence = read_sentence(
        text, now or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    return _fill(function.parameters, sentence, frozenset((*function.words, *near)))


def _fill(parameters: tuple[Parameter, ...], sentence: Sentence, named: frozenset[str]) -> Filled:
    names = frozenset(word for each in parameters for word in name_words(each.name))
    known = named | names | GENERIC | STOP
    found: dict[str, Any] = {}
    for each in parameters:
        if (whole := _from_whole(each, sentence, named)) is not None:
            found[each.name] = whole
    rest = [e for e in parameters if e.name not in found and not wants_expression(e)]
    told = dict(zip((each.name for each in parameters), keywords(parameters), strict=True))
    options = [find_matches(e, told[e.name], sentence, known)[:_TRIED] for e in rest]
    if not found and not any(options) and not any(each.required for each in parameters):
        options = [find_matches(e, told[e.name], sentence, known, least=_LONELY) for e in rest]
    score, matches = _assign(rest, options)
    found |= {each.parameter.name: each.value for each in matches}
    if until := _until_today(parameters, matches, sentence):
        found |= until
        score += _MISSING + matches[0].score
    missing = tuple(each for each in parameters if each.required and each.name not in found)
    if not found and any("instead" in each.description for each in parameters):
        missing = parameters[:1]  # one of several that stand for each other
    ordered = {each.name: found[each.name] for each in parameters if each.name in found}
    taken = {each.parameter.name: each for each in matches}
    return Filled(ordered, missing, score, taken, _left(sentence, ordered, matches))


def _left(sentence: Sentence, found: dict[str, Any], matches: tuple[Match, ...]) -> int:
    used = " ".join(map(str, found.values()))
    loose = [
        span
        for span in sentence.spans
        if span.kind in _FIRM and (span.moment is None or span.moment.told)
        if not (span.text in used or str(span.value) in used)
    ]
    return sum(not any(each.overlaps(other.span) for other in matches) for each in loose)


def _until_today(
    parameters: tuple[Parameter, ...], matches: tuple[Match, ...], sentence: Sentence
) -> dict[str, str]:
    """Today where a date is counted to or from that has no other beside it: "days until May 1"."""
    names = [each.name for each in parameters if each.required and each.format == "date"]
    days = [each.value for each in matches if each.parameter.name in names]
    if len(names) != 2 or len(days) != 1 or not _COUNTED.search(sentence.text):
        return {}
    return dict(zip(names, sorted((*days, sentence.now.date().isoformat())), strict=True))


def _assign(rest: list[Parameter], options: list[list[Match]]) -> tuple[float, tuple[Match, ...]]:
    """The best choice of one piece for each parameter, none used twice; required ones first."""
    order = sorted(range(len(rest)), key=lambda i: not rest[i].required)
    places = {rest[i].name: i for i in order}
    beam: list[tuple[float, tuple[Match, ...]]] = [(0.0, ())]
    for i in order:
        without = -_MISSING if rest[i].required else 0.0
        grown = [(score + without, taken) for score, taken in beam]
        for match in options[i]:
            for score, taken in beam:
                if any(match.span.overlaps(other.span) for other in taken):
                    continue
                crossed = sum(
                    (other.span.start < match.span.start) != (places[other.parameter.name] < i)
                    for other in taken
                )
                grown.append((score + match.score - _BACKWARDS * crossed, (*taken, match)))
        beam = sorted(grown, key=lambda each: -each[0])[:_BEAM]
    return beam[0]


def _from_whole(parameter: Parameter, sentence: Sentence, named: frozenset[str]) -> Any:
    """A value that the sentence as a whole gives: an expression, yes or no, an object."""
    if wants_expression(parameter):
        return find_expression(sentence.text)
    if parameter.kind == "boolean":
        return _said(parameter, sentence)
    if parameter.kind == "object" and parameter.fields:
        inner = _fill(parameter.fields, sentence, named)
        return inner.arguments if inner.arguments and not inner.missing else None
    return None


def _said(parameter: Parameter, sentence: Sentence) -> bool | None:
    """True where the text names the parameter, False where "no" or "without" precedes it."""
    named = [word for word in name_words(parameter.name) if word in _WHOLE or word not in STOP]
    wanted = [word for word in named if word not in GENERIC and word not in STARTERS] or named
    spoken = [word.stem for word in sentence.words]
    for place, word in enumerate(spoken):
        if any(_means(each, word) for each in wanted):
            return _NEGATIONS.isdisjoint(spoken[max(0, place - _WINDOW) : place])
    return None


def _means(one: str, word: str) -> bool:
    return related(one, word) or {one, word} <= _WHOLE
