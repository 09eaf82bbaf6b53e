"""The parts of requests, each once and under a mark, so that long transcripts stay cheap."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Any

from agentkit.media import ENCODED
from agentkit.messages import FunctionDefinition, Message, Request
from agentkit.redact import environment_secrets, hide_in
from agentkit.replay.canonical import told, told_options
from agentkit.replay.lines import difference, request_lines

_NEVER_HIDDEN = ("role", "name", ENCODED)  # fields in which a secret that is a word hides nothing
_REMEMBERED = 10_000  # messages whose marks are remembered, or twice those of one transcript
_RECENT = 64  # transcripts that are remembered whole
_COMPARED = 100  # requests that are looked at part by part, of those that are about as long

Marked = Mapping[str, Any]
"""A canonical request with the key of a list in the place of its definitions and its messages."""


class Parts:
    """Messages and definitions as plain values, by their marks, and lists of them, by their keys.

    A list is the one before its last part, and that part: so each transcript of a run costs no more
    than what is new in it.
    """

    def __init__(self) -> None:
        self._secrets: list[str] = environment_secrets()
        self._values: dict[str, Any] = {}
        self._lists: dict[str, tuple[str, str]] = {}  # the list before, and the last part
        self._keys: dict[tuple[str, str], str] = {}  # the other way round
        self._marks: dict[int, tuple[Any, str]] = {}  # by id, with the thing so that it stays
        # Transcripts with their keys: the next one of a run goes on from its last.
        self._recent: deque[tuple[tuple[Message, ...], str]] = deque(maxlen=_RECENT)

    def __getitem__(self, mark: str) -> Any:
        return self._values[mark]

    def hidden(self, value: Any) -> Any:
        """A plain value without secrets."""
        return hide_in(value, self._secrets, _NEVER_HIDDEN)

    def options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options of a request without secrets."""
        hidden: dict[str, Any] = hide_in(dict(options), self._secrets)
        return hidden

    def put(self, value: Mapping[str, Any]) -> str:
        """The mark of a part."""
        hidden = self.hidden(dict(value))
        mark = _hash(json.dumps(hidden, sort_keys=True))
        self._values[mark] = hidden
        return mark

    def longer(self, key: str, marks: Iterable[str]) -> str:
        """The key of a list with these parts behind its own; "" is the key of an empty one.

        Raises:
            LookupError: There is no such part, or no such list.
        """
        if key and key not in self._lists:
            raise LookupError(key)
        for mark in marks:
            if mark not in self._values:
                raise LookupError(mark)
            if (key, mark) not in self._keys:
                new = _hash(f"{key} {mark}")
                self._keys[key, mark], self._lists[new] = new, (key, mark)
            key = self._keys[key, mark]
        return key

    def behind(self, key: str, known: Collection[str]) -> tuple[str, list[str]]:
        """The longest beginning of a list that is known, and the marks behind it."""
        marks: list[str] = []
        while key and key not in known:
            key, mark = self._lists[key]
            marks.append(mark)
        return key, marks[::-1]

    def transcript(self, messages: Sequence[Message]) -> str:
        """The key of the list of these messages."""
        self._look_for_secrets()
        if len(self._marks) > max(_REMEMBERED, 2 * len(messages)):
            self._marks.clear()
        messages = tuple(messages)
        before, key = next(
            (each for each in reversed(self._recent) if messages[: len(each[0])] == each[0]),
            ((), ""),
        )
        key = self.longer(key, (self._mark(each, told) for each in messages[len(before) :]))
        self._recent.append((messages, key))
        return key

    def marked(self, request: Request) -> Marked:
        """A request with keys."""
        messages = self.transcript(request.messages)  # which also looks for secrets
        definitions = (self._mark(each, FunctionDefinition.to_dict) for each in request.definitions)
        return {
            "model": request.model,
            "options": self.options(told_options(request)),
            "definitions": self.longer("", definitions),
            "messages": messages,
        }

    def nearest(self, kept: Sequence[Marked], asked: Marked) -> tuple[int, str]:
        """The place of the kept request that is nearest to another, and the lines that differ."""
        marks = self._all_marks(asked)
        wanted = SequenceMatcher(b=marks, autojunk=False)
        sizes = [len(self._all_marks(each)) for each in kept]
        by_size = sorted(range(len(kept)), key=lambda n: (abs(sizes[n] - len(marks)), -n))

        def common(place: int) -> float:
            wanted.set_seq1(self._all_marks(kept[place]))
            return wanted.ratio()

        near = {place: common(place) for place in sorted(by_size[:_COMPARED])}
        most = max(near.values())
        best = [place for place, share in near.items() if share == most]
        lines = request_lines(self._whole(asked))
        words = SequenceMatcher(b="\n".join(lines))

        def alike(place: int) -> float:
            words.set_seq1("\n".join(request_lines(self._whole(kept[place]))))
            return words.quick_ratio()

        place = max(best, key=alike) if len(best) > 1 else best[0]
        return place, difference(request_lines(self._whole(kept[place])), lines)

    def _look_for_secrets(self) -> None:
        """There may be others by now."""
        secrets = environment_secrets()
        if secrets != self._secrets:
            self._secrets = secrets
            self._marks.clear()
            self._recent.clear()

    def _whole(self, request: Marked) -> dict[str, Any]:
        lists = {name: [self[mark] for mark in self.behind(request[name], ())[1]] for name in LISTS}
        return {**request, **lists}

    def _all_marks(self, request: Marked) -> list[str]:
        return [mark for name in LISTS for mark in self.behind(request[name], ())[1]]

    def _mark(self, thing: Any, plain: Callable[[Any], Mapping[str, Any]]) -> str:
        found = self._marks.get(id(thing))
        if found and found[0] is thing:
            return found[1]
        mark = self.put(plain(thing))
        self._marks[id(thing)] = (thing, mark)
        return mark


LISTS = ("definitions", "messages")
"""What of a request is a list."""


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
