"""What sends requests: an httpx client, or a transport without what a client does for each of them.

All are asked in the same way: `stream` opens a reply, `chunks` gives its body as it comes.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.request import getproxies

import httpx

from agentkit.errors import ConfigError


class ClientSender:
    """An httpx client: the user's own, or one that is needed for a proxy or HTTP/2."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> AbstractContextManager[httpx.Response]:
        """Send a request; its reply is open until the context ends."""
        return self.client.stream(method, url, headers=headers, content=content)

    def chunks(self, reply: httpx.Response) -> Iterator[bytes]:
        """The body of a reply, as it comes."""
        return reply.iter_bytes()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


class AsyncClientSender:
    """`ClientSender` for awaited requests."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> AbstractAsyncContextManager[httpx.Response]:
        """Send a request; its reply is open until the context ends."""
        return self.client.stream(method, url, headers=headers, content=content)

    def chunks(self, reply: httpx.Response) -> AsyncIterator[bytes]:
        """The body of a reply, as it comes."""
        return reply.aiter_bytes()

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()


class _Requests:
    """Requests as httpx would make them; what those to one address share is made once."""

    def __init__(self, timeout: httpx.Timeout) -> None:
        self._extensions = {"timeout": timeout.as_dict()}
        self._known: dict[tuple[str, str], tuple[httpx.URL, list[tuple[bytes, bytes]]]] = {}

    def made(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> httpx.Request:
        """A request; those with one method and address have the same headers.

        Raises:
            httpx.InvalidURL: It is no address.
        """
        if (method, url) not in self._known:
            self._known[method, url] = _prepared(method, url, headers)
        address, common = self._known[method, url]
        size = [(b"Content-Length", b"%d" % len(content))] if content else []
        return httpx.Request(
            method,
            address,
            headers=[*common, *size],
            stream=httpx.ByteStream(content),
            extensions=self._extensions,
        )


def _prepared(
    method: str, url: str, headers: Mapping[str, str]
) -> tuple[httpx.URL, list[tuple[bytes, bytes]]]:
    with httpx.Client(transport=httpx.BaseTransport(), trust_env=False) as client:
        request = client.build_request(method, url, headers=headers)
    if request.url.username or request.url.password:
        login = httpx.BasicAuth(request.url.username, request.url.password)
        request = next(login.auth_flow(request))
    return request.url, [each for each in request.headers.raw if each[0] != b"Content-Length"]


class DirectSender:
    """A transport alone: no cookies, no redirects, no hooks.

    Args:
        transport: The transport.
        timeout: How long to wait at each step.
    """

    def __init__(self, transport: httpx.BaseTransport, timeout: httpx.Timeout) -> None:
        self._transport, self._requests = transport, _Requests(timeout)

    @contextmanager
    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> Iterator[httpx.Response]:
        """Send a request; its reply is open until the context ends."""
        request = self._requests.made(method, url, headers, content)
        reply = self._transport.handle_request(request)
        reply.request = request
        try:
            yield reply
        finally:
            reply.close()

    def chunks(self, reply: httpx.Response) -> Iterator[bytes]:
        """The body of a reply, as it comes."""
        # httpx's own iterator does not read a body twice, counts bytes, and decodes.
        if "content-encoding" in reply.headers:
            return reply.iter_bytes()
        stream: Any = reply.stream
        return iter(stream)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


class AsyncDirectSender:
    """`DirectSender` for the awaited requests of one event loop."""

    def __init__(self, transport: httpx.AsyncBaseTransport, timeout: httpx.Timeout) -> None:
        self._transport, self._requests = transport, _Requests(timeout)

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> AbstractAsyncContextManager[httpx.Response]:
        """Send a request; its reply is open until the context ends."""
        return _Opened(self._transport, self._requests.made(method, url, headers, content))

    def chunks(self, reply: httpx.Response) -> AsyncIterator[bytes]:
        """The body of a reply, as it comes."""
        if "content-encoding" in reply.headers:
            return reply.aiter_bytes()
        stream: Any = reply.stream
        return _Whole(stream) if isinstance(stream, httpx.ByteStream) else aiter(stream)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


class _Opened:
    """A reply while it is open; a generator would cost a tenth of what the request does."""

    def __init__(self, transport: httpx.AsyncBaseTransport, request: httpx.Request) -> None:
        self._transport, self._request = transport, request

    async def __aenter__(self) -> httpx.Response:
        self._reply = await self._transport.handle_async_request(self._request)
        self._reply.request = self._request
        return self._reply

    async def __aexit__(self, *_: object) -> None:
        await self._reply.aclose()


class _Whole:
    """A body that has come whole, as the one chunk."""

    def __init__(self, body: httpx.ByteStream) -> None:
        self._chunks = iter(body)

    def __aiter__(self) -> _Whole:
        return self

    async def __anext__(self) -> bytes:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration


Sender = ClientSender | DirectSender
AsyncSender = AsyncClientSender | AsyncDirectSender

VARIABLE = "AGENTKIT_TRANSPORT"
"""The environment variable that chooses what sends requests: `httptools`, `h11` or `httpx`."""

_KINDS = ("httptools", "h11", "httpx")
_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=20)


def sender(timeout: httpx.Timeout, *, http2: bool) -> Sender:
    """The leanest sender that is installed and does what is needed.

    Raises:
        ConfigError: AGENTKIT_TRANSPORT names none, or one that is not installed.
    """
    if _needs_client(http2):
        return ClientSender(httpx.Client(timeout=timeout, limits=_KEPT, http2=http2))
    from agentkit.direct import DirectTransport

    return DirectSender(DirectTransport(parser=_wanted()), timeout)


def async_sender(timeout: httpx.Timeout, *, http2: bool) -> AsyncSender:
    """`sender` for the awaited requests of one event loop."""
    if _needs_client(http2):
        return AsyncClientSender(httpx.AsyncClient(timeout=timeout, limits=_KEPT, http2=http2))
    from agentkit.direct import AsyncDirectTransport

    return AsyncDirectSender(AsyncDirectTransport(parser=_wanted()), timeout)


def _needs_client(http2: bool) -> bool:
    """Whether only httpx's own client will do: for HTTP/2, a proxy, or because it is wanted."""
    if http2 or _wanted() == "httpx":
        return True
    found = getproxies()
    everywhere = "*" in [each.strip() for each in found.get("no", "").split(",")]
    if any(found.get(scheme) for scheme in ("http", "https", "all")) and not everywhere:
        return True
    return not any(map(find_spec, _KINDS[:2]))


def _wanted() -> str:
    wanted = os.environ.get(VARIABLE, "").strip()
    if wanted not in ("", *_KINDS):
        raise ConfigError(f"{VARIABLE} is one of {', '.join(_KINDS)}, not {wanted!r}.")
    if wanted and not find_spec(wanted):
        raise ConfigError(f'{VARIABLE}={wanted} needs the package: pip install "agentkit[fast]"')
    return wanted
