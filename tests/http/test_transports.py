"""Clients, proxies, certificates and mocks of one's own, with each transport."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from conftest import KEY
from http2_server import HTTP2Server
from model_server import ModelServer

from agentkit import Agent, HTTPInterface, tool
from agentkit.direct import AsyncDirectTransport, DirectTransport
from agentkit.errors import ConnectError
from agentkit.testing import call


@tool(read_only=True)
def look(at: int) -> int:
    """Looks."""
    return at


def output_of(
    mode: str, address: str, *tools: Any, stream: bool = False, http2: bool = False, **own: Any
) -> Any:
    """What an agent answers; its connections, and your own client, are closed behind it."""
    interface = HTTPInterface("groq", api_key=KEY, base_url=address, http2=http2, **own)
    agent = Agent(list(tools), interface, options={"stream": True} if stream else {})
    if mode == "sync":
        with closing(own.get("client") or interface):
            return agent.run("Go.").output

    async def main() -> Any:
        try:
            return (await agent.arun("Go.")).output
        finally:
            await (own.get("async_client") or interface).aclose()

    return asyncio.run(main())


def client_of(mode: str, transport: str, **given: Any) -> dict[str, Any]:
    """A client of one's own over the transport, as the setting that it is given with."""
    if mode == "sync":
        own = httpx.HTTPTransport() if transport == "httpx" else DirectTransport(parser=transport)
        return {"client": httpx.Client(transport=own, **given)}
    is_usual = transport == "httpx"
    aown = httpx.AsyncHTTPTransport() if is_usual else AsyncDirectTransport(parser=transport)
    return {"async_client": httpx.AsyncClient(transport=aown, **given)}


def test_hooks_of_a_client_of_yours_see_all(server, transport, mode, stream):
    """Also one that reads the whole reply, as logging does."""
    seen: list[Any] = []
    requests: Any = lambda request: seen.append(request.method)  # noqa: E731

    def replies(reply: httpx.Response) -> None:
        seen.append(len(reply.read()) > 0)

    async def arequests(request: httpx.Request) -> None:
        requests(request)

    async def areplies(reply: httpx.Response) -> None:
        seen.append(len(await reply.aread()) > 0)

    hooks = [requests, replies] if mode == "sync" else [arequests, areplies]
    server.script(call("look", at=1), "Done.")
    given = client_of(
        mode, transport, event_hooks={"request": hooks[:1], "response": hooks[1:]}, timeout=20
    )

    assert output_of(mode, server.url, look, stream=stream, **given) == "Done."
    assert seen == ["POST", True, "POST", True]


def test_a_mock_in_a_client_of_yours_answers(mode, stream):
    body = {"choices": [{"message": {"role": "assistant", "content": "Mocked."}}]}
    mock = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    made: Any = httpx.Client if mode == "sync" else httpx.AsyncClient
    own = {"client" if mode == "sync" else "async_client": made(transport=mock)}

    assert output_of(mode, "https://api.example.com", stream=stream, **own) == "Mocked."


class _Proxy(BaseHTTPRequestHandler):
    """Sends on what it gets with a whole address, as a proxy for http does."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = urlsplit(self.path)
        onwards = http.client.HTTPConnection(str(target.hostname), target.port)
        onwards.request("POST", target.path, body, dict(self.headers))
        reply = onwards.getresponse()
        content = reply.read()
        onwards.close()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *given: Any) -> None:
        """Nothing."""


@pytest.fixture
def proxy() -> Iterator[Any]:
    running: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    running.seen = []
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_proxy_of_the_environment_is_used(server, proxy, mode, stream, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    server.script(call("look", at=1), "Done.")

    assert output_of(mode, server.url, look, stream=stream) == "Done."
    assert proxy.seen == [f"{server.url}/chat/completions"] * 2


def test_a_proxy_that_is_not_for_the_server_is_not_used(server, proxy, mode, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server.script("Done.")

    assert output_of(mode, server.url) == "Done."
    assert proxy.seen == []


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path, monkeypatch) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@pytest.mark.usefixtures("lingering")
def test_certificates_of_the_environment_are_believed(tls, trusted, mode, stream):
    with ModelServer(tls) as server:
        server.script(call("look", at=1), "Done.")

        assert output_of(mode, server.url, look, stream=stream) == "Done."
        assert server.connections == 1


def test_others_are_not(tls, mode):
    untrusted = pytest.raises(ConnectError, match="certificate or proxy")
    with ModelServer(tls) as server, untrusted as refused:
        output_of(mode, server.url)
    assert not refused.value.retryable


def test_http2_is_spoken_where_it_is_asked_for(tls, trusted, mode, transport):
    """Whatever transport is chosen, because only httpx's own speaks it."""
    body = {"choices": [{"message": {"role": "assistant", "content": "By two."}}]}
    with HTTP2Server(tls, json.dumps(body).encode()) as server:
        assert output_of(mode, server.url, http2=True) == "By two."
    assert server.versions == ["h2"]
    assert json.loads(server.received[0])["messages"][0]["content"] == "Go."
