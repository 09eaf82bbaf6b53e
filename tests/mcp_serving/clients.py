"""The official client in front of our server, in one process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any

import mcp_types as types
from mcp.client.client import Client

from agentkit.mcp import MCPServer

MODES = ("legacy", "auto")
"""How clients talk: by a handshake, as until 2025, or with all that is needed in each request."""


@asynccontextmanager
async def connected(
    tools: Any, *, mode: str = "legacy", answer: Callable[[str], Any] | None = None, **settings: Any
) -> AsyncIterator[Client]:
    """A client of the tools.

    Args:
        tools: The tools.
        mode: One of MODES.
        answer: What its user says to a question: accept, decline or cancel, which may have to be
            awaited; without it the client has no way to ask.
        settings: Of the server.
    """

    async def ask(_: Any, asked: types.ElicitRequestParams) -> types.ElicitResult:
        said: Any = answer(asked.message) if answer else ""
        said = await said if isawaitable(said) else said
        return types.ElicitResult(action=said, content={} if said == "accept" else None)

    server = MCPServer(tools, **settings).sdk_server()
    given: Any = ask if answer else None
    async with Client(server, mode=mode, elicitation_callback=given) as client:
        yield client


async def heard_all(heard: Sequence[Any], count: int) -> None:
    """Wait until so much was heard: the client tells of progress in its own time."""
    end = time.monotonic() + 20
    while len(heard) < count and time.monotonic() < end:
        await asyncio.sleep(0.002)


def text_of(result: types.CallToolResult) -> str:
    """The text of a result that is nothing but text."""
    (block,) = result.content
    assert isinstance(block, types.TextContent)
    return block.text
