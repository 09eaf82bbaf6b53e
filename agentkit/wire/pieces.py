"""The fragments of a streamed answer -> its message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentkit.messages import AssistantMessage, Delta
from agentkit.wire.decode import EXTRA, message_of, said_in

_MARKS = re.compile(r'\\.|\\\Z|["{}]', re.DOTALL)
_HALF = re.compile("[\ud800-\udbff]\\Z")  # the first half of a character that two deltas share
_LEGACY = -1  # the index of the one call that `function_call` can hold


@dataclass(slots=True)
class _Braces:
    """Whether the pieces of a text so far close the object that they open; each is read once."""

    depth: int = 0
    opened: bool = False
    in_string: bool = False
    escapes: bool = False  # the piece before ended in a backslash

    def add(self, piece: str) -> None:
        start, self.escapes = int(self.escapes), False
        for match in _MARKS.finditer(piece, start):
            mark = match[0]
            self.escapes = mark == "\\"
            if mark == '"':
                self.in_string = not self.in_string
            elif not self.in_string and mark in "{}":
                self.depth += 1 if mark == "{" else -1
                self.opened = True

    @property
    def closed(self) -> bool:
        return self.opened and self.depth <= 0 and not self.in_string


@dataclass(slots=True)
class _Call:
    """A call in pieces; its arguments are joined once, at the end."""

    id: str = ""
    index: int | None = None
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    braces: _Braces = field(default_factory=_Braces)
    size: int = 0  # characters of the arguments
    whole: Any = None  # arguments that came as an object
    extra: Any = None

    @property
    def begun(self) -> bool:
        return self.size > 0 or self.whole is not None

    @property
    def complete(self) -> bool:
        return self.braces.closed or self.whole is not None

    def text(self) -> Any:
        return "".join(self.arguments) if self.whole is None else self.whole

    def add(self, name: str, arguments: Any) -> None:
        if name.startswith(self.name):
            self.name = name
        elif not self.begun:
            self.name += name  # a name in pieces
        if not isinstance(arguments, str):
            self.whole = self.whole if arguments is None else arguments
        elif not self.repeats(arguments):
            self.arguments.append(arguments)
            self.braces.add(arguments)
            self.size += len(arguments)

    def repeats(self, arguments: Any) -> bool:
        """Whether these are the arguments that are complete already: some servers resend them."""
        if not self.complete or not arguments:
            return self.complete
        alike = not isinstance(arguments, str) or len(arguments) == self.size
        return alike and arguments == self.text()

    def is_followed(self, its_id: str, index: int | None, name: str, arguments: Any) -> bool:
        """Whether a fragment with a name begins a call after this one, and is no part of it."""
        here = index is not None and index == self.index
        if not self.name:
            return False
        if name != self.name:
            return True
        if here and self.begun and not self.complete:
            return False  # a new id with each fragment
        if its_id:
            return True
        return self.complete and not (here and self.repeats(arguments))


@dataclass(slots=True)
class Choice:
    """One answer in pieces."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[_Call] = field(default_factory=list)
    by_index: dict[int, _Call] = field(default_factory=dict)
    by_id: dict[str, _Call] = field(default_factory=dict)
    finish_reason: str | None = None
    half: str = ""

    def add(self, choice: Mapping[str, Any]) -> Delta | None:
        """Take a fragment; gives what it adds to the text or the reasoning."""
        reason = choice.get("finish_reason")
        self.finish_reason = reason if isinstance(reason, str) else self.finish_reason
        delta = choice.get("delta") or {}
        if "delta" not in choice and not self.text:  # a whole reply as the one event of a stream
            delta = choice.get("message") or {}
        content = self._joined(delta.get("content"))
        if len(delta) == 1 and type(content) is str and content.isascii():  # as nearly all are
            self.text.append(content)
            return Delta(content) if content else None
        for fragment in delta.get("tool_calls") or ():
            self._fragment(fragment)
        if isinstance(function := delta.get("function_call"), dict):
            self._fragment({"index": _LEGACY, "function": function})
        content, reasoning = said_in(delta, content)
        if content:
            self.text.append(content)
        if reasoning:
            self.reasoning.append(reasoning)
        return Delta(content or "", reasoning or "") if content or reasoning else None

    def message(self) -> AssistantMessage:
        """The message that the fragments make."""
        legacy = self.by_index.get(_LEGACY)
        modern = [
            {
                "id": call.id,
                "function": {"name": call.name, "arguments": call.text()},
                EXTRA: call.extra,
            }
            for call in self.calls
            if call is not legacy
        ]
        return message_of(
            {
                "content": "".join(self.text) or None,
                "reasoning": "".join(self.reasoning) or None,
                "tool_calls": modern,
                "function_call": legacy and {"name": legacy.name, "arguments": legacy.text()},
            }
        )

    def _joined(self, content: Any) -> Any:
        """The content with the half of a character that the last one ended in, without its own."""
        if not isinstance(content, str) or (not self.half and content.isascii()):
            return content
        content, self.half = self.half + content, ""
        if half := _HALF.search(content):
            content, self.half = content[:-1], half[0]
        return content

    def _fragment(self, given: Mapping[str, Any]) -> None:
        function = given.get("function") or {}
        name, arguments = function.get("name") or "", function.get("arguments")
        call = self._owner(str(given.get("id") or ""), given.get("index"), name, arguments)
        call.extra = given.get(EXTRA) or call.extra
        call.add(name, arguments)

    def _owner(self, its_id: str, index: int | None, name: str, arguments: Any) -> _Call:
        """The call that a fragment belongs to: by its id, else by index, else the last one.

        Servers restart the index, leave it out, give two calls one id, or send a new id with each
        fragment; a fragment with a new id and a name begins a call, one without a name goes on.
        """
        at = None if index is None else self.by_index.get(index)
        if at is not None and not (its_id or name):  # as nearly all fragments
            return at
        same = self.by_id.get(its_id)
        if at is not None and its_id and at.id == its_id:
            return at
        shared = same is not None and None not in (index, same.index) and index != same.index
        if same is not None and not (shared and name and same.complete):
            return same
        last = self.calls[-1] if self.calls else None
        known = last if index is None or (at is None and not name) else at
        if known is not None and not (name and known.is_followed(its_id, index, name, arguments)):
            return known
        call = _Call(its_id, index)
        self.calls.append(call)
        if its_id:
            self.by_id[its_id] = call
        if index is not None:
            self.by_index[index] = call
        return call
