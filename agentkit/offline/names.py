"""Names and places in a text: words with capitals, and what belongs to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from agentkit.offline.dates import CALENDAR
from agentkit.offline.words import GENERIC, STARTERS, STOP, stem

__all__ = ["find_names"]

_TITLE = r"(?:[A-Z]\.){2,}|(?:Mr|Mrs|Ms|Dr|St|[A-Z])\.(?= )"  # their dots end no sentence
_TOKEN = re.compile(rf"(?P<title>{_TITLE})|[^\s,;:!?()\[\]{{}}\"]+")
_JOINTS = frozenset(("of", "the", "de", "la", "le", "del", "da", "van", "von", "al", "&"))
_COMMA = re.compile(r",\s+")
_AND = re.compile(r",?\s+(?:and|or)\b|,\s+\S+,?\s+(?:and|or)\b")
_STATE = re.compile("[A-Z]{2,3}")
_PARTS = 4  # of a place: a street, a city, a state and a country
_NO_NAMES = STARTERS | STOP | GENERIC
_HOUSE_NUMBER = re.compile(r"\b\d+\w?\s+$")


def find_names(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each: a "name", or names between commas that may be a "place"."""
    names = list(_names(text))
    for index, (start, end) in enumerate(names):
        if not CALENDAR.fullmatch(text, start, end):
            yield start, end, "name"
        number = _HOUSE_NUMBER.search(text, 0, start)
        first = number.start() if number else start
        for one, other in pairwise(names[index : index + _PARTS]):
            if not _COMMA.fullmatch(text, one[1], other[0]):
                break
            if _AND.match(text, other[1]) and not _STATE.fullmatch(text, *other):
                break  # "Oslo, Rome and Paris" are three
            yield first, other[1], "place"


def _names(text: str) -> Iterator[tuple[int, int]]:
    """Words with capitals beside each other, over small words such as "of"."""
    name: list[re.Match[str]] = []
    for token in (*_TOKEN.finditer(text), None):
        goes_on = token is not None and (_has_capital(token) or token.group() in _JOINTS)
        if name and not (token and goes_on and _beside(text, name[-1], token)):
            yield _stripped(text, name)
            name = []
        if token and (name or (_has_capital(token) and not _only_begins(text, token))):
            name.append(token)


def _has_capital(token: re.Match[str]) -> bool:
    word = token.group().lstrip("'*#")
    return word[:1].isupper() and word not in ("I", "I'm", "I'd", "I'll", "I've")


def _beside(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    titled = one["title"] and stem(other.group()) not in STARTERS  # "Liverpool F.C. Find ..."
    ended = one.group().endswith(".") and not titled
    return not ended and not text[one.end() : other.start()].strip(" ")


def _only_begins(text: str, token: re.Match[str]) -> bool:
    """Whether a word has its capital because a sentence begins with it."""
    before = text[: token.start()].rstrip(" '\"*(")
    first = not before or before[-1] in ".?!:;\n,-"
    return first and stem(token.group().rstrip(".'")) in _NO_NAMES


def _stripped(text: str, name: list[re.Match[str]]) -> tuple[int, int]:
    """Where a name stands without signs at its edges, small words behind it and "'s"."""
    while name[-1].group() in _JOINTS:
        name.pop()
    said = text[name[0].start() : name[-1].end()]
    start = name[0].start() + len(said) - len(said.lstrip("'*"))
    plain = said.strip("'*" if name[-1]["title"] else "'*.-").removesuffix("'s")
    return start, start + len(plain)
