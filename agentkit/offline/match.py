"""Which pieces of a sentence may be a parameter's value, and how much speaks for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from agentkit.offline.schemas import Parameter
from agentkit.offline.spans import Sentence, Span, seen
from agentkit.offline.suits import FOLDER, PLACES, suits
from agentkit.offline.values import value_of
from agentkit.offline.words import GENERIC, STARTERS, name_words, related, stem, stem_set, stems

__all__ = ["Match", "find_matches", "keywords"]

_ROLES = {
    "from": stem_set("from start source origin begin first departure base sender"),
    "to": stem_set("to end target destination dest until last arrival recipient"),
    "until": stem_set("to end until last"),
    "into": stem_set("to target destination language"),
    "in": PLACES | stem_set("language currency year unit month path directory file"),
    "near": PLACES,
    "at": PLACES | stem_set("time rate restaurant"),
    "on": stem_set("date day topic platform"),
    "by": stem_set("person author artist company director composer singer brand"),
    "with": stem_set("cast actor star ingredient person"),
    **dict.fromkeys(("named", "called", "titled"), stem_set("name title")),
    "about": stem_set("topic subject query keyword"),
    "as": stem_set("title role type status"),
}
_ROLE_STEMS = {stem(word): words for word, words in _ROLES.items()}
_NAMED = ("name", "quoted", "path")
_INSIDE = 2.4  # what a name gains that has the parameter's word: "Hilton Hotel"
_UNIT = 1.0  # what a number gains that is followed by a word of the parameter: "2 levels"
_SHARED = 0.6
_RELATED = 0.6
_NEAR, _ROLE = 2.2, 1.3
_HITS = 4
_ABBREVIATION = 2  # letters at least
_CERTAIN = 3.2  # what a piece suits that an optional parameter takes without more evidence
_LEAST_REQUIRED, _LEAST_OPTIONAL = 0.6, 1.3


@dataclass(frozen=True, slots=True)
class Match:
    """A piece that may be a parameter's value."""

    score: float
    parameter: Parameter
    span: Span
    value: Any


def keywords(parameters: tuple[Parameter, ...]) -> list[dict[str, float]]:
    """The words that speak for each parameter; those that several share speak less."""
    own = [each.keywords for each in parameters]
    return [
        {
            word: weight
            * _SHARED ** sum(other.get(word, 0) >= weight for other in own if other is not each)
            for word, weight in each.items()
        }
        for each in own
    ]


def find_matches(
    parameter: Parameter,
    words: dict[str, float],
    sentence: Sentence,
    known: frozenset[str],
    *,
    least: float = _LEAST_OPTIONAL,
) -> list[Match]:
    """The pieces that may be a parameter's value, the best first.

    Args:
        words: What speaks for the parameter, see `keywords`.
        known: Stems that only name what is asked for, and are no value at the edge of one.
        least: What must speak for an optional parameter.
    """
    trim = partial(_trimmed, known=known | FOLDER if parameter.format == "path" else known)
    found = []
    for span in (*_chosen(parameter, sentence), *sentence.spans):
        piece = trim(span)
        base = None if piece is None else suits(parameter, piece)
        if piece is None or base is None:
            continue
        told = _told(parameter, words, piece)
        enough = base + told if parameter.required else told + 2.0 * (base >= _CERTAIN)
        if enough < (_LEAST_REQUIRED if parameter.required else least):
            continue
        value = value_of(parameter, piece, trim)
        if value is not None:
            gain = enough if parameter.required else (base / 2 + enough - least) / 2
            found.append(Match(gain, parameter, piece, value))
    return sorted(found, key=lambda each: (-each.score, each.span.start, each.span.end))


def _told(parameter: Parameter, words: dict[str, float], span: Span) -> float:
    """What the words around a piece, in it, and the preposition before it say."""
    hits = sorted(_hits(words, span), reverse=True)[:_HITS]
    near = sum(hit * 0.6**place for place, hit in enumerate(hits))
    role = max((words.get(word, 0.0) for word in _ROLE_STEMS.get(span.before, ())), default=0.0)
    folder = max(span.near.get(word, 0.0) for word in FOLDER)
    if parameter.format == "path" and span.kind == "run" and folder > 0.8:
        near += folder
    inside = span.kind in _NAMED and parameter.name_stems & {*name_words(span.text)}
    counted = bool(span.unit) and stem(span.unit) in parameter.keywords
    return _NEAR * near + _ROLE * role + _INSIDE * bool(inside) + _UNIT * counted


