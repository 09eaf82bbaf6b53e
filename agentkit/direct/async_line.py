"""One connection to a server, in an event loop of asyncio."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import httpx

from agentkit.direct.dialing import dial
from agentkit.direct.outgoing import Origin
from agentkit.direct.sockets import AT_ONCE, when_readable
from agentkit.direct.waiting import Waiting

_AHEAD = 256 * 1024  # bytes that may come before somebody reads them
_NAMES = {"client_addr": "sockname", "server_addr": "peername"}


class AsyncLine(asyncio.Protocol):
    """An open connection; who uses it closes it after any error.

    It is a protocol, and not a pair of asyncio's streams, which buffer once more.
    """

    def __init__(self, forget: Callable[[AsyncLine], None]) -> None:
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._received: list[bytes] = []
        self._size = 0
        self._is_paused = False  # the server is to wait
        self._is_full = False  # the server makes us wait
        self._ended = False
        self._error: Exception | None = None
        self._waiting = Waiting(self._loop)  # to read or to write: never both
        self.lost: asyncio.Future[None] = self._loop.create_future()

    @classmethod
    async def connect(
        cls,
        to: Origin,
        tls: ssl.SSLContext | None,
        timeout: float | None,
        forget: Callable[[AsyncLine], None],
    ) -> AsyncLine:
        """Open one; `forget` is called when it is no more.

        Raises:
            httpx.ConnectError: It failed; its cause says why.
            httpx.ConnectTimeout: It took too long.
        """
        opened: socket.socket | None = None
        line: AsyncLine | None = None
        try:
            async with asyncio.timeout(timeout):
                opened = await dial(to.host, to.port)
                _, line = await asyncio.get_running_loop().create_connection(
                    lambda: AsyncLine(forget),
                    sock=opened,
                    ssl=tls,
                    server_hostname=to.host if tls else None,
                )
            return line
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except (OSError, ValueError, OverflowError) as error:
            raise httpx.ConnectError(str(error)) from error
        finally:
            if line is None and opened is not None:
                opened.close()

    async def write(self, head: bytes, body: bytes, timeout: float | None) -> None:
        """Send a request.

        If the server hangs up meanwhile, it may have said why: that is told by `read`.

        Raises:
            httpx.WriteTimeout: Nothing could be sent for too long.
        """
        if len(body) <= AT_ONCE:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            rest = memoryview(body)
            while rest and not self._ended:
                self._transport.write(rest[:AT_ONCE])
                rest = rest[AT_ONCE:]
                while self._is_full and not self._ended:
                    await self._waiting.wait(timeout, httpx.WriteTimeout)

    async def read(self, timeout: float | None) -> bytes:
        """What has come, waiting for something to come; nothing is the end.

        Raises:
            httpx.ReadTimeout: Nothing came.
            httpx.ReadError: The connection broke.
            httpx.WriteError: It broke before the request was sent.
        """
        received = self._received
        while not received:
            if self._ended:
                return self._the_end()
            await self._waiting.wait(timeout, httpx.ReadTimeout)
        data = received[0] if len(received) == 1 else b"".join(received)
        received.clear()
        self._size = 0
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()
        return data

    def _the_end(self) -> bytes:
        if self._error is None:
            return b""
        kind = httpx.WriteError if self._is_full else httpx.ReadError
        raise kind(str(self._error)) from self._error

    def is_dead(self) -> bool:
        """Whether it cannot serve any more: on an idle connection only the end can come.

        The loop may not have seen it yet, if something kept it from looking.
        """
        if self._ended or self._received or self._loop is not asyncio.get_running_loop():
            return True
        return self._transport.is_closing() or self._is_readable()

    def close(self) -> None:
        """Close it, without waiting; one of a loop that is closed can only be forgotten."""
        if self._loop.is_closed():
            self._forget(self)
        elif not self.lost.done():  # asyncio cannot abort what it closed once all was sent
            self._transport.abort()

    def later(self, work: Callable[[], None]) -> None:
        """Do something in the loop, whatever and whichever thread runs now."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(work)

    def get_extra_info(self, name: str) -> Any:
        """`socket`, `ssl_object`, `client_addr` or `server_addr`."""
        return self._transport.get_extra_info(_NAMES.get(name, name))

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._is_readable = when_readable(transport.get_extra_info("socket").fileno())

    def data_received(self, data: bytes) -> None:
        self._received.append(data)
        self._size += len(data)
        if self._size > _AHEAD and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._waiting.wake()

    def eof_received(self) -> None:
        self._ended = True
        self._waiting.wake()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._waiting.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._forget(self)
        self._waiting.stop()
        if not self.lost.done():
            self.lost.set_result(None)
