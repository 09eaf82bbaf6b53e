"""What those who ask for a reply know of it, and of who sends for them."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

ChunksT = TypeVar("ChunksT")


@dataclass(slots=True)
class Reply(Generic[ChunksT]):
    """A reply that is open, as far as anybody looks at it.

    Args:
        status: Its status.
        headers: Its headers, by names in small letters.
        chunks: Its body as it comes, decoded where the server compressed it.
        line: Gives the socket of a connection that is this reply's alone, if it is still open.
    """

    status: int
    headers: Mapping[str, str]
    chunks: ChunksT
    line: Callable[[], socket.socket | None]

    @property
    def is_success(self) -> bool:
        """Whether the server says that all went well."""
        return 200 <= self.status < 300

    @property
    def redirect(self) -> str:
        """Where else the server sends to, which is not followed."""
        return self.headers.get("location", "") if 300 <= self.status < 400 else ""


class Sender(Protocol):
    """Sends the requests of the sync methods."""

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> AbstractContextManager[Reply[Iterator[bytes]]]:
        """Send a request; its reply is open until the context ends."""

    def close(self) -> None:
        """Close the connections."""


class AsyncSender(Protocol):
    """Sends the requests of the awaited methods in one event loop."""

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> AbstractAsyncContextManager[Reply[AsyncIterator[bytes]]]:
        """Send a request; its reply is open until the context ends."""

    async def aclose(self) -> None:
        """Close the connections."""
