"""The official client in front of our server, in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
from mcp.client.client import Client

from agentkit.mcp import MCPServer

MODES = ("legacy", "auto")
"""How clients talk: by a handshake, as until 2025, or with all that is needed in each request."""


@asynccontextmanager
async def connected(
    tools: Any, *, mode: str = "legacy", answer: Callable[[str], str] | None = None, **settings: Any
) -> AsyncIterator[Client]:
    """A client of the tools.

    Args:
        tools: The tools.
        mode: One of MODES.
        answer: What its user says to a question: accept, decline or cancel; without it the client
            has no way to ask.
        settings: Of the server.
    """

    async def ask(_: Any, asked: types.ElicitRequestParams) -> types.ElicitResult:
        said: Any = answer(asked.message) if answer else ""
        return types.ElicitResult(action=said, content={} if said == "accept" else None)

    server = MCPServer(tools, **settings).sdk_server()
    given: Any = ask if answer else None
    async with Client(server, mode=mode, elicitation_callback=given) as client:
        yield client


def text_of(result: types.CallToolResult) -> str:
    """The text of a result that is nothing but text."""
    (block,) = result.content
    assert isinstance(block, types.TextContent)
    return block.text
