"""A loopback server that speaks HTTP/2 over TLS, with the package h2; it answers all in one way."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded


class HTTP2Server:
    """Start it with `with`. `versions` is how each connection was agreed on.

    Args:
        tls: With what it speaks https.
        body: What it answers.
    """

    def __init__(self, tls: ssl.SSLContext, body: bytes) -> None:
        tls.set_alpn_protocols(["h2"])
        self.versions: list[str | None] = []
        self.received: list[bytes] = []
        self._tls, self._body = tls, body
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> HTTP2Server:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:  # it is closed
                return
            with suppress(OSError), self._tls.wrap_socket(line, server_side=True) as wrapped:
                self.versions.append(wrapped.selected_alpn_protocol())
                self._talk(wrapped)

    def _talk(self, line: ssl.SSLSocket) -> None:
        talk = H2Connection(H2Configuration(client_side=False))
        talk.initiate_connection()
        bodies: dict[int, bytes] = {}
        while True:
            line.sendall(talk.data_to_send())
            if not (data := line.recv(65536)):
                return
            for event in talk.receive_data(data):
                if isinstance(event, DataReceived):
                    bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                elif isinstance(event, StreamEnded):
                    self.received.append(bodies.pop(event.stream_id, b""))
                    headers = [(":status", "200"), ("content-type", "application/json")]
                    talk.send_headers(event.stream_id, headers)
                    talk.send_data(event.stream_id, self._body, end_stream=True)
