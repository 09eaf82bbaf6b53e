"""The ASGI application: who gets in, and how it is mounted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from agentkit import tool
from agentkit.guard import listen
from agentkit.mcp import MCPServer
from agentkit.mcp.serving.server import _serve

KEY = "a-key-for-the-tests"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@tool
def hello() -> str:
    """Say hello."""
    return "hello"


async def _status(headers: dict[str, str], **given: Any) -> int:
    inner = MCPServer(hello).http_app(path="/", **given)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with inner.router.lifespan_context(inner):
            yield

    app = Starlette(routes=[Mount("/mcp", inner)], lifespan=lifespan)
    accept = {"Accept": "application/json, text/event-stream"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000"
        ) as ask,
    ):
        reply = await ask.post("/mcp/", json=HELLO, headers={**accept, **headers})
        if reply.status_code >= 400:
            assert KEY not in reply.text
            assert reply.json()["error"]["code"] == -32600
        return reply.status_code


@pytest.mark.parametrize(
    ("headers", "given", "status"),
    [
        ({}, {}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, {}, 200),
        ({"Host": "evil.example"}, {}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, {}, 403),
        ({"Origin": "http://evil.example"}, {}, 403),
        ({"Host": "ours.example"}, {"hosts": ["OURS.example"]}, 200),
        ({"Host": "ours.example"}, {"any_host": True}, 200),
        ({"Origin": "https://chat.example"}, {"origins": ["https://chat.example/"]}, 200),
        ({}, {"keys": [KEY]}, 401),
        ({"Authorization": f"Bearer {KEY}x"}, {"keys": [KEY]}, 401),
        ({"Authorization": f"Bearer {KEY}"}, {"keys": [KEY]}, 200),
        ({"Authorization": f"Bearer {KEY}", "Host": "any.example"}, {"keys": [KEY]}, 200),
        ({"Authorization": f"Bearer {KEY}", "Origin": "http://evil.example"}, {"keys": [KEY]}, 403),
    ],
)
def test_who_may_come_in(headers: dict[str, str], given: dict[str, Any], status: int) -> None:
    assert asyncio.run(_status(headers, **given)) == status


def test_a_head_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentkit.guard._PATIENCE", 0.2)

    async def ask(door: socket.socket) -> bytes:
        serving = asyncio.ensure_future(_serve(MCPServer(hello).http_app(), door))
        reader, writer = await asyncio.open_connection(*door.getsockname())
        writer.write(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        serving.cancel()
        await asyncio.wait((serving,))
        return answer

    with listen("127.0.0.1", 0) as door:
        assert asyncio.run(ask(door)) == b""
