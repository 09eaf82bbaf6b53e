"""What a text asks for: the words that count, its verb, and the thing that it names first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentkit.offline.words import DEEDS, GENERIC, STOP, stem, stem_set, stems

__all__ = ["Heard", "hear"]

_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")
_PIECE = re.compile(
    r"\"[^\"\n]*\"|(?<!\w)'[^'\n]+'(?!\w)|https?://\S+|\S+@\S+\w|[~/]?[\w-]{2}[\w./-]*\.[A-Za-z]\w{1,4}\b"
    r"|[^\W\d_]+(?:'[a-z]+)?|\d[\d.,:/-]*\w*|[^\w\s]"
)
_ASKING = re.compile(
    r"\b(?:(?:can|could|would|will) you|please|(?:want|like|need) to)\b(?=\W+\w)", re.IGNORECASE
)
_NO_HEAD = STOP | GENERIC | stem_set("hi hello hey ok okay so")
_SIGNS = {"*": "times", "+": "plus"}
_HEAD = 12  # words of what is named first


@dataclass(frozen=True, slots=True)
class Heard:
    """A text as the choice of a function reads it.

    Args:
        words: Those that say something, in their order.
        spoken: All its words.
        values: Those that look like values: numbers, quotations, names.
        verb: The verb of its request, "" where none was found.
        head: The words of the first thing that the request names: "weather forecast".
    """

    words: tuple[str, ...]
    spoken: frozenset[str]
    values: frozenset[str]
    verb: str
    head: tuple[str, ...]


def hear(text: str, named: frozenset[str]) -> Heard:
    """Read a text; a stop word counts where a function is named by it."""
    sentences = [each for each in _SENTENCE.split(text) if each.strip()]
    words = [each for sentence in sentences for each in _words(sentence) if each[0]]
    telling = (w for w, _ in words if w in named or w not in STOP)
    requests = [_request(each) for each in sentences] or [("", ())]
    verb, head = next((each for each in reversed(requests) if each[0]), requests[0])
    return Heard(
        words=tuple(dict.fromkeys(telling)),
        spoken=frozenset(word for word, _ in words),
        values=frozenset(word for word, is_value in words if is_value),
        verb=verb,
        head=head,
    )


def _words(sentence: str) -> Iterator[tuple[str, bool]]:
    """Each word's stem, and whether it looks like a value; "" for a break."""
    for found in _PIECE.finditer(sentence):
        piece = _SIGNS.get(found[0], found[0])
        if len(piece) > 1 and (piece[0] in "\"'" or not {*"@/."}.isdisjoint(piece)):
            yield from ((word, True) for word in stems(piece))
        elif piece[0].isdigit():
            yield piece, True
        elif piece[0].isalpha():
            yield stem(piece), piece[0].isupper() and found.start() > 0 and piece != "I"
        else:
            yield "", False


def _request(sentence: str) -> tuple[str, tuple[str, ...]]:
    """The verb of a sentence that asks for something, and the thing it names first."""
    cue = _ASKING.search(sentence)
    verb, head = "", list[str]()
    for word, is_value in _words(sentence[cue.end() :] if cue else sentence):
        if head and (word in STOP or not word):
            break
        if not head and not verb and word in DEEDS and not is_value:
            verb = word
        elif head or (word and word not in _NO_HEAD):
            head.append(word)
    return verb, tuple(head[:_HEAD])
