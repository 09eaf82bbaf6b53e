"""What a server sends, read as one reply. Two libraries can do it; see `parser_class`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import httpx

MOST_UNSEEN = 64 * 1024
"""Bytes that may come without anything to show for them: a head, trailers, a chunk's size."""


class Head(NamedTuple):
    """What a reply begins with."""

    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    version: bytes


class Parser(ABC):
    """One reply: it is fed what comes, and holds what was understood of it.

    Args:
        method: The method of the request: the reply to HEAD has no body.
    """

    def __init__(self, method: str) -> None:
        self.head: Head | None = None
        self.complete = False
        self.reusable = False
        """Whether the connection can serve again, once the reply is complete."""
        self._is_head = method == "HEAD"
        self._pieces: list[bytes | bytearray] = []
        self._unseen = 0

    def feed(self, data: bytes) -> None:
        """Read on; no data at all means that the server has closed its side.

        Raises:
            httpx.RemoteProtocolError: This is not HTTP, or it ended too early.
        """
        if not data:
            if self.head is None:
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            self._end()
            return
        self._read(data)
        if self._pieces or self.complete:
            self._unseen = 0
        else:
            self._unseen += len(data)
            if self._unseen > MOST_UNSEEN:
                raise httpx.RemoteProtocolError("The head of the reply is too large.")

    def take(self) -> bytes:
        """The part of the body that has come since the last time."""
        body = b"".join(self._pieces)
        self._pieces.clear()  # not a new list: a parser may hold this one
        return body

    @abstractmethod
    def _read(self, data: bytes) -> None:
        """Understand some more bytes, at least one."""

    @abstractmethod
    def _end(self) -> None:
        """The server has closed its side in the body, which may be how the body ends."""


def parser_class(name: str = "") -> type[Parser]:
    """The parser in C if httptools is installed, else the one in Python.

    Args:
        name: `httptools` or `h11`, to have that one in any case.

    Raises:
        ImportError: It is not installed; httpx brings h11 along as of today.
    """
    if name != "h11":
        try:
            from agentkit.direct.by_httptools import HttptoolsParser
        except ImportError:
            if name:
                raise
        else:
            return HttptoolsParser
    from agentkit.direct.by_h11 import H11Parser

    return H11Parser
