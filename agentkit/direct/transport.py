"""The transport for threads."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import partial

import httpx

from agentkit.direct.idle import Idle
from agentkit.direct.line import Line
from agentkit.direct.outgoing import Origin, Timeouts, encoded, origin_of, timeouts_of
from agentkit.direct.parsing import parser_class
from agentkit.direct.replies import CLOSED, Coming, Held, Received, as_httpx
from agentkit.direct.sockets import prepared


class DirectTransport(httpx.BaseTransport):
    """Sends the requests of any number of threads, each on a connection of its own.

    Args:
        verify: How to look at certificates; if not given, as httpx does.
        parser: What reads replies: `httptools` or `h11`; if not given, what is installed.

    Raises:
        ImportError: No library is installed that reads HTTP.
    """

    def __init__(self, verify: ssl.SSLContext | None = None, parser: str = "") -> None:
        self._verify = verify
        self._parser = parser_class(parser)
        self._idle: Idle[Line] = Idle()
        # All that are open: a socket of an abandoned reply is to be closed by the reply, and not
        # found by the garbage collector, which would warn of it.
        self._lines: set[Line] = set()
        self._closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and give the reply as soon as its head is there."""
        try:
            origin, timeouts = origin_of(request.url), timeouts_of(request)
            head, framed = encoded(request, request.read())
            received = self.exchange(origin, request.method, head, framed, timeouts)
        except httpx.RequestError as error:
            error.request = request
            raise
        return as_httpx(received, request)

    def exchange(
        self, origin: Origin, method: str, head: bytes, body: bytes, timeouts: Timeouts
    ) -> Received[Body]:
        """`handle_request` for what is encoded already, as far as requests share it.

        Args:
            origin: Where it goes.
            method: Its method.
            head: All up to the body, as `encoded` gives it.
            body: What follows.
            timeouts: How long to wait at each step.
        """
        if self._closed:
            raise RuntimeError(CLOSED)
        line = self._idle.take(origin) or self._connect(origin, timeouts.connect)
        try:
            parser = self._parser(method)
            line.write(head, body, timeouts.write)
            while (told := parser.head) is None:
                parser.feed(line.read(timeouts.read))
        except BaseException:
            self._end(origin, line, False)
            raise
        if parser.complete:
            self._end(origin, line, parser.reusable)
            return Received(told, parser.take(), Held())
        held = Held(line)
        end = partial(self._end, origin)
        return Received(told, Body(parser, held, timeouts.read, end), held)

    def _connect(self, origin: Origin, timeout: float | None) -> Line:
        tls = prepared(self._verify) if origin.scheme == "https" else None
        line = Line.connect(origin, tls, timeout, self._lines.discard)
        self._lines.add(line)
        return line

    def _end(self, origin: Origin, line: Line, reusable: bool) -> None:
        if reusable:
            self._idle.give(origin, line)
        else:
            line.close()

    def close(self) -> None:
        """Close the connections; those of replies that are still read, at their ends."""
        self._closed = True
        self._idle.close()


class Body(Coming[Line], httpx.SyncByteStream):
    """A body that is still coming."""

    def __iter__(self) -> Iterator[bytes]:
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
                parser.feed(self._held.line().read(self._timeout))
        except httpx.RequestError as error:
            if self.request is not None:
                error.request = self.request
            raise
        finally:
            self._close()

    def close(self) -> None:
        """Give the connection back, or close it if the reply has not ended."""
        self._close()

    def __del__(self) -> None:
        self._close()  # nobody began to read it
