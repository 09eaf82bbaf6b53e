"""Replies as httpx knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import httpx

from agentkit.direct.parsing import Head, Parser


class _HasInfo(Protocol):
    def get_extra_info(self, name: str) -> Any:
        """What is known of a connection."""


LineT = TypeVar("LineT", bound=_HasInfo)
BodyT = TypeVar("BodyT", bound="Coming[Any]")


class Held(Generic[LineT]):
    """The connection of a reply while it is the reply's own; httpx calls it `network_stream`.

    Afterwards it tells nothing: who wants to cut a line must not cut that of another request.

    Args:
        lines: The connection. It is in a list because popping it is atomic: only one can end it,
            whether that is a reader, who closes, or the garbage collector.
    """

    def __init__(self, *lines: LineT) -> None:
        self._lines = [*lines]

    def line(self) -> LineT:
        """The connection.

        Raises:
            httpx.StreamClosed: It was let go.
        """
        for line in self._lines:
            return line
        raise httpx.StreamClosed

    def let_go(self) -> LineT | None:
        """The connection, for the first who asks."""
        try:
            return self._lines.pop()
        except IndexError:
            return None

    def get_extra_info(self, name: str) -> Any:
        """`socket`, `ssl_object`, `client_addr` or `server_addr`."""
        for line in self._lines:
            return line.get_extra_info(name)
        return None


class Coming(Generic[LineT]):
    """A body that is still coming.

    Args:
        parser: Reads it.
        held: The connection on which it comes.
        timeout: Seconds to wait for each part of it.
        end: Is given the connection at the end, and whether it can serve again.
    """

    def __init__(
        self,
        parser: Parser,
        held: Held[LineT],
        timeout: float | None,
        end: Callable[[LineT, bool], None],
    ) -> None:
        self._parser, self._held, self._end = parser, held, end
        self._timeout = timeout
        self.request: httpx.Request | None = None  # what errors are to name

    def _close(self) -> None:
        """Give the connection back, or close it if the reply has not ended."""
        line = self._held.let_go()
        if line is not None:
            self._end(line, self._parser.reusable)


class Received(NamedTuple, Generic[BodyT]):
    """A reply whose head is there.

    Args:
        head: The head.
        body: The whole body, or what gives it as it comes.
        held: The connection, while the body is still coming.
    """

    head: Head
    body: bytes | BodyT
    held: Held[Any]


def as_httpx(received: Received[Any], request: httpx.Request | None = None) -> httpx.Response:
    """A reply as httpx knows it.

    Args:
        received: The reply.
        request: What it is to; errors in its body name that.
    """
    status, reason, headers, version = received.head
    stream: Any = received.body
    if isinstance(stream, bytes):
        stream = httpx.ByteStream(stream)
    else:
        stream.request = request
    extensions = {"http_version": version, "reason_phrase": reason, "network_stream": received.held}
    return httpx.Response(status, headers=headers, stream=stream, extensions=extensions)


CLOSED = "Cannot send a request, as the client has been closed."
"""What httpx says of clients as well."""
