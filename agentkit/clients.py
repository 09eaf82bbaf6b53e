"""httpx clients that live as long as they may, and httpx's errors as ours."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from threading import Lock

import httpx

from agentkit.errors import ConnectError, RequestTimeoutError
from agentkit.workers import in_thread

_CONNECT = 5.0  # seconds; the rest of the time-out is for the model to think
_LINGER = 0.2  # seconds for what follows the end of an answer
_REST = 16  # chunks of it
_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class Clients:
    """A sync client, and an async one for each event loop; made when first needed.

    Args:
        timeout: Seconds to wait for the server at each step of a request.
        client: The user's own client, which the user closes.
        async_client: The same for awaited requests.
    """

    def __init__(
        self,
        timeout: float,
        client: httpx.Client | None = None,
        async_client: httpx.AsyncClient | None = None,
    ) -> None:
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, _CONNECT))
        self._client, self._async_client = client, async_client
        self._own: httpx.Client | None = None
        self._lock = Lock()
        # One client for each event loop, because connections belong to the loop that made them.
        self._own_async: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}

    def sync(self) -> httpx.Client:
        """The client of the sync methods."""
        if self._client is not None:
            return self._client
        with self._lock:  # threads that share an interface share its connections
            if self._own is None:
                self._own = httpx.Client(timeout=self._timeout, limits=_KEPT)
            return self._own

    def here(self) -> httpx.AsyncClient:
        """The client of the awaited methods in this event loop."""
        if self._async_client is not None:
            return self._async_client
        loop = asyncio.get_running_loop()
        if loop not in self._own_async:
            for ended in [each for each in self._own_async if each.is_closed()]:
                del self._own_async[ended]
            self._own_async[loop] = httpx.AsyncClient(timeout=self._timeout, limits=_KEPT)
        return self._own_async[loop]

    def close(self) -> None:
        """Close the connections of the sync methods; a client of the user's own stays open."""
        if self._own is not None:
            self._own.close()
            self._own = None

    async def aclose(self) -> None:
        """Close the connections of the awaited methods in this event loop."""
        client = self._own_async.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()


def read_on(chunks: Iterator[bytes], opened: ExitStack) -> None:
    """Read what follows the end of an answer, so that its connection can serve again.

    It is not waited for: servers keep the line open after `[DONE]`, or cut it.

    Args:
        chunks: The rest of the reply.
        opened: What to close behind it.
    """

    def rest() -> None:
        with opened, suppress(httpx.HTTPError, httpx.StreamError):
            for _ in islice(chunks, _REST):
                pass

    with suppress(TimeoutError):
        in_thread(rest).result(_LINGER)


async def aread_on(chunks: AsyncIterator[bytes]) -> None:
    """`read_on`, awaited; who opened the reply closes it."""
    with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError):
        async with asyncio.timeout(_LINGER):
            async for _ in chunks:
                pass


@contextmanager
def translated(name: str, place: str) -> Iterator[None]:
    """httpx's errors as ours; `name` and `place` say of whom they tell."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise RequestTimeoutError(
            f"{name} did not answer in time ({type(error).__name__}) at {place}."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        why, passing = _why(error)
        refused = ConnectError(f"{why} at {place}: {error}")
        refused.retryable = passing
        raise refused from error


def _why(error: Exception) -> tuple[str, bool]:
    """What kind of failure it was, in words that say what to look at, and whether it may pass."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "The TLS connection failed (certificate or proxy)", False
        if isinstance(cause, ssl.SSLError):
            return "The TLS connection failed (certificate or proxy)", True
        if isinstance(cause, socket.gaierror):
            return "The server's name is not known (DNS or no network)", True
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "The connection was refused or failed", True
    if isinstance(error, httpx.LocalProtocolError):
        return "The request cannot be sent", False
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "This is not an address", False
    return "The connection was cut", True


def _user_agent() -> str:
    try:
        return f"agentkit/{version('agentkit')}"
    except PackageNotFoundError:  # run from a source tree
        return "agentkit"


USER_AGENT = _user_agent()
"""How agentkit names itself to servers."""
