"""The parts of requests, each once and under a mark, so that long transcripts stay cheap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Any

from agentkit.messages import FunctionDefinition, Request
from agentkit.redact import hide_in
from agentkit.replay.canonical import told, told_options
from agentkit.replay.file import dumped
from agentkit.replay.lines import difference, request_lines

NEVER_HIDDEN = ("role", "name")
"""Fields in which a secret that is a word hides nothing."""

_REMEMBERED = 10_000  # messages whose marks are remembered
_COMPARED = 100  # requests that are looked at word by word, of those that are equally near

Marked = Mapping[str, Any]
"""A canonical request with marks in the place of its definitions and messages."""


class Parts:
    """Messages and definitions as plain values, by their marks.

    Args:
        secrets: What is hidden in them.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets
        self._values: dict[str, Any] = {}
        self._marks: dict[int, tuple[Any, str]] = {}  # by id, with the thing so that it stays

    def __getitem__(self, mark: str) -> Any:
        return self._values[mark]

    def put(self, value: Mapping[str, Any]) -> str:
        """The mark of a part."""
        hidden = hide_in(dict(value), self._secrets, NEVER_HIDDEN)
        mark = sha256(dumped(hidden).encode()).hexdigest()[:16]
        self._values[mark] = hidden
        return mark

    def marked(self, request: Request) -> Marked:
        """A request with marks."""
        return {
            "model": request.model,
            "options": hide_in(told_options(request), self._secrets),
            "definitions": [
                self._mark(each, FunctionDefinition.to_dict) for each in request.definitions
            ],
            "messages": [self._mark(each, told) for each in request.messages],
        }

    def known(self, request: Marked, marks: Mapping[str, str]) -> Marked:
        """A request of a file.

        Args:
            request: As it stands there.
            marks: What its marks are here.

        Raises:
            LookupError, TypeError: It is none, or there is no such part.
        """
        definitions = [marks[each] for each in request["definitions"]]
        messages = [marks[each] for each in request["messages"]]
        for marked, field in ((definitions, "name"), (messages, "role")):
            for each in marked:
                self[each][field]
        options = hide_in(dict(request["options"]), self._secrets)
        return {
            "model": request["model"],
            "options": options,
            "definitions": definitions,
            "messages": messages,
        }

    def nearest(self, kept: Sequence[Marked], asked: Marked) -> tuple[int, str]:
        """The place of the kept request that is nearest to another, and the lines that differ."""
        wanted = SequenceMatcher(b=_marks(asked), autojunk=False)

        def common(request: Marked) -> float:
            wanted.set_seq1(_marks(request))
            return wanted.ratio()

        near = [common(each) for each in kept]
        most = max(near)
        best = [place for place, share in enumerate(near) if share == most][-_COMPARED:]
        lines = request_lines(self._whole(asked))
        words = SequenceMatcher(b="\n".join(lines))

        def alike(place: int) -> float:
            words.set_seq1("\n".join(request_lines(self._whole(kept[place]))))
            return words.quick_ratio()

        place = max(best, key=alike) if len(best) > 1 else best[0]
        return place, difference(request_lines(self._whole(kept[place])), lines)

    def _whole(self, request: Marked) -> dict[str, Any]:
        parts = {name: [self[each] for each in request[name]] for name in _NAMES}
        return {**request, **parts}

    def _mark(self, thing: Any, plain: Callable[[Any], Mapping[str, Any]]) -> str:
        found = self._marks.get(id(thing))
        if found and found[0] is thing:
            return found[1]
        if len(self._marks) >= _REMEMBERED:
            self._marks.clear()
        mark = self.put(plain(thing))
        self._marks[id(thing)] = (thing, mark)
        return mark


_NAMES = ("definitions", "messages")


def _marks(request: Marked) -> list[str]:
    return [mark for name in _NAMES for mark in request[name]]
