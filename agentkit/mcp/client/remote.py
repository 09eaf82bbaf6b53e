"""A server at the other end: connected when it is needed, and again after it ended."""

from __future__ import annotations

import asyncio
import atexit
import os
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from mcp.shared.exceptions import MCPError as ProtocolError
from mcp_types import CallToolResult

from agentkit.errors import MCPError, ToolError
from agentkit.mcp.client.answers import Answers, Elicit
from agentkit.mcp.client.cleaning import clean
from agentkit.mcp.client.connection import Connection, Lost, Tell
from agentkit.mcp.client.places import Place
from agentkit.mcp.client.spoken import Listing
from agentkit.workers import connection_loop, on_connection_loop, renew_in_children

_LONGEST_PAUSE = 60.0  # seconds between two starts of a server that fails again and again
_CLOSING = 8.0  # seconds for all servers to end with the process
_SHOWN = 1_000  # characters of a server's error


class Remote:
    """One server.

    Args:
        place: Where it is.
        start: Seconds to start and to list its tools.
        timeout: Seconds for a call; None for no limit.
        elicit: See `Answers`.
        roots: See `Answers`.
    """

    def __init__(
        self,
        place: Place,
        *,
        start: float,
        timeout: float | None,
        elicit: Elicit | None,
        roots: Sequence[Path],
    ) -> None:
        self.place = place
        self._answers = partial(Answers, elicit, roots)
        self._start, self._timeout = start, timeout
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin without a connection: a forked child must leave its parent's alone."""
        self._connection: Connection | None = None
        self._settings = self._answers(), self._start, self._timeout
        self._lock = asyncio.Lock()
        self._failures, self._next, self._why = 0, 0.0, ""
        self._closed = False
        self._finalizer: weakref.finalize[Any, Any] = weakref.finalize(self, _nothing)
        self._finalizer.atexit = False

    @property
    def listing(self) -> Listing | None:
        """The tools as the server last listed them; None before the first time."""
        return self._connection.listing if self._connection else None

    def begin(self) -> Future[Listing]:
        """Connect, if it is not connected, and give the tools; an MCPError if that cannot be."""
        return on_connection_loop(self._listed())

    def ask(self) -> Listing:
        """`begin`, and wait.

        Raises:
            MCPError: It cannot be connected.
        """
        future = self.begin()
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def _listed(self) -> Listing:
        return (await self._connected()).listing or ()

    async def call(
        self, name: str, arguments: dict[str, Any], tell: Tell, *, safe: bool
    ) -> CallToolResult:
        """Call a tool, from whatever loop.

        Args:
            name: The tool, as the server calls it.
            arguments: Its arguments.
            tell: Is told its progress.
            safe: Whether it may be called again where nobody knows whether it ran.

        Raises:
            ToolError: There is no result; it says why.
        """
        return await asyncio.wrap_future(
            on_connection_loop(self._called(name, arguments, tell, safe))
        )

    async def end(self) -> None:
        """End the server, on the loop for connections; calls are refused from then on."""
        self._closed = True
        if self._connection:
            await self._connection.closed()

    async def _connected(self) -> Connection:
        async with self._lock:
            if self._closed:
                raise MCPError(f"The MCP server {self.place.name} was closed.")
            connection = self._connection
            if connection is None or connection.has_ended:
                if (pause := self._next - time.monotonic()) > 0:
                    raise MCPError(f"It is started again in {pause:.0f} seconds. {self._why}")
                connection = self._connection = Connection(self.place, *self._settings)
                _open.add(connection)
                self._finalizer.detach()
                self._finalizer = weakref.finalize(self, _forget, os.getpid(), connection)
                self._finalizer.atexit = False
            try:
                await connection.opened()
            except MCPError as error:
                self._failed(str(error))
                raise
            return connection

    def _failed(self, why: str) -> None:
        """Wait longer each time before the next start; the first one is at once."""
        self._why, self._failures = why, self._failures + 1
        pause = 2.0 ** (self._failures - 2) if self._failures > 1 else 0.0
        self._next = time.monotonic() + min(pause, _LONGEST_PAUSE)

    async def _called(
        self, name: str, arguments: dict[str, Any], tell: Tell, safe: bool
    ) -> CallToolResult:
        result = await self._once(name, arguments, tell, safe)
        if result is None:
            result = await self._once(name, arguments, tell, None)
        assert result is not None  # a second time it is that or an error
        self._failures = 0
        return result

    async def _once(
        self, name: str, arguments: dict[str, Any], tell: Tell, safe: bool | None
    ) -> CallToolResult | None:
        """The result, or None where the call is to be made again; `safe` is None if it may not."""
        try:
            connection = await self._connected()
        except MCPError as error:
            raise ToolError(str(error)) from None
        try:
            return await connection.call(name, arguments, tell)
        except Lost:
            self._failed(connection.told("ended"))
            if safe is not None and (safe or connection.never_sent):
                return None
            more = f"Whether {name} did something is not known. The next call starts it again."
            raise ToolError(connection.told("ended in the middle of the call", more)) from None
        except TimeoutError:
            self._failures = 0
            raise ToolError(
                f"{name} did not finish within {self._timeout:g} seconds, and was cancelled."
            ) from None
        except ProtocolError as error:
            if safe is not None and connection.is_forgotten(error):
                await connection.closed()
                return None
            raise self._refusal(connection, name, str(error)) from None
        except Exception as error:  # what comes of a result that makes no sense
            raise self._refusal(connection, name, str(error).partition("\n")[0]) from None

    def _refusal(self, connection: Connection, name: str, why: str) -> ToolError:
        return ToolError(connection.hidden(f"{name} failed: {clean(why, _SHOWN)}"))


_open: weakref.WeakSet[Connection] = weakref.WeakSet()


def _nothing() -> None:
    """There is nothing to end yet."""


def _forget(pid: int, connection: Connection) -> None:
    """End the connection of a server that nobody has any more."""
    if pid == os.getpid():
        with suppress(RuntimeError):  # the loop has ended with the interpreter
            connection_loop().call_soon_threadsafe(connection.stop)


@atexit.register
def _close_all() -> None:
    mine = [each for each in _open if each.pid == os.getpid() and not each.has_ended]
    closing = [on_connection_loop(each.closed()) for each in mine]
    end = time.monotonic() + _CLOSING
    for each in closing:
        with suppress(Exception):
            each.result(max(0.0, end - time.monotonic()))
