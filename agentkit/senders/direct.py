"""Senders without an httpx client: no cookies, no redirects, no hooks.

What the requests to one address share is made once, as httpx would make it.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import httpx

from agentkit.direct import AsyncDirectTransport, DirectTransport
from agentkit.direct.async_transport import AsyncBody
from agentkit.direct.outgoing import Origin, Timeouts, encoded, origin_of
from agentkit.direct.replies import Held, Received, as_httpx
from agentkit.direct.transport import Body
from agentkit.senders.reply import Reply


class _Shared(NamedTuple):
    """What requests to one address share."""

    origin: Origin
    head: bytes  # without the length and the empty line

    def sized(self, content: bytes) -> bytes:
        """The head of a request with this body."""
        if not content:
            return self.head + b"\r\n"
        return b"%bContent-Length: %d\r\n\r\n" % (self.head, len(content))


class _Addresses(dict[tuple[str, str], _Shared]):
    """What is shared, by method and address; all requests of a sender have the same headers."""

    def shared(self, method: str, url: str, headers: Mapping[str, str]) -> _Shared:
        """What the requests there share.

        Raises:
            httpx.InvalidURL: It is no address.
            httpx.UnsupportedProtocol: It is not one of HTTP.
        """
        if (method, url) not in self:
            self[method, url] = _shared(method, url, headers)
        return self[method, url]


def _shared(method: str, url: str, headers: Mapping[str, str]) -> _Shared:
    with httpx.Client(transport=httpx.BaseTransport(), trust_env=False) as client:
        request = client.build_request(method, url, headers=headers)
    request.headers.pop("Content-Length", None)
    if request.url.username or request.url.password:
        login = httpx.BasicAuth(request.url.username, request.url.password)
        request = next(login.auth_flow(request))
    head, _ = encoded(request, b"")
    return _Shared(origin_of(request.url), head.removesuffix(b"\r\n"))


def _timeouts(timeout: httpx.Timeout) -> Timeouts:
    return Timeouts(timeout.connect, timeout.read, timeout.write, timeout.pool)


def _headers(received: Received[Any]) -> dict[str, str]:
    return {_name(name): value.decode("utf-8", "replace") for name, value in received.head.headers}


@lru_cache(maxsize=256)
def _name(name: bytes) -> str:
    return name.lower().decode("latin-1")


class DirectSender:
    """Sends over a `DirectTransport`.

    Args:
        timeout: How long to wait at each step.
        parser: What reads replies; see `DirectTransport`.
    """

    def __init__(self, timeout: httpx.Timeout, parser: str = "") -> None:
        self.transport, self.timeouts = DirectTransport(parser=parser), _timeouts(timeout)
        self._addresses = _Addresses()

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> _Opened:
        """Send a request; its reply is open until the context ends."""
        return _Opened(self, self._addresses.shared(method, url, headers), method, content)

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()


class _Opened:
    """A reply while it is open; made by a generator it would cost a good deal more."""

    _body: Body | bytes = b""

    def __init__(self, sender: DirectSender, shared: _Shared, method: str, content: bytes) -> None:
        self._sender, self._shared, self._method, self._content = sender, shared, method, content

    def __enter__(self) -> Reply[Iterator[bytes]]:
        shared, content = self._shared, self._content
        received = self._sender.transport.exchange(
            shared.origin, self._method, shared.sized(content), content, self._sender.timeouts
        )
        body = self._body = received.body
        headers = _headers(received)
        chunks = iter((body,) if isinstance(body, bytes) else body)
        if "content-encoding" in headers:
            chunks = as_httpx(received).iter_bytes()
        return Reply(received.head.status, headers, chunks, lambda: _line(received.held))

    def __exit__(self, *_: object) -> None:
        if not isinstance(self._body, bytes):
            self._body.close()


class AsyncDirectSender:
    """`DirectSender` for the awaited requests of one event loop."""

    def __init__(self, timeout: httpx.Timeout, parser: str = "") -> None:
        self.transport, self.timeouts = AsyncDirectTransport(parser=parser), _timeouts(timeout)
        self._addresses = _Addresses()

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> _AsyncOpened:
        """Send a request; its reply is open until the context ends."""
        return _AsyncOpened(self, self._addresses.shared(method, url, headers), method, content)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.transport.aclose()


class _AsyncOpened:
    _body: AsyncBody | bytes = b""

    def __init__(
        self, sender: AsyncDirectSender, shared: _Shared, method: str, content: bytes
    ) -> None:
        self._sender, self._shared, self._method, self._content = sender, shared, method, content

    async def __aenter__(self) -> Reply[AsyncIterator[bytes]]:
        shared, content = self._shared, self._content
        received = await self._sender.transport.exchange(
            shared.origin, self._method, shared.sized(content), content, self._sender.timeouts
        )
        body = self._body = received.body
        headers = _headers(received)
        chunks = _Whole(body) if isinstance(body, bytes) else aiter(body)
        if "content-encoding" in headers:
            chunks = as_httpx(received).aiter_bytes()
        return Reply(received.head.status, headers, chunks, lambda: _line(received.held))

    async def __aexit__(self, *_: object) -> None:
        if not isinstance(self._body, bytes):
            await self._body.aclose()


class _Whole:
    """A body that has come whole, as the one chunk."""

    def __init__(self, body: bytes) -> None:
        self._chunks = iter((body,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration


def _line(held: Held[Any]) -> socket.socket | None:
    line = held.get_extra_info("socket")
    return line if isinstance(line, socket.socket) else None
