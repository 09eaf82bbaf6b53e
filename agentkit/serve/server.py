"""The service as a process: uvicorn, and how it stops."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from agentkit.guard import address_of, listen, served_by_uvicorn
from agentkit.workers import in_thread

if TYPE_CHECKING:
    from agentkit.serve.service import Service

_IDLE = 75  # seconds that a line may be idle: longer than clients and proxies keep theirs
_LINGER = 5.0  # seconds that replies have to be sent when all runs have ended


class Server(uvicorn.Server):
    """Lets runs end before it closes the door: until then whoever asks is told that it stops.

    Args:
        config: As uvicorn has it.
        service: What is served.
    """

    def __init__(
        self, config: uvicorn.Config, service: Service, ready: Callable[[], object]
    ) -> None:
        super().__init__(config)
        self._service, self._ready = service, ready
        self._stopping: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; at the second signal without waiting."""
        if self._service.desk.closing or self._loop is None:
            self.force_exit = self.should_exit = True
            self._service.desk.stop()
            return
        self._service.desk.closing = True
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._stopping = asyncio.ensure_future(self._stopped())

    async def _stopped(self) -> None:
        try:
            await self._service.desk.close(self._service.grace)
        finally:
            self.should_exit = True


def server(service: Service, ready: Callable[[], object] = lambda: None, **settings: Any) -> Server:
    """What serves the service.

    Args:
        service: The service.
        ready: Called when requests are taken.
        settings: Those of uvicorn.
    """
    given = {"timeout_keep_alive": _IDLE, "timeout_graceful_shutdown": _LINGER, **settings}
    config = served_by_uvicorn(service.app, **given)
    return Server(config, service, ready)


def serve(service: Service, host: str, port: int, ready: Callable[[str], object]) -> None:
    """Serve until it is stopped.

    Args:
        service: The service.
        host: Where to listen.
        port: Where to listen; 0 takes one that is free.
        ready: Called with the address when requests are taken.

    Raises:
        ConfigError: It cannot listen there, or another service has the journal.
    """
    with _listening(service, host, port) as (door, address):
        server(service, lambda: ready(address)).run(sockets=[door])


@contextmanager
def aside(service: Service, port: int) -> Iterator[str]:
    """Serve this machine from a thread, until the end; gives the address.

    Args:
        service: The service.
        port: Where to listen; 0 takes one that is free.

    Raises:
        ConfigError: It cannot listen there, or another service has the journal.
    """
    with _listening(service, "127.0.0.1", port) as (door, address):
        up = Event()
        running = server(service, up.set)
        done = in_thread(lambda: running.run(sockets=[door]))
        done.add_done_callback(lambda _: up.set())
        up.wait()
        try:
            yield address
        finally:
            running.handle_exit(signal.SIGTERM, None)
            done.result()


@contextmanager
def _listening(service: Service, host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """The socket and the address, with the journal for the service alone."""
    service.rules.reach(host)
    with listen(host, port) as door, service.owned():
        yield door, address_of(host, door)
