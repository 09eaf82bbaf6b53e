"""The service as a process: uvicorn, and how it stops."""

from __future__ import annotations

import asyncio
import socket
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from agentkit.guard import listen

if TYPE_CHECKING:
    from agentkit.serve.service import Service

_LINGER = 5.0  # seconds that replies have to be sent when all runs have ended


class Server(uvicorn.Server):
    """Lets runs end before it closes the door: until then whoever asks is told that it stops.

    Args:
        config: As uvicorn has it.
        service: What is served.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._stopping: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; at the second signal without waiting."""
        if self._service.desk.closing or self._loop is None:
            self.force_exit = self.should_exit = True
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


def server(service: Service, **settings: Any) -> Server:
    """What serves the service."""
    given = {
        "log_config": None,
        "access_log": False,
        "lifespan": "on",
        "ws": "none",
        "server_header": False,
        "timeout_graceful_shutdown": _LINGER,
    }
    return Server(uvicorn.Config(service.app, **{**given, **settings}), service)


def serve(service: Service, host: str, port: int) -> None:
    """Serve until it is stopped.

    Raises:
        ConfigError: It cannot listen there, or another service has the journal.
    """
    door = listen(host, port)
    server(service).run(sockets=[door])
