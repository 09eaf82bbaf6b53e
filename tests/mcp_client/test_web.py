"""Servers at an address: what is sent to them, and what they may send."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agentkit.errors import MCPError
from agentkit.mcp import mcp
from agentkit.mcp.client import program, web
from agentkit.testing import call

TOOLS = [
    {"name": name, "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": name != "do"}}
    for name in ("greet", "do", "vast", "packed")
]


class Server(ThreadingHTTPServer):
    """Speaks streamable HTTP in its simplest form: a JSON reply to each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []  # methods, and headers
        self.refusal: tuple[int, dict[str, str]] | None = None
        self.session, self.unknown = 1, 404
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/mcp"

    def methods(self) -> list[str]:
        return [each for each, _ in self.asked]

    def stop(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        method = message.get("method", "")
        self.server.asked.append((method, {k.lower(): v for k, v in self.headers.items()}))
        if self.server.refusal:
            status, headers = self.server.refusal
            return self.reply(b"", status, headers)
        known = self.headers.get("mcp-session-id")
        if known not in (None, str(self.server.session)):
            return self.reply(b"", self.server.unknown, {})
        if "id" not in message:
            return self.reply(b"", 202, {})
        given = self.result(method, message.get("params", {}))
        error = {"code": -32601, "message": "Method not found"}
        body = {"jsonrpc": "2.0", "id": message["id"]} | (
            {"result": given} if given else {"error": error}
        )
        headers = {"content-type": "application/json", "mcp-session-id": str(self.server.session)}
        data = json.dumps(body).encode()
        if message.get("params", {}).get("name") == "packed":
            data, headers = gzip.compress(data), headers | {"content-encoding": "gzip"}
        return self.reply(data, 200, headers)

    def result(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        if method == "initialize":
            info = {"name": "web", "version": "1"}
            return {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": info,
            }
        if method == "tools/list":
            return {"tools": TOOLS}
        if method == "tools/call":
            text = "x" * 300_000 if params["name"] == "vast" else params["name"]
            return {"content": [{"type": "text", "text": text}]}
        return None

    def do_GET(self) -> None:
        self.reply(b"", 405, {})

    do_DELETE = do_GET  # noqa: N815 - so it is called

    def reply(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


def test_headers_go_with_each_request_and_show_nowhere(server: Server):
    with mcp(server.url, headers={"Authorization": "Bearer hush-hush"}, pins=False) as box:
        assert box.call(call("greet")).content == "greet"
        assert "hush" not in repr(box)

    assert {headers["authorization"] for _, headers in server.asked} == {"Bearer hush-hush"}


def test_no_header_follows_a_redirect_to_another_place(server: Server):
    other = Server()
    try:
        server.refusal = 307, {"Location": other.url}
        with pytest.raises(MCPError, match="not followed"):
            list(mcp(server.url, headers={"Authorization": "Bearer hush-hush"}, pins=False))
    finally:
        other.stop()

    assert other.asked == []


@pytest.mark.parametrize(
    ("status", "told"), [(401, "it wants to know who asks; give it headers="), (500, "HTTP 500")]
)
def test_a_refusal_says_with_what_and_what_to_do(server: Server, status: int, told: str):
    server.refusal = status, {}

    with pytest.raises(MCPError) as raised:
        list(mcp(server.url, headers={"X-Key": "hush-hush"}, pins=False))

    assert told in str(raised.value)
    assert "hush" not in str(raised.value)


def test_nobody_at_the_address_is_told_of():
    server = Server()
    server.stop()

    with pytest.raises(MCPError, match=r"127\.0\.0\.1 cannot be used: ConnectError"):
        list(mcp(server.url, pins=False))


@pytest.mark.parametrize("status", [404, 400])
def test_a_server_that_was_begun_anew_is_asked_again(server: Server, status: int):
    server.unknown = status
    with mcp(server.url, pins=False) as box:
        assert box.call(call("do")).content == "do"
        server.session += 1

        assert box.call(call("do")).content == "do"

    assert server.methods().count("initialize") == 2


def test_a_server_that_went_away_is_connected_again_at_the_next_call(server: Server):
    box = mcp(server.url, pins=False)
    assert box.call(call("do")).content == "do"
    server.refusal = 307, {"Location": "http://127.0.0.1:1/"}
    assert "not followed" in box.call(call("do")).content
    server.refusal = None

    assert box.call(call("do")).content == "do"
    box.close()


def test_a_reply_that_is_too_long_is_an_error_of_that_call(server: Server, monkeypatch):
    monkeypatch.setattr(web, "LONGEST", 100_000)
    with mcp(server.url, pins=False) as box:
        assert "it sent more than 100,000 bytes" in box.call(call("vast")).content
        assert box.call(call("greet")).content == "greet"
    assert program.LONGEST > 100_000


def test_a_reply_that_is_compressed_though_nobody_asked_is_refused(server: Server):
    with mcp(server.url, pins=False) as box:
        assert "it compresses what it was asked not to" in box.call(call("packed")).content
    assert {headers["accept-encoding"] for _, headers in server.asked} == {"identity"}
