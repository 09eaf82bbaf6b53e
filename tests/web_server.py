"""A loopback web server that answers what a test wants, also badly, and keeps what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What stands at a path.

    Args:
        body: Bytes, or pieces of them that are sent one by one, without a Content-Length.
        status: The status of HTTP.
        headers: Besides Content-Length; any may be given, also false ones.
        raw: All that is sent instead, head and body.
        stall: After all of it nothing comes, and the connection stays open.
    """

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Iterable[bytes] = ()
    stall: bool = False


class WebServer:
    """Start it with `with`. `asked` is what it was asked for, as path and headers."""

    def __init__(
        self,
        answers: Mapping[str, Answer | bytes | str],
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        self._server = _Server((host, 0), _Handler)
        self._server.daemon_threads = True
        self._server.web = self
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> WebServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        """The URL of a path, under any name of the host."""
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        """What it was asked for."""
        return [path for path, _ in self.asked]


class _Server(ThreadingHTTPServer):
    web: WebServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many tests want."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        web = self.server.web
        headers = {name.lower(): value for name, value in self.headers.items()}
        web.asked.append((self.path, headers))
        found = web.answers.get(self.path, Answer(b"not found", 404))
        if not isinstance(found, Answer):
            body = found.encode() if isinstance(found, str) else found
            found = Answer(body, headers={"Content-Type": "text/plain; charset=utf-8"})
        self.close_connection = True
        self._send(found)
        if found.stall:
            web.closing.wait(30)

    do_POST = do_GET  # noqa: N815 - the name is the standard library's

    def _send(self, answer: Answer) -> None:
        if answer.raw:
            self._pieces(answer.raw)
            return
        self.send_response(answer.status)
        whole = isinstance(answer.body, bytes)
        if whole and "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self._pieces([answer.body] if whole else answer.body)

    def _pieces(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            if self.server.web.closing.is_set():
                return
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *args: object) -> None:
        """Say nothing."""
