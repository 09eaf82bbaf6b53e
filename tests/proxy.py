"""A way to a server on loopback that can be stalled, cut off and mended."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

_HARD_END = struct.pack("ii", 1, 0)


class Proxy:
    """Passes bytes between its port on loopback and another; a context that ends it.

    Args:
        port: Where the server is, on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=400)
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self._passes = threading.Event()
        self._passes.set()
        self._is_cut = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def stall(self) -> None:
        """From now on nothing is accepted and nothing passes, and nobody is told."""
        self._passes.clear()

    def cut(self) -> None:
        """End all connections at once, and each new one, as a crash does."""
        with self._lock:
            self._is_cut = True
            for line in self._open:
                _reset(line)
        self._passes.set()

    def go_on(self) -> None:
        """Pass everything again, first what came in the meantime."""
        self._is_cut = False
        self._passes.set()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., Any], *given: Any) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            self._passes.wait()
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._passes.wait()  # it may have stalled while none came
            self.accepted += 1
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                _reset(near)
                near.close()
                continue
            for line in (near, far):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {near, far}
                if self._is_cut:
                    _reset(near)
                    _reset(far)
            self._start(self._serve, near, far)

    def _serve(self, near: socket.socket, far: socket.socket) -> None:
        back = threading.Thread(target=self._pass, args=(far, near), daemon=True)
        back.start()
        self._pass(near, far)
        back.join()
        with self._lock:
            self._open -= {near, far}
            near.close()
            far.close()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                self._passes.wait()
                target.sendall(data)
            self._passes.wait()
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


def _reset(line: socket.socket) -> None:
    """End a connection without a word; those who wait for it are woken."""
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD_END)
        line.shutdown(socket.SHUT_RDWR)
