"""Replies read by h11, in Python."""

from __future__ import annotations

from functools import cache

import h11
import httpx

from agentkit.direct.parsing import MOST_UNSEEN, Head, Parser


class H11Parser(Parser):
    """A reply that h11 reads."""

    def __init__(self, method: str) -> None:
        super().__init__(method)
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_UNSEEN)
        # Requests are written by `outgoing`. h11 is only told that there was one: what it would
        # write, with all its checks, costs as much as reading the reply.
        self._connection.send(_request(method))

    def _read(self, data: bytes) -> None:
        self._connection.receive_data(data)
        self._understand()

    def _end(self) -> None:
        self._connection.receive_data(b"")
        self._understand()

    def _understand(self) -> None:
        connection, pieces = self._connection, self._pieces
        try:
            while not self.complete:
                event = connection.next_event()
                kind = type(event)
                if kind is h11.Data:
                    pieces.append(event.data)  # type: ignore[union-attr]  # `kind` says so
                elif event is h11.NEED_DATA:
                    return
                elif isinstance(event, h11.EndOfMessage):
                    self.complete = True
                elif isinstance(event, h11.Response):
                    self.head = _head(event)
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        behind, closed = connection.trailing_data
        self.reusable = connection.their_state is h11.DONE and not behind and not closed


@cache
def _request(method: str) -> h11.Request:
    return h11.Request(method=method, target="/", headers=[("Host", "")])


def _head(event: h11.Response) -> Head:
    version = b"HTTP/" + event.http_version
    return Head(event.status_code, bytes(event.reason), event.headers.raw_items(), version)
