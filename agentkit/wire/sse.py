"""Server-sent events from bytes.

Lines end at CR and LF only: `str.splitlines` and httpx's `iter_lines` also split at U+2028, which
may stand inside a JSON string.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Event = tuple[str, str]
"""The event's name, `message` if it has none, and its data."""

_END = re.compile("\r\n?")


class SSEParser:
    """Feed it bytes as they come; it gives the events that they complete.

    Args:
        hide: Takes secrets out of each line before anything is made of it.
    """

    def __init__(self, hide: Callable[[str], str] = str) -> None:
        self._hide = hide
        self._pieces: list[bytes] = []
        self._name = ""
        self._data: list[str] = []
        self._first = True

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that end in this chunk."""
        if b"\n" not in chunk and b"\r" not in chunk and not self._ends_in_cr():
            self._pieces.append(chunk)
            return []
        text = b"".join([*self._pieces, chunk])
        # A CR at the end is left for the next chunk, as it may be half of a CRLF.
        end = max(text.rfind(b"\n"), text.rfind(b"\r", 0, -1)) + 1
        self._pieces = [text[end:]]
        return self._events(text[:end].decode("utf-8", "replace")) if end else []

    def close(self) -> list[Event]:
        """The last event, where the stream ended without the blank line behind it."""
        rest, self._pieces = b"".join(self._pieces).decode("utf-8", "replace"), []
        return self._events(f"{rest}\n\n")

    def _ends_in_cr(self) -> bool:
        return bool(self._pieces) and self._pieces[-1].endswith(b"\r")

    def _events(self, text: str) -> list[Event]:
        """The events that end in these lines, the last of which is complete."""
        text = self._hide(text)
        if "\r" in text:
            text = _END.sub("\n", text)
        if self._first:
            text, self._first = text.removeprefix("\N{BYTE ORDER MARK}"), False
        found = []
        for line in text[:-1].split("\n"):
            if line.startswith("data: "):  # as nearly all do
                self._data.append(line[6:])
            elif line:
                self._field(line)
            else:
                if self._data:
                    found.append((self._name or "message", "\n".join(self._data)))
                self._name, self._data = "", []
        return found

    def _field(self, line: str) -> None:
        if line.startswith("{"):  # an error that a gateway put into the stream as it was
            line = f"data: {line}"
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
