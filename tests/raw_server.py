"""A loopback server that says exactly the bytes that a test wants it to say."""

from __future__ import annotations

import gc
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

PATIENCE = 20.0  # seconds; only a hang takes as long
_HARD_END = struct.pack("ii", 1, 0)


@dataclass
class Peer:
    """The server's end of a connection."""

    line: socket.socket
    seen: list[bytes]  # the requests of all connections
    _buffer: bytes = field(default=b"", repr=False)

    def request(self) -> bytes:
        """One whole request; nothing at the end of the connection."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return b""
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            while b"0\r\n\r\n" not in self._buffer:
                self._more()
            end = self._buffer.index(b"0\r\n\r\n") + 5
        else:
            _, _, length = lower.partition(b"content-length: ")
            end = len(head) + 4 + int(length.partition(b"\r\n")[0] or 0)
            parts, size = [rest], len(head) + 4 + len(rest)
            while size < end:
                parts.append(self.line.recv(1 << 20) or _cut())
                size += len(parts[-1])
            self._buffer = head + b"\r\n\r\n" + b"".join(parts)
        whole, self._buffer = self._buffer[:end], self._buffer[end:]
        self.seen.append(whole)
        return whole

    def _more(self) -> bool:
        data = self.line.recv(1 << 16)
        self._buffer += data
        return bool(data)

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.line.sendall(piece)

    def reset(self) -> None:
        """End the connection as a crash does."""
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD_END)
        self.line.close()

    def wait_for_end(self) -> None:
        """Until the client has closed."""
        with suppress(ConnectionError):
            while self.line.recv(1 << 16):
                pass


def _cut() -> bytes:
    raise ConnectionError("The client went away in the middle of a request.")


Script = Callable[[Peer], None]


def answers(*replies: bytes, close: bool = False) -> Script:
    """One reply to each request; then the end, or none until the client closes."""

    def script(peer: Peer) -> None:
        for reply in replies:
            if not peer.request():
                return
            peer.send(reply)
        if not close:
            peer.wait_for_end()

    return script


class RawServer:
    """Plays one script for each connection, in their order; the last is for all that follow."""

    def __init__(
        self, *scripts: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self._scripts, self._tls, self._host = scripts, tls, host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=400)
        self._threads: list[threading.Thread] = []
        self._marks: dict[object, threading.Event] = {}
        self._lock = threading.Lock()
        self.port = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = self.open = self.most_open = 0

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._tls else ''}://{host}:{self.port}/"

    def __enter__(self) -> RawServer:
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def _accept(self) -> None:
        while True:
            try:
                line, caller = self._listener.accept()
            except OSError:
                return
            if mark := self._marks.pop(caller, None):
                line.close()
                mark.set()
                continue
            with self._lock:  # `join` waits until it can find all of them, and they have begun
                thread = threading.Thread(target=self._serve, args=(line, self.connections))
                self.connections += 1
                self.open += 1
                self.most_open = max(self.open, self.most_open)
                thread.start()
                self._threads.append(thread)

    def _serve(self, line: socket.socket, number: int) -> None:
        try:
            line.settimeout(PATIENCE)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with line, suppress(ConnectionError, ssl.SSLError):
                if self._tls is not None:
                    line = self._tls.wrap_socket(line, server_side=True)
                with line:
                    self._scripts[min(number, len(self._scripts) - 1)](Peer(line, self.requests))
        finally:
            with self._lock:
                self.open -= 1

    def join(self) -> None:
        """Wait for the ends of all connections.

        Raises:
            AssertionError: The client holds one open.
        """
        self._catch_up()
        with self._lock:
            threads = [*self._threads]
        for thread in threads:
            thread.join(PATIENCE / 2)
            assert not thread.is_alive(), "a connection is still open"

    def collect_until_closed(self) -> None:
        """Collect garbage until no connection is open; another thread may do so just now."""
        deadline = time.monotonic() + PATIENCE
        self._catch_up()
        while self.open:
            assert time.monotonic() < deadline, "a connection is still open"
            gc.collect()
            time.sleep(0.001)

    def _catch_up(self) -> None:
        """Accept what clients opened up to now, by a connection of one's own behind theirs."""
        with socket.socket(self._listener.family) as last:
            last.bind((self._host, 0))
            mark = self._marks[last.getsockname()] = threading.Event()
            last.connect(self._listener.getsockname())
            assert mark.wait(PATIENCE), "the server does not accept any more"

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                self.join()
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._accepting.join()
