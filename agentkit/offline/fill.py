"""Arguments for a function from the words of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from agentkit.offline.arithmetic import find_expression
from agentkit.offline.schemas import Function, Parameter
from agentkit.offline.spans import Span, Word, find_spans, find_words
from agentkit.offline.words import GENERIC, STOP, name_words, related, stem, stem_set, stems

__all__ = ["Filled", "fill", "wants_expression"]

_STRING_BASE = {"quoted": 3.0, "name": 2.0, "place": 2.2, "code": 1.8, "run": 1.0}
_FORMS = {
    "date": stem_set("date day start end deadline birthday birthdate"),
    "time": stem_set("time hour clock start end"),
    "email": stem_set("email mail recipient address sender to"),
    "uri": stem_set("uri url link website site page address"),
    "path": stem_set("path file filename document database script"),
}
_PLACES = stem_set("city country location place zone region state town area destination origin")
_REGIONS = stem_set("country state location address region destination origin")
_PEOPLE = stem_set("person author artist player user name title contact")
_ROLES = {
    "from": stem_set("from start source origin begin first departure base sender"),
    "to": stem_set("to end target destination dest until last arrival recipient"),
    "until": stem_set("to end until last"),
    "into": stem_set("to target destination language"),
    "in": _PLACES | stem_set("language currency year unit month"),
    "near": _PLACES,
    "at": _PLACES | stem_set("time rate venue restaurant"),
    "on": stem_set("date day topic platform"),
    "by": _PEOPLE | stem_set("company"),
    "named": _PEOPLE,
    "called": _PEOPLE,
    "about": stem_set("topic subject query keyword"),
}
_LEAST_REQUIRED = 0.9
_LEAST_OPTIONAL = 1.4


@dataclass(frozen=True, slots=True)
class Filled:
    """The arguments found, and the required parameters for which nothing was."""

    arguments: dict[str, Any]
    missing: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class _Match:
    score: float
    order: tuple[int, int]
    parameter: Parameter
    span: Span
    value: Any


def wants_expression(parameter: Parameter) -> bool:
    """Whether a parameter takes an arithmetic expression."""
    words = parameter.keywords
    return parameter.kind == "string" and stem("expression") in words and "regular" not in words


def fill(function: Function, text: str) -> Filled:
    """The arguments of a call that a text asks for."""
    near = [w for w in stems(text) if any(related(w, other) for other in function.words)]
    return _fill(function.parameters, text, frozenset((*function.words, *near)))


def _fill(parameters: tuple[Parameter, ...], text: str, known: frozenset[str]) -> Filled:
    names = frozenset(word for each in parameters for word in name_words(each.name))
    words = find_words(text)
    spans = _relevant(find_spans(text, known), parameters, names)
    found: dict[str, Any] = {}
    for each in parameters:
        if (whole := _from_whole(each, text, words, known)) is not None:
            found[each.name] = whole
    rest = [e for e in parameters if e.name not in found and not wants_expression(e)]
    found |= _assign(rest, spans, words, text)
    missing = tuple(each for each in parameters if each.required and each.name not in found)
    ordered = {each.name: found[each.name] for each in parameters if each.name in found}
    return Filled(ordered, missing)


def _relevant(
    spans: tuple[Span, ...], parameters: tuple[Parameter, ...], names: frozenset[str]
) -> tuple[Span, ...]:
    """The pieces without those that only name parameters, and without idle words such as "two"."""
    wanted = sum(each.required and each.kind in ("integer", "number") for each in parameters)
    enough = sum(each.kind == "number" for each in spans) >= wanted > 0
    return tuple(
        each
        for each in spans
        if not (each.kind == "run" and names.issuperset(stems(each.text)))
        and not (each.kind == "spelled" and enough)
    )


def _from_whole(
    parameter: Parameter, text: str, words: tuple[Word, ...], known: frozenset[str]
) -> Any:
    """A value that the sentence as a whole gives: an expression, yes or no, an object."""
    if wants_expression(parameter):
        return find_expression(text)
    if parameter.kind == "boolean":
        return _said(parameter, words)
    if parameter.kind == "object" and parameter.fields:
        inner = _fill(parameter.fields, text, known)
        return inner.arguments if inner.arguments and not inner.missing else None
    return None


def _said(parameter: Parameter, words: tuple[Word, ...]) -> bool | None:
    """True where the text names the parameter, False where "no" or "without" precedes it."""
    wanted = [w for w in name_words(parameter.name) if w not in STOP | GENERIC | {stem("include")}]
    places = [i for i, word in enumerate(words) if word.stem in wanted]
    if not wanted or {words[i].stem for i in places} < set(wanted):
        return None
    before = {word.stem for word in words[max(0, places[0] - 3) : places[0]]}
    return not before & {"no", "not", "without", "exclud", "dont", "skip"}


def _assign(
    parameters: list[Parameter], spans: tuple[Span, ...], words: tuple[Word, ...], text: str
) -> dict[str, Any]:
    """Give each parameter its best piece; required ones choose first, no piece is used twice."""
    matches = [
        match
        for index, parameter in enumerate(parameters)
        for match in _matches(index, parameter, spans, words, text)
    ]
    matches.sort(key=lambda m: (not m.parameter.required, -m.score, m.order))
    taken: dict[str, _Match] = {}
    for match in matches:
        free = not any(match.span.overlaps(other.span) for other in taken.values())
        if match.parameter.name not in taken and free:
            taken[match.parameter.name] = match
    _swap(taken, {(m.parameter.name, m.span): m for m in matches})
    return {name: match.value for name, match in taken.items()}


def _swap(taken: dict[str, _Match], known: dict[tuple[str, Span], _Match]) -> None:
    """Exchange two pieces where both fit better so, or as well and in the order of the text."""
    names = sorted(taken, key=lambda name: taken[name].order)
    for one, other in combinations(names, 2):
        first, second = taken[one], taken[other]
        crossed = known.get((one, second.span)), known.get((other, first.span))
        if crossed[0] is None or crossed[1] is None:
            continue
        gain = crossed[0].score + crossed[1].score - first.score - second.score
        backwards = first.span.start > second.span.start
        if gain > 0.01 or (gain > -0.01 and backwards):
            taken[one], taken[other] = crossed[0], crossed[1]


def _matches(
    index: int, parameter: Parameter, spans: tuple[Span, ...], words: tuple[Word, ...], text: str
) -> Iterator[_Match]:
    keywords = parameter.keywords
    for span in (*_chosen(parameter, words, text), *spans):
        base = _base(parameter, span)
        value = None if base is None else _value(parameter, span)
        if base is None or value is None:
            continue
        extra = _near(keywords, span, words) + _role(keywords, span, words)
        enough = base + extra if parameter.required else extra + (4 if base >= 3.5 else 0)
        if enough >= (_LEAST_REQUIRED if parameter.required else _LEAST_OPTIONAL):
            yield _Match(base + extra, (index, span.start), parameter, span, value)


def _chosen(parameter: Parameter, words: tuple[Word, ...], text: str) -> Iterator[Span]:
    """Where the text names a value of the enum, or one that the description quotes."""
    subject = parameter.item if parameter.kind == "array" and parameter.item else parameter
    found: list[Span] = []
    for choice in subject.choices or parameter.examples:
        wanted = name_words(str(choice))
        for i in range(len(words) - len(wanted) + 1) if wanted else ():
            if tuple(word.stem for word in words[i : i + len(wanted)]) == wanted:
                start, end = words[i].start, words[i + len(wanted) - 1].end
                kind = "choice" if subject.choices else "example"
                found.append(Span(start, end, kind, text[start:end], choice))
                break
    yield from found
    if parameter.kind == "array" and len(found) > 1:
        start, end = min(s.start for s in found), max(s.end for s in found)
        yield Span(start, end, "choice", text[start:end], [each.value for each in found])


def _base(parameter: Parameter, span: Span) -> float | None:
    """How well a piece looks like a value of the parameter; None where it cannot be one."""
    subject = parameter.item if parameter.kind == "array" and parameter.item else parameter
    if subject.choices or span.kind == "choice":
        return 4.0 if span.kind == "choice" and subject.choices else None
    if span.kind == "example":
        return 2.5 if subject.kind in ("string", "any") else None
    if span.kind in ("list", "series"):
        return 6.0 if parameter.kind == "array" else None
    if subject.kind in ("integer", "number"):
        return {"number": 1.0, "spelled": 0.6}.get(span.kind)
    if subject.kind in ("string", "any"):
        return _string_base(subject, span)
    return None


def _string_base(parameter: Parameter, span: Span) -> float | None:
    if span.kind == "time" and parameter.format in ("date", "date-time"):
        return None
    if span.kind in _FORMS:
        wanted = _FORMS[span.kind] & set(name_words(parameter.name))
        return 4.0 if wanted or parameter.format.startswith(span.kind) else 0.3
    if parameter.format in ("date", "date-time", "email", "uri"):
        return None
    if span.kind in ("number", "spelled"):
        return 1.0 if parameter.kind == "any" else 0.4
    if span.kind == "place" and not _REGIONS & parameter.keywords.keys():
        return 1.8
    return _STRING_BASE.get(span.kind)


def _near(keywords: dict[str, float], span: Span, words: tuple[Word, ...]) -> float:
    """How near the parameter's own words stand, those after the piece (a unit) counting too."""
    before = [word for word in words if word.end <= span.start]
    after = [word for word in words if word.start >= span.end]
    inside = [keywords.get(w.stem, 0.0) for w in words if span.start <= w.start < span.end]
    own = 2.0 if len(inside) > 1 and max(inside) >= 1 else 0.0
    return own + max(_reach(keywords, before[::-1], 3.0), _reach(keywords, after, 2.6))


