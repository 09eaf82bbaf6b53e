"""Connections that live as long as they may, and httpx's errors as ours."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import islice
from threading import Lock
from typing import TypeVar

import httpx

from agentkit.addresses import check_live
from agentkit.errors import ConfigError, ConnectError, InterfaceError, RequestTimeoutError
from agentkit.redact import redact
from agentkit.senders import (
    AsyncClientSender,
    AsyncSender,
    ClientSender,
    Reply,
    Sender,
    async_sender,
    sender,
)
from agentkit.workers import in_thread, renew_in_children

_CONNECT = 5.0  # seconds; the rest of the time-out is for the model to think
_FOREVER = 1e7  # seconds; sockets take no time-out that is much longer
_LINGER = 0.2  # seconds for what follows the end of an answer
_REST = 16  # chunks of it


class Clients:
    """A sender for the sync methods, and one for each event loop; made when first needed.

    Args:
        timeout: Seconds to wait for the server at each step of a request.
        client: The user's own client, which the user closes.
        async_client: The same for awaited requests.
        address: Where requests go. With AGENTKIT_LIVE=no in the environment, as in tests, only the
            user's own client sends them to another machine.
        http2: Whether to speak HTTP/2 to servers that do.

    Raises:
        ConfigError: The time-out is not above 0, or a client is not of its kind.
    """

    def __init__(
        self,
        timeout: float,
        client: httpx.Client | None = None,
        async_client: httpx.AsyncClient | None = None,
        address: str = "",
        http2: bool = False,
    ) -> None:
        if not isinstance(timeout, int | float) or not 0 < timeout < _FOREVER:
            raise ConfigError(f"timeout is seconds, above 0 and below 10 million, not {timeout!r}.")
        if not isinstance(client, httpx.Client | None):
            raise ConfigError("client is an httpx.Client; async_client is an httpx.AsyncClient.")
        if not isinstance(async_client, httpx.AsyncClient | None):
            raise ConfigError("async_client is an httpx.AsyncClient; client is an httpx.Client.")
        if http2 and (client or async_client):
            raise ConfigError("http2 is a setting of your own client, where you give one.")
        if http2 and not find_spec("h2"):
            raise ConfigError('HTTP/2 needs the package h2: pip install "agentkit[http2]"')
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, _CONNECT))
        self._http2 = http2
        self._client = ClientSender(client) if client else None
        self._async_client = AsyncClientSender(async_client) if async_client else None
        self._address = address
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin without connections: in a forked process they are still those of its parent."""
        self._lock = Lock()  # threads that share an interface share its connections
        self._own: Sender | None = None
        # One for each event loop, because connections belong to the loop that made them.
        self._own_async: dict[asyncio.AbstractEventLoop, AsyncSender] = {}
        self._left: deque[tuple[ExitStack, Reply[Iterator[bytes]]]] = deque()

    def leave(self, reply: Reply[Iterator[bytes]], opened: ExitStack) -> None:
        """Leave a reply before its end; what is open is closed before the next request.

        Not now: the garbage collector may end an abandoned stream in the middle of anything, also
        where httpx holds a lock that closing would wait for. The reply is kept because its chunks
        close it as soon as nothing refers to them.

        Args:
            reply: The reply.
            opened: What to close behind it.
        """
        _hang_up(reply)
        self._left.append((opened, reply))

    def sync(self) -> Sender:
        """What sends the requests of the sync methods."""
        self._close_left()
        if self._client is not None:
            return _open(self._client)
        check_live(self._address)
        with self._lock:
            if self._own is None:
                self._own = sender(self._timeout, http2=self._http2)
            return self._own

    def here(self) -> AsyncSender:
        """What sends the requests of the awaited methods in this event loop."""
        if self._async_client is not None:
            return _open(self._async_client)
        check_live(self._address)
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop not in self._own_async:
                for ended in [each for each in self._own_async if each.is_closed()]:
                    del self._own_async[ended]
                self._own_async[loop] = async_sender(self._timeout, http2=self._http2)
            return self._own_async[loop]

    def close(self) -> None:
        """Close the connections of the sync methods; a client of the user's own stays open."""
        self._close_left()
        if self._own is not None:
            self._own.close()
            self._own = None

    def _close_left(self) -> None:
        with suppress(IndexError):  # another thread may have taken the last
            while True:
                self._left.popleft()[0].close()

    async def aclose(self) -> None:
        """Close the connections of the awaited methods in this event loop."""
        client = self._own_async.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()


_Given = TypeVar("_Given", ClientSender, AsyncClientSender)


def _open(given: _Given) -> _Given:
    if given.client.is_closed:
        raise ConfigError("The httpx client that was given for this interface is closed.")
    return given


def read_on(reply: Reply[Iterator[bytes]], opened: ExitStack) -> None:
    """Read what follows the end of an answer, so that its connection can serve again.

    It is waited for a moment only: servers keep the line open after `[DONE]`, or cut it.

    Args:
        reply: The reply.
        opened: What to close behind it.
    """

    def rest() -> None:
        with opened, suppress(httpx.HTTPError, httpx.StreamError):
            for _ in islice(reply.chunks, _REST):
                pass

    try:
        in_thread(rest).result(_LINGER)
    except TimeoutError:
        _hang_up(reply)


def _hang_up(reply: Reply[Iterator[bytes]]) -> None:
    """Cut the line, so that nobody waits for more."""
    if (line := reply.line()) is not None:
        with suppress(OSError):  # that of a TLS socket would disturb who reads it
            socket.socket.shutdown(line, socket.SHUT_RDWR)


async def aread_on(chunks: AsyncIterator[bytes]) -> None:
    """`read_on`, awaited; who opened the reply closes it."""
    with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError):
        async with asyncio.timeout(_LINGER):
            async for _ in chunks:
                pass


class Translated:
    """A context in which httpx's errors become ours, without secrets in any of them.

    Args:
        name: Of whom they tell.
        place: Where that is.
        secrets: Gives what must not be seen.
    """

    def __init__(self, name: str, place: str, secrets: Callable[[], Iterable[str]]) -> None:
        self._name, self._place, self._secrets = name, place, secrets

    def __enter__(self) -> None:
        """Begin; it can be done any number of times."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise our error for httpx's."""
        if error is None:
            return
        ours = error if isinstance(error, InterfaceError) else self._ours(error)
        if ours is not None:
            ours.args = (redact(str(ours), *self._secrets()),)
            if ours is not error:
                raise ours from error

    def _ours(self, error: BaseException) -> InterfaceError | None:
        if isinstance(error, httpx.TimeoutException):
            return RequestTimeoutError(
                f"{self._name} did not answer in time ({type(error).__name__}) at {self._place}."
            )
        if isinstance(error, RuntimeError) and "client has been closed" in str(error):
            closed = ConnectError(f"{self._name} was closed while a request to it began.")
            closed.retryable = False
            return closed
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL | httpx.StreamError):
            why, passing = _why(error)
            refused = ConnectError(f"{why} at {self._place}: {error}")
            refused.retryable = passing
            return refused
        return None


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
