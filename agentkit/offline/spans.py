"""The pieces of a sentence, and the words around each."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from agentkit.offline.dates import Moment
from agentkit.offline.words import STOP

__all__ = ["Sentence", "Span", "Word", "seen"]

_start, _end = attrgetter("start"), attrgetter("end")
_ENDS = re.compile(r"[.?!;\n]")
_REACH = 9  # words at either side of a piece that may say what it is


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the sentence: where it stands and its stem."""

    start: int
    end: int
    stem: str


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the sentence.

    Args:
        kind: What it looks like: quoted, number, date, name, place, run, list and so on.
        text: How it is written.
        value: What it writes.
        unit: The word after a number.
        items: The pieces of a list.
        moment: What a date or time says.
        near: How near the words around it stand, by stem, from 0 to about 1.
        before: The stem before it, such as a preposition.
    """

    start: int
    end: int
    kind: str
    text: str
    value: Any = field(compare=False)
    unit: str = ""
    items: tuple[Span, ...] = field(default=(), compare=False)
    moment: Moment | None = None
    near: dict[str, float] = field(default_factory=dict, compare=False)
    before: str = ""

    def overlaps(self, other: Span) -> bool:
        """Whether the two share text."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with its words and its pieces."""

    text: str
    words: tuple[Word, ...]
    spans: tuple[Span, ...]
    now: datetime


def seen(span: Span, sentence: Sentence) -> Span:
    """The span with the words around it, each weaker the more stands between."""
    words, text, near = sentence.words, sentence.text, dict[str, float]()
    first, last = (
        bisect_right(words, span.start, key=_end),
        bisect_left(words, span.end, key=_start),
    )
    for side in (words[max(0, first - _REACH) : first][::-1], words[last : last + _REACH]):
        strength, edge = 1.0, (span.start, span.end)
        for word in side:
            gap = text[word.end : edge[0]] or text[edge[1] : word.start]
            strength *= 0.2 if _ENDS.search(gap) else 0.6 if "," in gap else 1.0
            near[word.stem] = max(near.get(word.stem, 0.0), strength)
            strength *= 0.95 if word.stem in STOP else 0.75
            edge = word.start, word.end
    before = words[first - 1].stem if first else ""
    return replace(span, near=near, before=before)
