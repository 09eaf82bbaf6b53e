"""Every piece of a text that may be a value of an argument."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby, islice
from typing import Any

from agentkit.offline.arithmetic import spelled_numbers
from agentkit.offline.dates import Moment, find_moments, join_moments
from agentkit.offline.names import find_names
from agentkit.offline.spans import Sentence, Span, Word, seen
from agentkit.offline.words import STOP, stem, stem_set

__all__ = ["read_sentence"]

_FORMS = {
    "sql": (
        r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|DROP|ALTER|WITH|PRAGMA)\s"
        r"(?:(?s:.)(?!\s(?:on|in|against|from)\s\S+\.\w+\W*$|,?\s(?:and\s)?then\b))*(?s:.)"
    ),
    "code": r"(?<![\w.@/])[A-Za-z_]\w*(?:\[[^\]\n]*\](?:\.\w+)*)+(?:\.\w+)*",
    "quoted": r"(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)|\"([^\"\n]+)\"|`([^`]+)`",
    "uri": r"\b(?:https?|ftp)://[^\s,;'\"<>]*[^\s,;'\"<>.?!)]|\bwww\.[\w./-]*\w",
    "email": r"\b[\w.+-]{1,80}@[\w-]{1,80}(?:\.[\w-]{1,80})+",
    "glob": (
        r"(?<![\w.])(?:[\w.-]{1,80}/){0,20}\*+(?:[\w./*-]*\w)?|(?<![\w.])\.[a-z]{1,5}\b(?=\s+files)"
    ),
    "path": (
        r"(?<![\w.@])(?:[A-Za-z]:[\\/]|~?/|\.{1,2}/)?(?:[\w.-]{1,80}[\\/]){0,20}[\w-][\w.-]{0,80}\."
        r"(?:txt|md|json|csv|tsv|py|js|ts|html|xml|ya?ml|toml|ini|cfg|conf|log|sh|sql|db|sqlite3?"
        r"|pdf|png|jpe?g|docx?|xlsx?|zip|exe)\b"
        r"|(?<![\w.@/<])(?:[A-Za-z]:[\\/]|~?/)[\w.-]+(?:[\\/][\w.-]+)*"
    ),
}  # the strongest form first
_BRACKETS = re.compile(
    r"(?<![\w\"'`])\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"
)
_CODE = re.compile(
    r"(?<![\w-])#?(?=[\w-]{0,80}\d)(?=[\w-]{0,80}[A-Za-z#])(?!\d+(?:st|nd|rd|th|[a-z]{1,3})\b)[\w-]*\w"
    r"|\b[A-Za-z]\w*(?:[./][A-Za-z]\w*)+\b|\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z]+[A-Z]\w+"
    r"|\b\w+/\w+\b|\b\d{4}-\d{2,4}\b(?!-)|\b[A-G]#(?!\w)"
)  # with digits, dots, low lines or capitals inside
_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-](?=\d))?[$€£¥]?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:\s?(?P<scale>%|percent\b|(?:thousand|million|billion|k)\b))?"
    r"(?:(?:st|nd|rd|th)\b)?"
)
_SCALES = {"thousand": 10**3, "k": 10**3, "million": 10**6, "billion": 10**9}
_UNIT = re.compile(r"[\s-]?\s?([A-Za-z°µ]+(?:/[A-Za-z]+)?)")
_TERM = r"(?:\d*\.?\d*(?:[a-z]|[a-z]{2,4}\([^()]{1,40}\))(?:(?:\^|\*\*)\d+)?|\d+(?:\.\d+)?)"
_FORMULA = re.compile(rf"(?<![\w.]){_TERM}(?:\s?(?:\*\*|[-+*/^])\s?{_TERM})*(?!\w)")
_WORD = re.compile(r"[^\W\d_]+(?:['][a-z]+)?|\d+(?:\.\d+)?")
_RUN = re.compile(r"[^\W_][\w'&+-]*(?:\.(?=\w)[\w-]+)*(?: [\w'&+-]+(?:\.(?=\w)[\w-]+)*)*")
_JOINT = re.compile(
    r"\s*(?:,|,?\s*(?:and|or|&))\s*(?:(?:in|for|of|at|to)\s+)?(?:the\s+)?", re.IGNORECASE
)
_AND = re.compile(r"\b(?:and|or)\b|&", re.IGNORECASE)
_TAIL = re.compile(
    r"(?::|\b(?:says?|saying|reads?|reading)\b)\s+(?=\S)"
    r"|\b(?:using|through|via|run|execute)\s+(?:the\s+)?(?:exact\s+|following\s+)?(?:(?:command|instruction)\s+)?"
    r"(?:called\s+)?(?=\S)",
    re.IGNORECASE,
)
_NO_VALUES = STOP | stem_set(
    "within during while through against among before after since until than via without along "
    "across around above below despite toward towards upon much many more"
)
_MOST = 300  # pieces
_BARE = ("quoted", "number spelled")  # commas alone make a list of these
_LISTED = (*_BARE, "name place", "run", "date", "path", "email")


@lru_cache(64)
def read_sentence(text: str, now: datetime) -> Sentence:
    """Every piece of a text that may be a value."""
    words = tuple(Word(m.start(), m.end(), stem(m.group())) for m in _WORD.finditer(text))
    plain = Sentence(text, words, (), now)
    return replace(plain, spans=tuple(seen(each, plain) for each in _pieces(text, now)[:_MOST]))


def _pieces(text: str, now: datetime) -> list[Span]:
    moments = find_moments(text, now)
    fixed = _free(_fixed(text, moments))
    closed = [each for each in fixed if each.kind not in ("code", "list")]
    names = [Span(a, b, kind, text[a:b], text[a:b]) for a, b, kind in find_names(text)]
    inner = [each for each in fixed if each.kind != "code"]
    pieces = [
        *fixed,
        *(_dated(each, text, "datetime") for each in join_moments(moments, text)),
        *(inner for each in fixed if each.kind == "quoted" for inner in _inside(each, moments)),
        *_outside(closed, _free(_numbers(text))),
        *_outside(inner, names),
        *_outside(closed, _runs(text)),
        *(_plain(match, "formula") for match in _FORMULA.finditer(text) if _varies(match.group())),
        *(_tail(text, match.end()) for match in _TAIL.finditer(text)),
    ]
    return [*pieces, *_lists(text, pieces)]


def _plain(match: re.Match[str], kind: str) -> Span:
    said = next((group for group in match.groups() if group), match.group())
    return Span(match.start(), match.end(), kind, said, said)


def _dated(moment: Moment, text: str, kind: str) -> Span:
    said = text[moment.start : moment.end]
    return Span(moment.start, moment.end, kind, said, said, moment=moment)


def _varies(formula: str) -> bool:
    """Whether a term has a variable and something done to it: "3x^2 + 1"."""
    return bool(re.search("[a-z]", formula) and re.search(r"[-+*/^]|\d[a-z]\b", formula))


def _fixed(text: str, moments: list[Moment]) -> Iterator[Span]:
    """What has a form of its own, the strongest form first."""
    for match in _BRACKETS.finditer(text):
        value = _bracketed(match.group())
        kind = "list" if isinstance(value, list) else "object"
        yield Span(match.start(), match.end(), kind, match.group(), value)
    for kind, pattern in _FORMS.items():
        yield from (_plain(match, kind) for match in re.finditer(pattern, text))
    yield from (_dated(each, text, "date" if each.day else "time") for each in moments)
    yield from (_plain(match, "code") for match in _CODE.finditer(text))


def _inside(quoted: Span, moments: list[Moment]) -> Iterator[Span]:
    """What a quotation is by itself: a date, a number, a path and so on."""
    kinds = (kind for kind, pattern in _FORMS.items() if re.fullmatch(pattern, quoted.text))
    yield from (replace(quoted, kind=kind) for kind in kinds if kind != "quoted")
    if number := _NUMBER.fullmatch(quoted.text):
        yield replace(quoted, kind="number", value=_number(number))
    for moment in moments:
        if (moment.start, moment.end) == (quoted.start + 1, quoted.end - 1):
            yield replace(quoted, kind="date" if moment.day else "time", moment=moment)


def _free(spans: Iterable[Span]) -> list[Span]:
    """The spans that overlap none before them."""
    found: list[Span] = []
    for each in islice(spans, _MOST):
        if not any(each.overlaps(other) for other in found):
            found.append(each)
    return found


def _outside(taken: list[Span], spans: Iterable[Span]) -> list[Span]:
    return [each for each in spans if not any(each.overlaps(other) for other in taken)]


def _numbers(text: str) -> Iterator[Span]:
    for match in _NUMBER.finditer(text):
        percent = match["scale"] in ("%", "percent")
        unit = "%" if percent else _unit(text, match.end())
        yield Span(*match.span(), "number", match.group(), _number(match), unit=unit)
    for start, end, value in spelled_numbers(text):
        yield Span(start, end, "spelled", text[start:end], value, unit=_unit(text, end))


def _unit(text: str, end: int) -> str:
    """The word after a number."""
    unit = _UNIT.match(text, end)
    return unit[1].lower() if unit else ""


def _number(match: re.Match[str]) -> int | float:
    digits = match["digits"].replace(",", "")
    scale = _SCALES.get((match["scale"] or "").lower(), 1)
    value = (float(digits) if "." in digits else int(digits)) * scale
    return -value if match["sign"] else value


def _bracketed(text: str) -> Any:
    try:
        return json.loads(text.replace("'", '"'))
    except ValueError:
        return [each.strip(" '\"") for each in text.strip("[]{}").split(",")]


def _tail(text: str, start: int) -> Span:
    """The rest of a line, such as what comes after "saying"."""
    end = text.find("\n", start)
    said = text[start : end if end > 0 else len(text)].rstrip()
    plain = said.rstrip(". ").strip("\"'")
    return Span(start, start + len(said), "tail", plain, plain)


def _runs(text: str) -> Iterator[Span]:
    """Neighbouring words none of which is a stop word."""
    for piece in _RUN.finditer(text):
        words = re.finditer(r"\S+", text[piece.start() : piece.end()])
        for stopped, run in groupby(words, lambda word: stem(word.group()) in _NO_VALUES):
            if not stopped:
                kept = list(run)
                start, end = piece.start() + kept[0].start(), piece.start() + kept[-1].end()
                yield Span(start, end, "run", text[start:end], text[start:end])


def _lists(text: str, pieces: list[Span]) -> Iterator[Span]:
    """Pieces of one kind with nothing but commas between them, and "and" before the last."""
    for kinds in _LISTED:
        chain: list[Span] = []
        spans = sorted(
            _widest([s for s in pieces if s.kind in kinds.split()]), key=lambda each: each.start
        )
        for each in (*spans, None):
            if chain and not (each and _JOINT.fullmatch(text, chain[-1].end, each.start)):
                last = text[chain[-2].end : chain[-1].start] if len(chain) > 1 else ""
                if _AND.search(last) or (last and kinds in _BARE):
                    yield _listed(chain)
                chain = []
            if each:
                chain.append(each)


def _widest(spans: list[Span]) -> list[Span]:
    """The spans that stand in no other one."""
    return [
        each
        for each in spans
        if not any(
            other is not each and other.start <= each.start and each.end <= other.end
            for other in spans
        )
    ]


def _listed(chain: list[Span]) -> Span:
    text, values = ", ".join(each.text for each in chain), [each.value for each in chain]
    unit = chain[-1].unit
    return Span(chain[0].start, chain[-1].end, "list", text, values, unit, items=tuple(chain))
