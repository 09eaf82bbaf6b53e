"""What sends requests: chosen by what is needed and installed, and the same to the server."""

from __future__ import annotations

import asyncio
import base64
import sys
from contextlib import closing
from typing import Any

import httpx
import pytest
from model_server import ModelServer

from agentkit import ConfigError, HTTPInterface, Request, UserMessage
from agentkit.senders import VARIABLE, AsyncClientSender, ClientSender, async_sender, sender
from agentkit.senders.direct import AsyncDirectSender, DirectSender

TIMEOUT = httpx.Timeout(5.0)
ASK = Request(messages=(UserMessage("Hello."),))
KINDS = ("httptools", "h11", "httpx")


def chosen(**given: Any) -> tuple[type, type]:
    """The kinds of senders, sync and awaited."""
    made = sender(TIMEOUT, http2=given.get("http2", False))
    made.close()

    async def awaited() -> type:
        one = async_sender(TIMEOUT, http2=given.get("http2", False))
        await one.aclose()
        return type(one)

    return type(made), asyncio.run(awaited())


DIRECT = (DirectSender, AsyncDirectSender)
CLIENT = (ClientSender, AsyncClientSender)


def test_the_lean_transport_is_the_usual_one():
    assert chosen() == DIRECT


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_in_the_environment_needs_a_client(monkeypatch, name):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert chosen() == CLIENT


@pytest.mark.parametrize("where", ["*", "localhost, *"])
def test_a_proxy_for_nothing_needs_none(monkeypatch, where):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", where)

    assert chosen() == DIRECT


def test_http2_needs_a_client():
    assert chosen(http2=True) == CLIENT


@pytest.mark.parametrize(("wanted", "kinds"), [*zip(KINDS, (DIRECT, DIRECT, CLIENT), strict=True)])
def test_the_environment_chooses(monkeypatch, wanted, kinds):
    monkeypatch.setenv(VARIABLE, wanted)

    assert chosen() == kinds


def test_a_name_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv(VARIABLE, "curl")
    with pytest.raises(ConfigError, match=f"{VARIABLE} is one of httptools, h11, httpx, not 'cu"):
        sender(TIMEOUT, http2=False)


@pytest.fixture
def without(monkeypatch):
    """Takes packages away."""

    def take(*names: str) -> None:
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    return take


def test_one_that_is_not_installed_says_how_to_get_it(monkeypatch, without):
    without("httptools", "agentkit.direct.by_httptools")
    monkeypatch.setenv(VARIABLE, "httptools")
    with pytest.raises(ConfigError, match=r'AGENTKIT_TRANSPORT=httptools .* "agentkit\[fast\]"'):
        sender(TIMEOUT, http2=False)


def test_without_a_parser_httpx_does_all(without):
    without("httptools", "h11", "agentkit.direct.by_httptools", "agentkit.direct.by_h11")

    assert chosen() == CLIENT


def test_http2_without_its_package_says_how_to_get_it(without):
    without("h2")
    with pytest.raises(ConfigError, match=r'HTTP/2 needs .* "agentkit\[http2\]"'):
        HTTPInterface("groq", http2=True)


@pytest.mark.parametrize("client", [httpx.Client(), httpx.AsyncClient()])
def test_http2_is_a_matter_of_a_client_of_your_own(client):
    given: dict[str, Any] = {
        "client" if isinstance(client, httpx.Client) else "async_client": client
    }
    with pytest.raises(ConfigError, match="http2 is a setting of your own client"):
        HTTPInterface("groq", http2=True, **given)


@pytest.mark.parametrize("kind", KINDS)
def test_all_send_the_same_headers(monkeypatch, kind):
    """As httpx's client has them, with what stands in the address as a login."""
    monkeypatch.setenv(VARIABLE, kind)
    with ModelServer() as server:
        server.script("Hi.", "Hi.")
        address = server.url.replace("http://", "http://ada:s3cret@")
        made = HTTPInterface("groq", api_key="gsk_1", base_url=address, extra_headers={"X-A": "1"})
        with closing(made):
            made.send(ASK)

        async def awaited() -> None:
            await made.asend(ASK)
            await made.aclose()

        asyncio.run(awaited())
        server.check()

    for seen in server.requests:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        assert headers["authorization"] == f"Basic {base64.b64encode(b'ada:s3cret').decode()}"
        assert headers["accept"] == "*/*"
        assert headers["accept-encoding"] == httpx.Client().headers["accept-encoding"]
        assert headers["connection"] == "keep-alive"
        assert headers["content-type"] == "application/json"
        assert (headers["x-a"], headers["user-agent"].split("/")[0]) == ("1", "agentkit")
        assert headers["host"] == f"127.0.0.1:{server.url.split(':')[2].split('/')[0]}"
        assert len(headers) == 9
