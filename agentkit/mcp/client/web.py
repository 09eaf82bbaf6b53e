"""A server at an address: streamable HTTP, or the older server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from agentkit.mcp.client.places import Place
from agentkit.mcp.client.program import LONGEST

_STREAM = "text/event-stream"


class Web:
    """Carries messages to and from an address.

    Redirects are followed within the address's own host and port alone, as the `mcp` package does:
    nothing that is sent to it goes elsewhere.

    Args:
        place: The address.
        timeout: Seconds without a byte until a reply is given up; None for no limit.
    """

    def __init__(self, place: Place, timeout: float | None) -> None:
        self._place = place
        self._timeout = httpx2.Timeout(30.0, read=timeout)
        self._status = 0

    @property
    def how(self) -> str:
        """What the address last refused a request with."""
        if self._status in (401, 403):
            return (
                f"HTTP {self._status}: it wants to know who asks; give it "
                'headers={"Authorization": "Bearer ..."}, or auth='
            )
        return f"HTTP {self._status}" if self._status >= 400 else ""

    said = ""

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[tuple[Any, Any], None]:
        """The messages from the server, and those to it."""
        if self._place.sse:
            async with sse_client(self._place.url, httpx_client_factory=self._client) as both:
                yield both
            return
        async with (
            self._client() as client,
            streamable_http_client(
                self._place.url, http_client=client, max_sse_event_size=LONGEST
            ) as both,
        ):
            yield both

    def _client(self, *_: Any, **__: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers={**self._place.headers, "Accept-Encoding": "identity"},
            auth=self._place.auth,
            timeout=self._timeout,
            event_hooks={"response": [self._look]},
        )

    async def _look(self, response: httpx2.Response) -> None:
        """See how it was answered, and that no reply is longer than a message may be."""
        self._status = response.status_code
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.DecodingError("it compresses what it was asked not to compress")
        if not response.headers.get("content-type", "").startswith(_STREAM):
            response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for each in self._stream:
            size += len(each)
            if size > LONGEST:
                raise httpx2.StreamError(f"it sent more than {LONGEST:,} bytes")
            yield each

    async def aclose(self) -> None:
        await self._stream.aclose()
