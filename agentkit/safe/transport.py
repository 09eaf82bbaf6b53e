"""Transports for httpx that connect only to what a `Guard` allows, and read only so much.

    with httpx.Client(transport=GuardedTransport()) as client: ...

Each request, thus also each that follows a redirect: its URL is judged, its host is resolved once,
all of its addresses are judged, and one of those is connected to, by number. So no later answer of
a name server matters. The certificate is still the host's.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from ssl import SSLContext
from typing import Any, TypedDict, Unpack

import httpx

from agentkit.errors import ToolError
from agentkit.safe.urls import Address, Guard, port_of
from agentkit.workers import in_thread, on_own_loop, per_process

_MOST_ADDRESSES = 6  # of a host, that are tried
_CONNECT = 5.0  # seconds for one address


class Bounds(TypedDict, total=False):
    """What a response may take.

    Args:
        max_bytes: The most that a body may have, as sent and as decompressed; 5,000,000 if not
            given.
        seconds: Until a response must have come as a whole; 30 if not given.
        verify: An SSL context for other certificates than the well-known ones.
    """

    max_bytes: int
    seconds: float
    verify: SSLContext


class AsyncGuardedTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`, on asyncio. No proxy is used, and each request connects anew.

    Args:
        guard: What may be connected to; public hosts if not given.
        bounds: Those of `Bounds`.
    """

    def __init__(self, guard: Guard | None = None, **bounds: Unpack[Bounds]) -> None:
        _check(bounds)
        self._guard = guard or Guard()
        self._max_bytes = bounds.get("max_bytes", 5_000_000)
        self.seconds = bounds.get("seconds", 30.0)
        # A kept connection belongs to an address, and would serve any host that has the same one.
        limits = httpx.Limits(max_keepalive_connections=0)
        verify = bounds.get("verify") or _well_known()
        self._inner = httpx.AsyncHTTPTransport(verify=verify, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to one of the addresses of its host.

        Raises:
            ToolError: It may not be sent, or the response is too large or too slow.
            httpx.TransportError: The host cannot be reached, or breaks off.
        """
        end = self.end()
        async with until(end, self.seconds):
            url = self._guard.check(str(request.url))
            host = url.raw_host.decode("ascii")
            # In a thread of its own, since nothing can stop the system from resolving.
            resolving = in_thread(self._guard.addresses, host, port_of(url))
            response = await self._sent(request, url, await asyncio.wrap_future(resolving))
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._max_bytes:
            await response.aclose()
            raise self._too_large()
        body = _Body(response, self._chunks(response, end))
        headers = [
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in (b"content-encoding", b"content-length")
        ]
        status, extensions = response.status_code, response.extensions
        return httpx.Response(status, headers=headers, stream=body, extensions=extensions)

    def end(self) -> float:
        """When a response that is asked for now must have come, by the loop's clock."""
        return asyncio.get_running_loop().time() + self.seconds

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()

    async def _sent(
        self, request: httpx.Request, url: httpx.URL, addresses: list[Address]
    ) -> httpx.Response:
        problem: Exception | None = None
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                return await self._inner.handle_async_request(_pinned(request, url, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                problem = error
        assert problem is not None, "a host has at least one address"
        raise problem

    async def _chunks(self, response: httpx.Response, end: float) -> AsyncIterator[bytes]:
        expand = _expander(response.headers.get("content-encoding", ""))
        sent = given = 0
        chunks = aiter(response.stream)  # type: ignore[arg-type]  # an async one, of an async transport
        while True:
            async with until(end, self.seconds):
                chunk = await anext(chunks, None)
            sent += len(chunk or b"")
            more = expand(chunk, self._max_bytes - given + 1)
            given += len(more)
            if max(sent, given) > self._max_bytes:
                raise self._too_large()
            if more:
                yield more
            if chunk is None:
                return

    def _too_large(self) -> ToolError:
        return ToolError(f"The response is larger than {self._max_bytes:,} bytes, the most here.")


class GuardedTransport(httpx.BaseTransport):
    """The same for `httpx.Client`: a response is read as a whole before it is given.

    Args:
        guard: What may be connected to; public hosts if not given.
        bounds: Those of `Bounds`.
    """

    def __init__(self, guard: Guard | None = None, **bounds: Unpack[Bounds]) -> None:
        _check(bounds)
        self._guard, self._bounds = guard, bounds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As `AsyncGuardedTransport.handle_async_request`, with the same errors."""
        request.read()  # so that its body is at hand on any loop
        answer = on_own_loop(self._whole(request))
        try:
            return answer.result()
        finally:
            answer.cancel()

    async def _whole(self, request: httpx.Request) -> httpx.Response:
        async with AsyncGuardedTransport(self._guard, **self._bounds) as transport:
            response = await transport.handle_async_request(request)
            status, headers = response.status_code, response.headers
            return httpx.Response(status, headers=headers, content=await response.aread())


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response, chunks: AsyncIterator[bytes]) -> None:
        self._response = response
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def aclose(self) -> None:
        await self._response.aclose()


class until:  # noqa: N801 - it is used as a function
    """Ends what is awaited in it at a time of the loop's clock, with an error for a model."""

    def __init__(self, end: float, seconds: float) -> None:
        self._timeout = asyncio.timeout_at(end)
        self.seconds = seconds

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise ToolError(f"It took longer than {self.seconds:g} seconds.") from None


def _check(bounds: Bounds) -> None:
    if unknown := bounds.keys() - Bounds.__annotations__.keys():
        raise TypeError(
            f"There is no {min(unknown)!r}; there are {', '.join(Bounds.__annotations__)}."
        )


@per_process
def _well_known() -> SSLContext:
    """What httpx trusts. Reading the certificates takes longer than most fetches: 40 ms."""
    return httpx.create_ssl_context()


def _pinned(request: httpx.Request, url: httpx.URL, address: Address) -> httpx.Request:
    """The request to one address; to the server, and for its certificate, it is the host's."""
    host = url.raw_host.decode("ascii")
    timeout = dict.fromkeys(("connect", "read", "write", "pool")) | {"connect": _CONNECT}
    extensions = {**request.extensions, "timeout": timeout, "sni_hostname": host}
    headers = request.headers.copy()
    headers["accept-encoding"] = "gzip"
    return httpx.Request(
        request.method,
        url.copy_with(host=str(address)),
        headers=headers,
        stream=request.stream,
        extensions=extensions,
    )


def _expander(encoding: str) -> Callable[[bytes | None, int], bytes]:
    """A function of a chunk (None for the end) and the most bytes that it may give.

    Raises:
        ToolError: The encoding was not asked for.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return lambda chunk, most: chunk or b""
    if name not in ("gzip", "x-gzip"):
        raise ToolError(f"The response is compressed as {name[:40]!r}, which was not asked for.")
    inflate, begun = _inflater(), False

    def expand(chunk: bytes | None, most: int) -> bytes:
        nonlocal inflate, begun
        begun = begun or bool(chunk)
        if chunk is None and begun and not inflate.eof:
            raise ToolError("The response ends within its compressed body.")
        given: list[bytes] = []
        try:
            while chunk and most > 0:  # behind the most the caller says that it is too large
                inflate = _inflater() if inflate.eof else inflate  # for a further member
                given.append(inflate.decompress(chunk, most))
                most -= len(given[-1])
                chunk = inflate.unused_data
        except zlib.error:
            raise ToolError("The response is not compressed as it says.") from None
        return b"".join(given)

    return expand


def _inflater() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)  # | 16: with the header of gzip
