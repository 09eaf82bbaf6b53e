"""A server as a program of this machine: its start, its pipes, and its end with all it started.

The transport of the `mcp` package reads lines of any length, gives the whole stderr away, and logs
a traceback for each line that is no message.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from agentkit.errors import MCPError
from agentkit.mcp.client.places import Place
from agentkit.safe.programs import environment

LONGEST = 32_000_000
"""Bytes of one message: an image in it is a third longer than it is."""

_MORE = (
    "USER LOGNAME SHELL TERM "
    "APPDATA HOMEDRIVE HOMEPATH LOCALAPPDATA PROCESSOR_ARCHITECTURE USERNAME"
)
_KEPT = 4_000  # characters of stderr that errors may show
_GRACE = 2.0  # seconds to end after its input ended, and again after SIGTERM
_POSIX = os.name == "posix"

_In = MemoryObjectSendStream[SessionMessage | Exception]
_Out = MemoryObjectReceiveStream[SessionMessage]


class Program:
    """Starts a server and carries messages to and from it.

    Args:
        place: The command.
        ended: Is called when no more messages can come.
    """

    def __init__(self, place: Place, ended: Callable[[], object]) -> None:
        self._place, self._ended = place, ended
        self._said = ""
        self._closing = self._by_itself = False
        self._process: asyncio.subprocess.Process | None = None

    @property
    def how(self) -> str:
        """How it ended, if it did so by itself."""
        code = self._process.returncode if self._process else None
        if code is None or not self._by_itself:
            return ""
        if code >= 0:
            return f"exit code {code}"
        known = {each.value: each.name for each in signal.Signals}
        return known.get(-code, f"signal {-code}")

    @property
    def said(self) -> str:
        """The end of what it wrote to its stderr."""
        return self._said.strip()

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[tuple[Any, Any], None]:
        """The messages from the server, and those to it; the server ends with the block.

        Raises:
            MCPError: It cannot be started.
        """
        self._process = process = await self._start()
        from_server: Any = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        to_server: Any = anyio.create_memory_object_stream[SessionMessage](0)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._read, process, from_server[0])
                tasks.start_soon(self._write, process, to_server[1])
                tasks.start_soon(self._listen, process)
                try:
                    yield from_server[1], to_server[0]
                finally:
                    self._closing = True
                    with anyio.CancelScope(shield=True):
                        await _end(process)
                    tasks.cancel_scope.cancel()
        finally:
            _kill(process)
            for each in (*from_server, *to_server):
                each.close()

    async def _start(self) -> asyncio.subprocess.Process:
        command, *arguments = self._place.command
        env = environment(self._place.env, _MORE)
        if os.path.basename(command) == command:
            found = shutil.which(command, path=env["PATH"])
            if found is None:
                raise MCPError(f"There is no program {command!r} on the PATH to start it with.")
            command = found
        try:
            return await asyncio.create_subprocess_exec(
                command,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST,
                cwd=self._place.cwd,
                env=env,
                start_new_session=_POSIX,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise MCPError(f"{command!r} cannot be started: {why}.") from None

    async def _read(self, process: asyncio.subprocess.Process, server: _In) -> None:
        assert process.stdout
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # nobody listens
            try:
                while line := await process.stdout.readline():
                    if (message := self._message(line)) is not None:
                        await server.send(message)
            except ValueError:
                self._say(f"\n(it sent a message of more than {LONGEST:,} bytes)")
        with anyio.move_on_after(0.5):  # how it ended shows a moment after its pipe is closed
            await process.wait()
        self._by_itself = not self._closing
        await server.aclose()
        self._ended()

    def _message(self, line: bytes) -> SessionMessage | None:
        """The message of a line; others are banners and prints, which belong on stderr."""
        try:
            return _parsed(line)
        except (ValueError, RecursionError):
            if text := line[:200].decode("utf-8", "replace").strip():
                self._say(f"\n(on stdout, and no message: {text})\n")
            return None

    async def _write(self, process: asyncio.subprocess.Process, server: _Out) -> None:
        assert process.stdin
        with suppress(OSError):  # it reads no more, and will end
            async for message in server:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(text.encode(errors="replace") + b"\n")
                await process.stdin.drain()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr
        while data := await process.stderr.read(65_536):
            self._say(data.decode("utf-8", "replace"))

    def _say(self, text: str) -> None:
        self._said = (self._said + text)[-_KEPT:]


def _parsed(line: bytes) -> SessionMessage:
    """The message of a line, also with half a surrogate pair, as of a text that was cut there."""
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        whole = json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace")
        return SessionMessage(jsonrpc_message_adapter.validate_json(whole, by_name=False))


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it as the protocol has it: its input ends, then SIGTERM, then SIGKILL."""
    assert process.stdin
    process.stdin.close()
    for name in ("SIGTERM", "SIGKILL"):
        if await _gone(process):
            return
        _signal(process, name)
    await _gone(process)


async def _gone(process: asyncio.subprocess.Process) -> bool:
    with anyio.move_on_after(_GRACE):
        # Not wait(), which also waits for pipes that children of it may hold open.
        while process.returncode is None:
            await anyio.sleep(0.005)
    return process.returncode is not None


def _kill(process: asyncio.subprocess.Process) -> None:
    """What is left to do, also where the end was not waited for."""
    # Where it has ended by itself, what it started may not have.
    _signal(process, "SIGKILL" if process.returncode is None else "SIGTERM")
    transport = getattr(process, "_transport", None)
    if transport is not None:  # else its pipes stay open as long as a child of it holds them
        with suppress(OSError):
            transport.close()


def _signal(process: asyncio.subprocess.Process, name: str) -> None:
    """Send a signal to the server and to all that it started."""
    with suppress(OSError):
        if _POSIX:
            os.killpg(process.pid, getattr(signal, name))
        else:
            process.terminate()
