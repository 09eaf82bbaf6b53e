"""The pieces of a sentence that may be values of arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agentkit.offline.arithmetic import spelled_numbers
from agentkit.offline.words import GENERIC, STOP, stem

__all__ = ["Span", "Word", "find_series", "find_spans", "find_words"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<iso>\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?)?)",
        r"(?P<iso>\b\d{4}/\d{1,2}/\d{1,2}\b|\b\d{1,2}[-/]\d{1,2}[-/]\d{4}\b)",
        rf"\b{_MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s*(?P<year>\d{{4}})\b",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s*(?P<year>\d{{4}})\b",
    )
)
_PLAIN = (
    ("quoted", re.compile(r"(?<!\w)'([^'\n]+)'(?!\w)|\"([^\"\n]+)\"|`([^`]+)`")),
    ("uri", re.compile(r"\b(?:https?|ftp)://[^\s,;'\"<>]*[^\s,;'\"<>.?!)]")),
    (
        "path",
        re.compile(
            r"(?<![\w.@])(?:[\w.-]+/)*[\w-][\w.-]*\.(?:txt|md|json|csv|tsv|py|js|ts|html|xml|ya?ml|toml"
            r"|ini|cfg|log|sh|sql|db|sqlite3?|pdf|png|jpe?g)\b"
        ),
    ),
    ("email", re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("time", re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]m\b")),
    ("list", re.compile(r"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]|\((?:[-+\d.]+,\s*)+[-+\d.]+\)")),
    ("code", re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z]{2})[A-Za-z][\w-]*\d[\w-]*\b")),
)
_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-](?=\d))?[$€£]?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:\s?(?P<scale>%|percent\b|thousand\b|million\b|billion\b))?"
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_CAPITAL = re.compile(
    r"\b(?:[A-Z]\.){2,}|\b(?:Mr|Mrs|Ms|Dr|St|[A-Z])\.\s[A-Z]\w*(?:\s[A-Z]\w*)*"
    r"|\b[A-Z][\w'&/-]*(?:(?: (?:(?:of|de|la|the) )*)(?:(?:[A-Z]\.){2,}|[A-Z][\w'&/-]*|\d+\b))*"
)
_WORD = re.compile(r"[A-Za-z]+(?:['][a-z]+)?|\d+(?:\.\d+)?")
_RUN = re.compile(r"[\w'&-]+(?: [\w'&-]+)*")
_JOINT = re.compile(r"\s*(?:,|,?\s*(?:and|or|&))\s*(?:(?:in|for|of|at)\s+)?(?:the\s+)?", re.I)
_PLACE_JOINT = re.compile(r",\s*")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the sentence: where it stands and its stem."""

    start: int
    end: int
    stem: str


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the sentence, what it looks like, and the value that it writes."""

    start: int
    end: int
    kind: str
    text: str
    value: Any = field(compare=False)

    def overlaps(self, other: Span) -> bool:
        """Whether the two share text."""
        return self.start < other.end and other.start < self.end


def find_words(text: str) -> tuple[Word, ...]:
    """The words and numbers of a text with their places."""
    return tuple(Word(m.start(), m.end(), stem(m.group())) for m in _WORD.finditer(text))


def find_spans(text: str, known: frozenset[str]) -> tuple[Span, ...]:
    """Every piece that may be a value; `known` are the stems that name what is asked for."""
    fixed: list[Span] = []
    for each in _fixed(text):
        if not any(each.overlaps(other) for other in fixed):
            fixed.append(each)
    closed = [each for each in fixed if each.kind not in ("number", "spelled", "code")]
    named = [s for s in _capitals(text, known) if not any(s.overlaps(o) for o in closed)]
    runs = [s for s in _runs(text, known) if not any(s.overlaps(o) for o in closed)]
    groups = (*_kinds(fixed, named), runs)
    lists = [_listed(chain) for group in groups for chain in _chains(text, group)]
    return (*fixed, *named, *runs, *lists)


def find_series(text: str) -> list[list[Any]]:
    """Lists in words, such as "Oslo, Rome and Paris" or "5, 6 and 7"."""
    fixed = [each for each in _fixed(text) if each.kind in ("quoted", "number")]
    groups = _kinds(fixed, list(_capitals(text, frozenset())))
    return [_listed(chain).value for group in groups for chain in _chains(text, group)]


def _fixed(text: str) -> Iterator[Span]:
    """What has a form of its own, the strongest form first."""
    yield from _plain(text, _PLAIN[:4])
    for pattern in _DATES:
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), "date", match.group(), _iso(match))
    yield from _plain(text, _PLAIN[4:])
    for match in _NUMBER.finditer(text):
        yield Span(match.start(), match.end(), "number", match.group(), _number(match))
    for start, end, value in spelled_numbers(text):
        yield Span(start, end, "spelled", text[start:end], value)


def _plain(text: str, patterns: Iterable[tuple[str, re.Pattern[str]]]) -> Iterator[Span]:
    for kind, pattern in patterns:
        for match in pattern.finditer(text):
            inner = next((group for group in match.groups() if group), match.group())
            value = _bracketed(inner) if kind == "list" else inner
            yield Span(match.start(), match.end(), kind, inner, value)


def _iso(match: re.Match[str]) -> str:
    parts = match.groupdict()
    if "iso" in parts:
        return match.group()
    month = _MONTHS.index(parts["month"].lower()) + 1
    try:
        return date(int(parts["year"]), month, int(parts["day"])).isoformat()
    except ValueError:
        return match.group()


def _number(match: re.Match[str]) -> int | float:
    digits = match["digits"].replace(",", "")
    value = (float(digits) if "." in digits else int(digits)) * _SCALES.get(match["scale"], 1)
    return -value if match["sign"] else value


def _bracketed(text: str) -> list[Any]:
    try:
        found = json.loads(text.replace("(", "[").replace(")", "]").replace("'", '"'))
    except ValueError:
        found = [each.strip(" '\"") for each in text.strip("[]()").split(",")]
    return found if isinstance(found, list) else [found]


def _capitals(text: str, known: frozenset[str]) -> Iterator[Span]:
    for match in _CAPITAL.finditer(text):
        start, end = match.span()
        trimmed = _trim(text, start, end, known)
        if trimmed and text[trimmed[0]].isupper():
            start, end = trimmed
            end -= 2 if text[:end].endswith("'s") else 0
            yield Span(start, end, "name", text[start:end], text[start:end])
            more = _PLACE_JOINT.match(text, end)
            state = _CAPITAL.match(text, more.end()) if more else None
            if state and not re.match(r",|\s(?:and|or)\b", text[state.end() :]):
                whole = text[start : state.end()]
                yield Span(start, state.end(), "place", whole, whole)


def _runs(text: str, known: frozenset[str]) -> Iterator[Span]:
    """Neighbouring words none of which is a stop word, and two of them around "of"."""
    last: Span | None = None
    for piece in _RUN.finditer(text):
        for start, end in _unstopped(text, piece.start(), piece.end()):
            trimmed = _trim(text, start, end, known)
            if trimmed is None:
                last = None
                continue
            run = Span(*trimmed, "run", text[slice(*trimmed)], text[slice(*trimmed)])
            yield run
            if last and re.fullmatch(r" of (?:the )?", text[last.end : run.start]):
                whole = text[last.start : run.end]
                yield Span(last.start, run.end, "run", whole, whole)
            last = run


def _unstopped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    first: int | None = None
    until = start
    for word in re.finditer(r"\S+", text[start:end]):
        if stem(word.group()) in STOP:
            if first is not None:
                yield first, until
            first = None
        else:
            first = start + word.start() if first is None else first
            until = start + word.end()
    if first is not None:
        yield first, until


def _trim(text: str, start: int, end: int, known: frozenset[str]) -> tuple[int, int] | None:
    """The piece without words at either side that only name what is asked for."""
    words = list(re.finditer(r"\S+", text[start:end]))
    weak = known | GENERIC | STOP
    while words and stem(words[0].group()) in weak:
        del words[0]
    while words and stem(words[-1].group()) in weak:
        del words[-1]
    return (start + words[0].start(), start + words[-1].end()) if words else None


def _kinds(fixed: list[Span], named: list[Span]) -> list[list[Span]]:
    """The pieces of which lists are made, each kind by itself."""
    numbers = sorted((s for s in fixed if s.kind in ("number", "spelled")), key=lambda s: s.start)
    quoted = [s for s in fixed if s.kind == "quoted"]
    places = [s for s in named if s.kind == "place"]
    inside = [s for s in named if s.kind == "name" and not any(s.overlaps(o) for o in places)]
    return [quoted, numbers, sorted(inside + places, key=lambda s: s.start)]


def _chains(text: str, spans: list[Span]) -> Iterator[list[Span]]:
    """Runs of spans with nothing but commas between them, and "and" or "or" before the last."""
    chain: list[Span] = []
    joint = ""
    for each in (*spans, None):
        between = text[chain[-1].end : each.start] if chain and each else ""
        if chain and not (each and _JOINT.fullmatch(between)):
            if len(chain) > 1 and re.search(r"and|or|&", joint, re.IGNORECASE):
                yield chain
            chain = []
        if each:
            chain.append(each)
            joint = between


def _listed(chain: list[Span]) -> Span:
    text = ", ".join(each.text for each in chain)
    return Span(chain[0].start, chain[-1].end, "list", text, [each.value for each in chain])
