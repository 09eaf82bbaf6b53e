"""The transport for asyncio."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from functools import partial

import httpx

from agentkit.direct.async_line import AsyncLine
from agentkit.direct.idle import Idle
from agentkit.direct.outgoing import Origin, Timeouts, encoded, origin_of, timeouts_of
from agentkit.direct.parsing import parser_class
from agentkit.direct.replies import CLOSED, Coming, Held, Received, as_httpx
from agentkit.direct.sockets import most_connections, prepared

_FAREWELL = 1.0  # seconds for the loop to close what is cut


class AsyncDirectTransport(httpx.AsyncBaseTransport):
    """Sends the requests of the tasks of one event loop, each on a connection of its own.

    Beyond half of the files that the process may open, requests wait for their turn, in the order
    they came.

    Args:
        verify: How to look at certificates; if not given, as httpx does.
        parser: What reads replies: `httptools` or `h11`; if not given, what is installed.

    Raises:
        ImportError: No library is installed that reads HTTP.
    """

    def __init__(self, verify: ssl.SSLContext | None = None, parser: str = "") -> None:
        self._verify = verify
        self._parser = parser_class(parser)
        self._idle: Idle[AsyncLine] = Idle()
        self._lines: set[AsyncLine] = set()  # all that are open, also those of forgotten replies
        self._most = most_connections()
        self._turns = asyncio.Semaphore(self._most)
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and give the reply as soon as its head is there."""
        try:
            origin, timeouts = origin_of(request.url), timeouts_of(request)
            head, framed = encoded(request, await request.aread())
            received = await self.exchange(origin, request.method, head, framed, timeouts)
        except httpx.RequestError as error:
            error.request = request
            raise
        return as_httpx(received, request)

    async def exchange(
        self, origin: Origin, method: str, head: bytes, body: bytes, timeouts: Timeouts
    ) -> Received[AsyncBody]:
        """`handle_async_request` for what is encoded already; see `DirectTransport.exchange`."""
        line = await self._line(origin, timeouts)
        try:
            parser = self._parser(method)
            await line.write(head, body, timeouts.write)
            while (told := parser.head) is None:
                parser.feed(await line.read(timeouts.read))
        except BaseException:
            self._end(origin, line, False)
            raise
        if parser.complete:
            self._end(origin, line, parser.reusable)
            return Received(told, parser.take(), Held())
        held = Held(line)
        end = partial(self._end, origin)
        return Received(told, AsyncBody(parser, held, timeouts.read, end), held)

    async def _line(self, origin: Origin, timeouts: Timeouts) -> AsyncLine:
        await self._turn(timeouts.pool)
        try:
            if self._closed:
                raise RuntimeError(CLOSED)
            line = self._idle.take(origin)
            if line is not None:
                return line
            if len(self._lines) >= self._most:  # idle ones that lead elsewhere
                self._idle.drop_one()
            tls = prepared(self._verify) if origin.scheme == "https" else None
            line = await AsyncLine.connect(origin, tls, timeouts.connect, self._lines.discard)
        except BaseException:
            self._turns.release()
            raise
        self._lines.add(line)
        return line

    async def _turn(self, timeout: float | None) -> None:
        if not self._turns.locked():
            await self._turns.acquire()  # at once
            return
        try:
            async with asyncio.timeout(timeout):
                await self._turns.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("All connections are in use.") from error

    def _end(self, origin: Origin, line: AsyncLine, reusable: bool) -> None:
        if reusable:
            self._idle.give(origin, line)
        else:
            line.close()
        self._turns.release()

    async def aclose(self) -> None:
        """Close all connections, also those in use."""
        self._closed = True
        self._idle.close()
        for line in [*self._lines]:
            line.close()
        if lost := [line.lost for line in self._lines]:
            await asyncio.wait(lost, timeout=_FAREWELL)


class AsyncBody(Coming[AsyncLine], httpx.AsyncByteStream):
    """A body that is still coming."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What came with one reading of the socket at a time: events are not waited for."""
        parser = self._parser
        try:
            while True:
                data = parser.take()
                if parser.complete:
                    self._close()  # now: who sees the end of an answer in it reads no further
                if data:
                    yield data
                if parser.complete:
                    return
                parser.feed(await self._held.line().read(self._timeout))
        except httpx.RequestError as error:
            if self.request is not None:
                error.request = self.request
            raise
        finally:
            self._close()

    async def aclose(self) -> None:
        """Give the connection back, or close it if the reply has not ended."""
        self._close()

    def __del__(self) -> None:
        line = self._held.let_go()
        if line is not None:  # nobody began to read it
            line.later(partial(self._end, line, False))
