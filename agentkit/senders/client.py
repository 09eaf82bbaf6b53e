"""Senders that are httpx clients."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx

from agentkit.senders.reply import Reply


class ClientSender:
    """An httpx client: the user's own, or one that is needed for a proxy or HTTP/2."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    @contextmanager
    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> Iterator[Reply[Iterator[bytes]]]:
        """Send a request; its reply is open until the context ends."""
        with self.client.stream(method, url, headers=headers, content=content) as reply:
            yield Reply(reply.status_code, reply.headers, reply.iter_bytes(), lambda: _line(reply))

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


class AsyncClientSender:
    """`ClientSender` for awaited requests."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> AsyncIterator[Reply[AsyncIterator[bytes]]]:
        """Send a request; its reply is open until the context ends."""
        async with self.client.stream(method, url, headers=headers, content=content) as reply:
            yield Reply(reply.status_code, reply.headers, reply.aiter_bytes(), lambda: _line(reply))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()


def _line(reply: httpx.Response) -> socket.socket | None:
    """One of HTTP/2 is not this reply's alone; of one that is closed others may have it by now."""
    stream: Any = reply.extensions.get("network_stream")
    if reply.is_closed or stream is None or not reply.http_version.startswith("HTTP/1"):
        return None
    line = stream.get_extra_info("socket")
    return line if isinstance(line, socket.socket) else None
