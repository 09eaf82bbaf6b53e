"""A text cut where another request may begin, and the groups in it such as "A, B and C"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agentkit.offline.pieces import read_sentence
from agentkit.offline.spans import Span
from agentkit.offline.words import COMMANDS, stem

__all__ = [
    "Piece",
    "asks",
    "bare",
    "find_clauses",
    "find_groups",
    "is_shared",
    "ordinal",
    "refers",
    "unquoted",
]

_MOST = 16  # pieces that are told apart
_SENTENCE = re.compile(
    r"(?<=[a-z0-9)%\"'][.?!])(?<!\b[DM]r\.)[\"']?\s+(?=[\"'(]?[A-Z0-9])|\s*;\s*|\s*\n+\s*"
)
_JOINT = re.compile(r",?\s+(?:and|then|as\s+well\s+as)\s+(?:then\s+|also\s+)?|,\s+(?![A-Z]{2}\b)")
_KEPT = re.compile(
    r"\"[^\"\n]*\"|(?<!\w)'[^'\n]*'(?!\w)|`[^`]*`|\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\]"
    r"|\([^()\n]*\)|\{[^{}]*\}"
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})(?:ly)?\b(?!\s\d)", re.IGNORECASE)
_SHARED = re.compile(r"\b(?:both|each|all|these|those)\b", re.IGNORECASE)
_RESULT = re.compile(
    r"\b(?:the|that|this|its|their)\s+(?:final\s+|whole\s+)?"
    r"(?:results?|answer|output|outcome|sum|total|product|difference|quotient|contents?)"
    r"(?=\s*(?:$|[,.;:?!]|(?:by|with|and|then|into|as)\b))",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:it|them)\b", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:(?:and|then|also|please|now|next|finally|lastly|additionally|after(?:wards|\s+that)?|last"
    r"|furthermore|moreover|hi|hello|hey|first|second|third|fourth)(?:ly)?\b,?\s+)+",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"(?:what|how|who|whose|where|when|which|why|is|are|was|were|do|does|did|can|could|will|would"
    r"|\w+\s+(?:also\s+)?(?:wants?|needs?|wish(?:es)?|would|decides?))\b",
    re.IGNORECASE,
)


def asks(piece: str) -> bool:
    """Whether a piece begins as a question or a command does."""
    said = bare(piece)
    first = re.match(r"[A-Za-z]+", said)
    return bool(_QUESTION.match(said) or (first and stem(first[0]) in COMMANDS))


def bare(piece: str) -> str:
    """A piece without the words that only lead up to what it asks for."""
    lead = _LEAD.match(piece)
    return piece[lead.end() :] if lead else piece


def refers(text: str, *, strictly: bool = False) -> tuple[int, int] | None:
    """Where a text speaks of an earlier result; `strictly` in words that mean nothing else."""
    found = _RESULT.search(text) or (None if strictly else _PRONOUN.search(text))
    return found.span() if found else None


def ordinal(piece: str) -> int:
    """1 in a piece about "the first", 2 about "the second" and so on; else 0."""
    found = _ORDINAL.search(piece)
    return _ORDINALS.index(found[1].lower()) + 1 if found else 0


def is_shared(piece: str) -> bool:
    """Whether a piece is about all that was named, as "both in square meters" is."""
    return _SHARED.search(piece) is not None


def unquoted(text: str) -> str:
    """The text without a pair of quotes around all of it, or half of one."""
    plain = text.strip()
    for quote in "\"'":
        if plain.startswith(quote) and plain.count(quote) - plain.endswith(quote) == 1:
            plain = plain.strip(quote).strip()
    return plain


def find_groups(text: str, now: datetime) -> list[Span]:
    """Lists of numbers, dates, quoted pieces, names or words, in the order of the text."""
    found: list[Span] = []
    for each in read_sentence(text, now).spans:
        kinds = {item.kind for item in each.items}
        words = sum(" " not in item.text for item in each.items)
        loose = "spelled" in kinds or ("run" in kinds and not 2 < words == len(each.items))
        if each.kind == "list" and each.items and not loose:
            found += [] if any(each.overlaps(other) for other in found) else [each]
    return sorted(found, key=lambda each: each.start)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence, and what joins it to the one before."""

    joint: str
    text: str
    begins: bool


def find_clauses(text: str, now: datetime) -> list[list[Piece]]:
    """The parts of a text that may each ask for something, each in its pieces."""
    clauses: list[list[Piece]] = []
    for each in _pieces(text, now):
        if each.begins or not clauses or asks(each.text):
            clauses.append([each])
        else:
            clauses[-1].append(each)
    return clauses


def _pieces(text: str, now: datetime) -> Iterator[Piece]:
    """The text cut at sentences and joints, but not within quotes, brackets and lists."""
    kept = [match.span() for match in _KEPT.finditer(text)]
    kept += [(group.start, group.end) for group in find_groups(text, now)]
    cuts = sorted(
        (match.start(), match.end(), pattern is _SENTENCE)
        for pattern in (_SENTENCE, _JOINT)
        for match in pattern.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in kept)
    )
    joint, begins, start = "", True, 0
    for end, following, ends_sentence in (*cuts[: _MOST - 1], (len(text), len(text), True)):
        piece = text[start:end].strip()
        if _LEAD.fullmatch(f"{piece} "):
            begins = True  # "First, ...": the comma is no joint
            continue
        if piece:
            yield Piece(joint, piece, begins)
            joint, begins = text[end:following], ends_sentence
        start = following
