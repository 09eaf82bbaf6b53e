"""Replies as httpx knows them."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import httpx

from agentkit.direct.parsing import Head


class _HasInfo(Protocol):
    def get_extra_info(self, name: str) -> Any:
        """What is known of a connection."""


LineT = TypeVar("LineT", bound=_HasInfo)
BodyT = TypeVar("BodyT")


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


def as_httpx(
    received: Received[Any], stream: httpx.SyncByteStream | httpx.AsyncByteStream
) -> httpx.Response:
    """A reply as httpx knows it."""
    status, reason, headers, version = received.head
    extensions = {"http_version": version, "reason_phrase": reason, "network_stream": received.held}
    return httpx.Response(status, headers=headers, stream=stream, extensions=extensions)


CLOSED = "Cannot send a request, as the client has been closed."
"""What httpx says of clients as well."""
