"""Which parts of a text each ask for a call of a function."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from agentkit.offline.chains import Link, find_link, takes_result
from agentkit.offline.clauses import Piece, asks, bare, find_clauses, is_shared, ordinal, refers
from agentkit.offline.fill import Filled, fill
from agentkit.offline.match import Match
from agentkit.offline.rank import Choice, choose
from agentkit.offline.schemas import Function
from agentkit.offline.words import stems

__all__ = ["Part", "Reader"]

_LONG = 1_200  # characters from which on a text is one request with much about it
_ALIKE = 0.65  # what the weaker of two pieces must be worth of the other to stand beside it


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text that asks for one call, or for one of each item in a list.

    Args:
        label: 2 where it tells of "the second", and so on.
        link: How it uses the result of the part before, where it does.
        short: Whether it is no clause of its own, so that the rest of it is in the part before.
    """

    function: Function
    text: str
    label: int = 0
    link: Link | None = None
    short: bool = False


class Reader:
    """Reads a text piece by piece.

    A piece begins another part where it asks for another function, or where it says anew what the
    part already has. What belongs to no part is `context`, which is true of each.
    """

    def __init__(self, functions: tuple[Function, ...], now: datetime, whole: Choice) -> None:
        self.parts: list[Part] = []
        self.context = ""
        self._functions, self._now = functions, now
        self._only = whole.function if whole.fits and len(functions) == 1 else None
        self._filled: dict[tuple[str, str], Filled] = {}

    def read(self, text: str) -> None:
        """Read a whole text; one of a single piece has no parts, and neither has a long one."""
        clauses = find_clauses(text, self._now) if len(text) < _LONG else []
        if sum(map(len, clauses)) > 1:
            for pieces in clauses:
                for piece in self._begin(pieces):
                    self._go_on(piece)

    def fill(self, function: Function, text: str) -> Filled:
        """`fill`, with what was already found."""
        key = (function.name, text)
        if key not in self._filled:
            self._filled[key] = fill(function, text, now=self._now)
        return self._filled[key]

    def _share(self, text: str) -> None:
        self.context = f"{self.context} {text}".strip()

    def _begin(self, pieces: list[Piece]) -> list[Piece]:
        """Begin a part with what a clause asks for; the pieces of it that are still to be read."""
        joined = "".join(each.joint * bool(i) + each.text for i, each in enumerate(pieces))
        first, clause = bare(pieces[0].text), bare(joined)
        function = self._asked(first, clause)
        if self.parts:
            whole = function is not None and not self.fill(function, clause).missing
            if part := self._referring(clause, strictly=whole):
                self.parts.append(part)
                return []
            if function is None or function.name == self.parts[-1].function.name:
                return pieces
        elif function is None:
            self._share(clause)
            return []
        self.parts.append(Part(function, first, ordinal(pieces[0].text)))
        return pieces[1:]

    def _asked(self, first: str, clause: str) -> Function | None:
        """The function that a clause asks for, if possible by its first piece alone."""
        if self._only is not None:
            return self._only if self.parts or self.fill(self._only, clause).arguments else None
        fitting = (self._fitting(text) for text in dict.fromkeys((first, clause)))
        return next((choice.function for choice in fitting if choice), None)

    def _fitting(self, text: str) -> Choice | None:
        choice = choose(text, self._functions, self._now)
        return choice if choice and choice.fits else None

    def _referring(self, clause: str, *, strictly: bool) -> Part | None:
        """The part that a clause is with the result before in the place of "it".

        Or else with what the call before is about: "read a.txt and delete it".
        """
        hole, last = refers(clause, strictly=strictly), self.parts[-1]
        link = find_link(clause, hole, self._functions, self._now) if hole else None
        if hole is None or link is None:
            return None
        if refers(clause, strictly=True) or takes_result(link, last.function):
            return Part(link.function, clause, link=link)
        for match in self.fill(last.function, last.text).matches.values():
            text = clause[: hole[0]] + match.span.text + clause[hole[1] :]
            choice = self._fitting(text)
            if choice and not choice.filled.missing:
                return Part(choice.function, text)
        return None

    def _go_on(self, piece: Piece) -> None:
        """Read a piece that goes on with the last part, or begins another one like it."""
        last, new = self.parts[-1], bare(piece.text)
        label, both = ordinal(piece.text), last.text + piece.joint + piece.text
        again = Part(last.function, new, label, short=not asks(piece.text))
        if other := self._elided(last, new):
            self.parts.append(Part(other, new, label))
        elif len(self.parts) > 1 and is_shared(new):
            self._share(new)
        elif label == 1 and not last.label:
            self._share(last.text)
            self.parts[-1] = again
        elif self._is_again(last, again, both):
            self.parts.append(again)
        else:
            self.parts[-1] = replace(last, text=both)

    def _elided(self, last: Part, piece: str) -> Function | None:
        """The other function that a piece asks for, the verb left out: "and a hotel in Rome"."""
        verb = last.text.split(maxsplit=1)[0]
        choice = self._fitting(f"{verb} {piece}")
        own = {*choice.function.words} - {*last.function.words} if choice else set()
        return choice.function if choice and own.intersection(stems(piece)) else None

    def _is_again(self, last: Part, new: Part, both: str) -> bool:
        """Whether a piece says anew what the last part has, so that one call cannot hold both."""
        own, known = self.fill(last.function, new.text), self.fill(last.function, last.text)
        if _values(own) + _values(known) <= _values(self.fill(last.function, both)):
            return False
        return any(
            own.arguments[name] != value and _alike(own.matches.get(name), known.matches.get(name))
            for name, value in known.arguments.items()
            if name in own.arguments
        )


def _values(filled: Filled) -> Counter[str]:
    """The values of arguments, those in lists each by itself."""
    given = filled.arguments.values()
    each = (v for value in given for v in (value if isinstance(value, list) else [value]))
    return Counter(str(value).lower() for value in each)


def _alike(one: Match | None, other: Match | None) -> bool:
    """Whether two pieces of text stand for the same parameter in the same way, and as surely.

    A value that is no piece of the text, such as an expression, is like another such one.
    """
    if one is None or other is None:
        return one is other
    near = one.span.near.keys() & other.span.near.keys() & one.parameter.keywords.keys()
    weaker, stronger = sorted((one.score, other.score))
    return weaker > _ALIKE * stronger and (bool(near) or one.span.before == other.span.before)
