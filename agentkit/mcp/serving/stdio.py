"""The line of an MCP server over stdin and stdout.

The `mcp` package has one too. Ours ends at once when it is told to, as no thread that it waits for
sits in a read; it bounds the length of a message, and answers one that it cannot read.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.shared.message import SessionMessage

from agentkit.errors import ConfigError
from agentkit.workers import in_thread_awaited

LONGEST = 4 * 1024 * 1024
"""Bytes of a message, as over HTTP."""

_CHUNK = 65_536  # bytes
_LAST = 2.0  # seconds in which the last messages can be written

Reading = MemoryObjectSendStream[SessionMessage | Exception]
Writing = MemoryObjectSendStream[SessionMessage]


@dataclass(frozen=True, slots=True)
class Wire:
    """The descriptors that lead to the client, which nothing else in the process has."""

    read: int
    write: int


@contextmanager
def wire() -> Iterator[Wire]:
    """Take stdin and stdout for the protocol alone.

    What tools and their programs print goes to stderr from here on, and their stdin is empty.

    Raises:
        ConfigError: There is no stdin or stdout.
    """
    try:
        found = Wire(os.dup(0), os.dup(1))
    except OSError:
        raise ConfigError("An MCP client talks over stdin and stdout, and one is closed.") from None
    _divert(0, os.open(os.devnull, os.O_RDONLY))
    _divert(1, _stderr())
    try:
        yield found
    finally:
        with suppress(Exception):
            sys.stdout.flush()
        os.dup2(found.read, 0)
        os.dup2(found.write, 1)


def _divert(descriptor: int, other: int) -> None:
    with suppress(Exception):
        sys.stdout.flush()
    os.dup2(other, descriptor)
    os.close(other)


def _stderr() -> int:
    try:
        return os.dup(2)
    except OSError:  # it is closed
        return os.open(os.devnull, os.O_WRONLY)


async def serve(server: Server[Any], line: Wire) -> None:
    """Serve the client at the other end until its messages end or it reads no more."""
    read_in, read_out = anyio.create_memory_object_stream[SessionMessage | Exception]()
    write_in, write_out = anyio.create_memory_object_stream[SessionMessage]()
    async with anyio.create_task_group() as tasks:
        written, reading = anyio.Event(), anyio.CancelScope()

        async def read() -> None:
            with reading:
                await _read(line.read, read_in, write_in.clone())

        async def write() -> None:
            try:
                await _write(line.write, write_out)
            except OSError:  # the client is gone
                tasks.cancel_scope.cancel()
            finally:
                written.set()

        tasks.start_soon(write)
        tasks.start_soon(read)
        try:
            await server.run(read_out, write_in, server.create_initialization_options())
        finally:
            reading.cancel()
            with anyio.move_on_after(_LAST, shield=True):
                await written.wait()
            tasks.cancel_scope.cancel()


async def _read(descriptor: int, read_in: Reading, write_in: Writing) -> None:
    async with read_in, write_in:
        async for line in _lines(descriptor):
            if not line.strip():
                continue
            try:
                message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                await write_in.send(SessionMessage(_unread(line)))
            else:
                await read_in.send(SessionMessage(message))


async def _lines(descriptor: int) -> AsyncIterator[bytes]:
    """The lines; of one that is too long only so much that it is seen to be."""
    line = bytearray()
    while chunk := await in_thread_awaited(_read_chunk, descriptor):
        first, *others = chunk.split(b"\n")
        line += first
        for other in others:
            yield bytes(line)
            line = bytearray(other)
        del line[LONGEST + 1 :]
    yield bytes(line)


def _read_chunk(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:  # as of a terminal that went away
        return b""


def _unread(line: bytes) -> types.JSONRPCError:
    """The answer to what is no message."""
    if len(line) > LONGEST:
        return _error(None, types.INVALID_REQUEST, f"A message has {LONGEST:,} bytes at most.")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return _error(None, types.PARSE_ERROR, "A message is one line of JSON.")
    found = value.get("id") if isinstance(value, dict) else None
    known = found if isinstance(found, str | int) and not isinstance(found, bool) else None
    return _error(known, types.INVALID_REQUEST, "This is no message of JSON-RPC 2.0.")


def _error(known: str | int | None, code: int, text: str) -> types.JSONRPCError:
    error = types.ErrorData(code=code, message=text)
    return types.JSONRPCError(jsonrpc="2.0", id=known, error=error)


async def _write(descriptor: int, messages: MemoryObjectReceiveStream[SessionMessage]) -> None:
    async with messages:
        async for each in messages:
            text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
            await in_thread_awaited(_write_all, descriptor, text.encode() + b"\n")


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