def _reach(keywords: dict[str, float], words: list[Word], most: float) -> float:
    best, passed = 0.0, 0
    for word in words[:10]:
        weight = keywords.get(word.stem, 0.0)
        best = max(best, weight * most / (1 + passed))
        passed += word.stem not in STOP
    return best


def _role(keywords: dict[str, float], span: Span, words: tuple[Word, ...]) -> float:
    """What the preposition before a piece says of the parameter that it belongs to."""
    before = [word.stem for word in words if word.end <= span.start][-2:]
    while before and before[-1] in ("the", "a", "an"):
        before.pop()
    if not before or span.kind not in (*_STRING_BASE, *_FORMS, "example"):
        return 0.0
    wanted = _ROLES.get(before[-1], frozenset())
    return 2.0 * max((keywords.get(word, 0.0) for word in sorted(wanted)), default=0.0)


def _value(parameter: Parameter, span: Span) -> Any:
    """The piece as a value of the parameter's type, or None where it cannot be read so."""
    if parameter.kind == "array":
        return _items(parameter, span)
    if span.kind in ("choice", "example"):
        return span.value
    if parameter.kind == "integer":
        return int(span.value) if float(span.value).is_integer() else None
    if parameter.kind == "number":
        percent = re.search(r"%|percent", span.text)
        share = percent and "percent" not in parameter.description.lower()
        return span.value / 100 if share else span.value
    if span.kind in ("number", "spelled"):
        return span.value if parameter.kind == "any" else span.text.strip()
    if span.kind == "date":
        free = not parameter.format and "yyyy" not in parameter.description.lower()
        return span.text if free else span.value
    return span.text


def _items(parameter: Parameter, span: Span) -> list[Any] | None:
    if not isinstance(span.value, list):
        single = _value(parameter.item, span) if parameter.item else span.value
        return None if single is None else [single]
    kinds: dict[str, Any] = {"integer": int, "number": int | float, "string": str}
    wanted = kinds.get(parameter.item.kind if parameter.item else "any", object)
    return span.value if all(isinstance(each, wanted) for each in span.value) else None
