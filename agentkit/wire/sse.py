"""Server-sent events from bytes.

Lines end at CR and LF only: `str.splitlines` and httpx's `iter_lines` also split at U+2028, which
may stand inside a JSON string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Event = tuple[str, str]
"""The event's name, `message` if it has none, and its data."""

_END = re.compile(rb"\r\n|\n|\r(?!\Z)")  # a CR at the end may be half of a CRLF


class SSEParser:
    """Feed it bytes as they come; it gives the events that they complete."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._name = ""
        self._data: list[str] = []
        self._first = True

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that end in this chunk."""
        if b"\n" not in chunk and b"\r" not in chunk and not self._ends_in_cr():
            self._pieces.append(chunk)
            return
        *lines, rest = _END.split(b"".join([*self._pieces, chunk]))
        self._pieces = [rest]
        for line in lines:
            yield from self._line(line)

    def close(self) -> Iterator[Event]:
        """The last event, where the stream ended without the blank line behind it."""
        for line in (b"".join(self._pieces).rstrip(b"\r"), b""):
            yield from self._line(line)
        self._pieces = []

    def _ends_in_cr(self) -> bool:
        return bool(self._pieces) and self._pieces[-1].endswith(b"\r")

    def _line(self, line: bytes) -> Iterator[Event]:
        if not line:
            if self._data:
                yield self._name or "message", "\n".join(self._data)
            self._name, self._data = "", []
            return
        text = line.decode("utf-8", "replace")
        if self._first:
            text, self._first = text.removeprefix("\N{BYTE ORDER MARK}"), False
        if text.startswith("{"):  # an error that a gateway put into the stream as it was
            text = f"data: {text}"
        field, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
