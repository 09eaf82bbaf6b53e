"""Replies read by httptools, which is llhttp, in C."""

from __future__ import annotations

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from agentkit.direct.parsing import Head, Parser


class HttptoolsParser(Parser):
    """A reply that httptools reads; it calls the methods that begin with `on`."""

    def __init__(self, method: str) -> None:
        super().__init__(method)
        self.on_body = self._pieces.append
        self._reason = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        # What h11 lets pass as well.
        self._parser.set_dangerous_leniencies(
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )

    def _read(self, data: bytes) -> None:
        parser = self._parser
        assert parser is not None, "nobody feeds a complete reply"
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            # Behind a complete reply anything may stand, as nobody reads it.
            self.reusable = False
            if not self.complete:
                why = error.__context__ or error
                raise httpx.RemoteProtocolError(str(why)) from error
        if self.complete:
            self._parser = None  # it refers to this object: no work for the garbage collector

    def _end(self) -> None:
        framed = {b"content-length", b"transfer-encoding"}
        if not framed.isdisjoint(name.lower() for name, _ in self._headers):
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body"
            )
        self.complete = True
        self._parser = None

    def on_message_begin(self) -> None:
        if self.complete:
            raise _EndOfReplyError

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head is None:  # else it is a trailer
            self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None, "it is the parser that calls"
        status = parser.get_status_code()
        if status >= 200:
            version = b"HTTP/" + parser.get_http_version().encode()
            self.head = Head(status, self._reason, self._headers, version)
            if self._is_head:  # llhttp would wait for the body that is announced
                self.complete = True
                raise _EndOfReplyError
        elif 100 <= status != 101:  # more of the reply is to come
            self._reason = b""
            self._headers.clear()
        else:
            raise httpx.RemoteProtocolError("The server switched to a protocol nobody asked for.")

    def on_message_complete(self) -> None:
        if self.head is not None and self._parser is not None:
            self.complete = True
            self.reusable = self._parser.should_keep_alive()


class _EndOfReplyError(Exception):
    """Stops the parser: what follows is not of this reply."""