def _hits(words: dict[str, float], span: Span) -> Iterator[float]:
    for word, closeness in span.near.items():
        weight = words.get(word)
        if weight is None:
            others = [w for key, w in words.items() if w > 0.4 and related(word, key)]
            weight = _RELATED * max(others, default=0.0)
        if weight:
            yield weight * closeness


def _trimmed(span: Span, known: frozenset[str]) -> Span | None:
    """The piece without words at either side that only name what is asked for."""
    if span.kind == "name":
        if len(span.text) > 1 and known.issuperset(stems(span.text)):
            return None
        verb, *rest = span.text.split(maxsplit=1)
        if span.start == 0 and rest and stem(verb) in known:  # "Greet Ada"
            return replace(span, start=span.end - len(rest[0]), text=rest[0], value=rest[0])
        return span
    if span.kind != "run":
        return span
    words = list(re.finditer(r"\S+", span.text))
    begun = False  # by the function's own verb: "please post hello"
    while words:
        first = stem(words[0].group())
        if first not in known and (begun or first not in STARTERS):
            break
        begun = begun or (first in known and first not in GENERIC)
        del words[0]
    while words and stem(words[-1].group()) in known:
        del words[-1]
    if not words:
        return None
    start, end = words[0].start(), words[-1].end()
    near = span.near | dict.fromkeys(stems(f"{span.text[:start]} {span.text[end:]}"), 1.0)
    text, start, end = span.text[start:end], span.start + start, span.start + end
    return replace(span, start=start, end=end, text=text, value=text, near=near)


def _chosen(parameter: Parameter, sentence: Sentence) -> Iterator[Span]:
    """Where the text names a value of the enum, or one that the description quotes."""
    subject = parameter.item if parameter.kind == "array" and parameter.item else parameter
    found: list[Span] = []
    for said, value in _likely(subject, parameter, sentence):
        place = _where(name_words(said), sentence)
        if place and all(each.value != value for each in found):
            text = sentence.text[place[0] : place[1]]
            found.append(Span(*place, "choice" if subject.choices else "example", text, value))
    if parameter.kind == "array" and len(found) > 1:
        ordered = sorted(found, key=lambda each: each.start)
        start, end = ordered[0].start, max(each.end for each in found)
        values, kind = [each.value for each in ordered], found[0].kind
        found = [Span(start, end, kind, sentence.text[start:end], values, items=tuple(ordered))]
    yield from (seen(each, sentence) for each in found)


def _likely(
    subject: Parameter, parameter: Parameter, sentence: Sentence
) -> Iterator[tuple[str, Any]]:
    """How a text may name each value that is likely, and the value."""
    if not subject.choices:
        yield from ((each.partition(",")[0], each) for each in parameter.examples)
    spelled = {str(each.value): each.text for each in sentence.spans if each.kind == "spelled"}
    for choice in subject.choices:
        yield str(choice), choice
        yield _lengthened(str(choice), sentence), choice
        yield spelled.get(str(choice), ""), choice


def _lengthened(choice: str, sentence: Sentence) -> str:
    """The word of the text that a value abbreviates: "ascending" for "asc"."""
    words = (sentence.text[word.start : word.end] for word in sentence.words)
    longer = (w for w in words if len(w) > len(choice) + 1 and w.lower().startswith(choice.lower()))
    return next(longer, "") if len(choice) >= _ABBREVIATION else ""


def _where(wanted: tuple[str, ...], sentence: Sentence) -> tuple[int, int] | None:
    words, length = sentence.words, len(wanted)
    for i, word in enumerate(words) if wanted else ():
        if word.stem == wanted[0] and wanted == tuple(w.stem for w in words[i : i + length]):
            return word.start, words[i + length - 1].end
    return None
