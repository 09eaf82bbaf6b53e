"""The transport for threads."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from functools import partial

import httpx

from agentkit.direct.idle import Idle
from agentkit.direct.line import Line
from agentkit.direct.outgoing import Origin, encoded, origin_of, timeouts_of
from agentkit.direct.parsing import Parser, parser_class
from agentkit.direct.replies import CLOSED, Held, reply
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
        if self._closed:
            raise RuntimeError(CLOSED)
        try:
            return self._exchange(request)
        except httpx.RequestError as error:
            error.request = request
            raise

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        origin, timeouts = origin_of(request.url), timeouts_of(request)
        head, body = encoded(request, request.read())
        line = self._idle.take(origin) or self._connect(origin, timeouts.connect)
        try:
            parser = self._parser(request.method)
            line.write(head, body, timeouts.write)
            while parser.head is None:
                parser.feed(line.read(timeouts.read))
        except BaseException:
            self._end(origin, line, False)
            raise
        if parser.complete:
            self._end(origin, line, parser.reusable)
            return reply(parser, httpx.ByteStream(parser.take()), Held())
        held = Held(line)
        end = partial(self._end, origin)
        return reply(parser, _Body(parser, held, timeouts.read, request, end), held)

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


class _Body(httpx.SyncByteStream):
    """A body that is still coming."""

    def __init__(
        self,
        parser: Parser,
        held: Held[Line],
        timeout: float | None,
        request: httpx.Request,
        end: Callable[[Line, bool], None],
    ) -> None:
        self._parser, self._held, self._end = parser, held, end
        self._timeout, self._request = timeout, request

    def __iter__(self) -> Iterator[bytes]:
        """What came with one reading of the socket at a time: events are not waited for."""
        parser = self._parser
        try:
            while True:
                data = parser.take()
                if parser.complete:
                    self.close()  # now: who sees the end of an answer in it reads no further
                if data:
                    yield data
                if parser.complete:
                    return
                parser.feed(self._held.line().read(self._timeout))
        except httpx.RequestError as error:
            error.request = self._request
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back, or close it if the reply has not ended."""
        line = self._held.let_go()
        if line is not None:
            self._end(line, self._parser.reusable)

    def __del__(self) -> None:
        self.close()  # nobody began to read it
