"""One connection to a server, over a socket."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import httpx

from agentkit.direct.outgoing import Origin
from agentkit.direct.sockets import AT_ONCE, when_readable


class Line:
    """An open connection; who uses it closes it after any error."""

    def __init__(self, connected: socket.socket, forget: Callable[[Line], None]) -> None:
        self._socket, self._forget = connected, forget
        self._timeout: float | None = -1  # none that anybody asks for
        self._unsent: OSError | None = None
        self._is_readable = when_readable(connected.fileno())

    @classmethod
    def connect(
        cls,
        to: Origin,
        tls: ssl.SSLContext | None,
        timeout: float | None,
        forget: Callable[[Line], None],
    ) -> Line:
        """Open one; `forget` is called when it is no more.

        Raises:
            httpx.ConnectError: It failed; its cause says why.
            httpx.ConnectTimeout: It took too long.
        """
        opened: socket.socket | None = None
        try:
            opened = socket.create_connection((to.host, to.port), timeout)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                opened = tls.wrap_socket(opened, server_hostname=to.host)
            return cls(opened, forget)
        except BaseException as error:
            if opened is not None:
                opened.close()
            if isinstance(error, TimeoutError | BlockingIOError):
                raise httpx.ConnectTimeout(str(error)) from error
            if isinstance(error, OSError | ValueError | OverflowError):
                raise httpx.ConnectError(str(error)) from error
            raise

    def write(self, head: bytes, body: bytes, timeout: float | None) -> None:
        """Send a request.

        If the server hangs up meanwhile, it may have said why: that is told by `read`.

        Raises:
            httpx.WriteTimeout: Nothing could be sent for too long.
        """
        try:
            if len(body) <= AT_ONCE:
                self._send(memoryview(head + body), timeout)
            else:
                self._send(memoryview(head), timeout)
                self._send(memoryview(body), timeout)
        except (TimeoutError, BlockingIOError, ssl.SSLWantWriteError) as error:
            raise httpx.WriteTimeout(str(error)) from error
        except OSError as error:
            self._unsent = error

    def _send(self, data: memoryview, timeout: float | None) -> None:
        self._wait_at_most(timeout)
        while data:
            data = data[self._socket.send(data) :]

    def read(self, timeout: float | None) -> bytes:
        """What has come, waiting for something to come; nothing is the end.

        Raises:
            httpx.ReadTimeout: Nothing came.
            httpx.ReadError: The connection broke.
            httpx.WriteError: It broke before the request was sent.
        """
        try:
            self._wait_at_most(timeout)
            data = self._socket.recv(AT_ONCE)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError) as error:
            raise httpx.ReadTimeout(str(error)) from error
        except OSError as error:
            if self._unsent is not None:
                raise httpx.WriteError(str(self._unsent)) from self._unsent
            raise httpx.ReadError(str(error)) from error
        if not data and self._unsent is not None:
            raise httpx.WriteError(str(self._unsent)) from self._unsent
        return data

    def _wait_at_most(self, timeout: float | None) -> None:
        if timeout != self._timeout:  # each change is a system call
            self._timeout = timeout
            self._socket.settimeout(timeout)

    def is_dead(self) -> bool:
        """Whether it cannot serve any more: on an idle connection only the end can come."""
        line = self._socket
        if self._unsent is not None or line.fileno() < 0:
            return True
        if not isinstance(line, ssl.SSLSocket):
            return self._is_readable()
        if not line.pending() and not self._is_readable():
            return False
        try:  # or something of TLS itself, as new keys
            self._wait_at_most(0)
            line.recv(1)
        except ssl.SSLWantReadError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Close it, without waiting."""
        self._socket.close()
        self._forget(self)

    def get_extra_info(self, name: str) -> Any:
        """`socket`, `ssl_object`, `client_addr` or `server_addr`."""
        if name == "socket":
            return self._socket
        if name == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if name == "client_addr":
            return self._socket.getsockname()
        return self._socket.getpeername() if name == "server_addr" else None
