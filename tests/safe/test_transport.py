"""Guarded transports under httpx's own clients."""

import asyncio
import gzip

import httpx
import pytest
from web_server import Answer, WebServer

from agentkit import ToolError
from agentkit.safe import AsyncGuardedTransport, Guard, GuardedTransport


@pytest.fixture
def web():
    with WebServer(
        {"/": "hello", "/go": Answer(status=302, headers={"Location": "http://10.0.0.1/"})}
    ) as server:
        yield server


@pytest.fixture
def guard(web):
    return Guard(
        networks=["127.0.0.1/32"], ports=[web.port, 80], resolve=lambda host, port: ["127.0.0.1"]
    )


def got(guard, url, **settings):
    with httpx.Client(
        transport=GuardedTransport(guard, **settings), follow_redirects=True
    ) as client:
        return client.get(url).text


def agot(guard, url, **settings):
    async def get():
        transport = AsyncGuardedTransport(guard, **settings)
        async with httpx.AsyncClient(transport=transport, follow_redirects=True) as client:
            return (await client.get(url)).text

    return asyncio.run(get())


both = pytest.mark.parametrize("get", [got, agot], ids=["sync", "async"])


@both
def test_a_client_reaches_what_is_allowed(web, guard, get):
    assert get(guard, web.url(host="example.com")) == "hello"


@both
@pytest.mark.parametrize("path", ["/go", "@evil"])
def test_a_client_is_held_back_also_from_redirects(web, guard, get, path):
    url = web.url("/go") if path == "/go" else "http://10.0.0.1/"

    with pytest.raises(ToolError, match="not a public address"):
        get(guard, url)


@both
def test_bodies_are_capped_for_a_client_too(web, guard, get):
    web.answers["/z"] = Answer(
        gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"}
    )

    with pytest.raises(ToolError, match="larger than 50,000 bytes"):
        get(guard, web.url("/z"), max_bytes=50_000)


@both
def test_time_is_capped_for_a_client_too(web, guard, get):
    web.answers["/slow"] = Answer([b"begun"], stall=True)

    with pytest.raises(ToolError, match=r"longer than 0\.2 seconds"):
        get(guard, web.url("/slow"), seconds=0.2)


def test_a_client_may_send_a_body(web, guard):
    with httpx.Client(transport=GuardedTransport(guard)) as client:
        response = client.post(web.url(), json={"a": 1})

    assert response.status_code == 200
    assert web.asked[0][1]["content-length"] == "7"


def test_a_client_streams_a_response_that_is_large(web, guard):
    web.answers["/big"] = Answer(b"x" * 100_000 for _ in range(20))

    async def read():
        async with (
            httpx.AsyncClient(transport=AsyncGuardedTransport(guard)) as client,
            client.stream("GET", web.url("/big")) as response,
        ):
            return sum([len(chunk) async for chunk in response.aiter_bytes()])

    assert asyncio.run(read()) == 2_000_000


def test_the_sync_transport_works_on_a_running_loop_too(web, guard):
    async def read():
        return got(guard, web.url())

    assert asyncio.run(read()) == "hello"


def test_a_connection_is_never_used_for_another_name_of_the_same_address(web, guard):
    with httpx.Client(transport=GuardedTransport(guard)) as client:
        client.get(web.url(host="one.example"))
        client.get(web.url(host="two.example"))

    assert [headers["host"].split(":")[0] for _, headers in web.asked] == [
        "one.example",
        "two.example",
    ]


def test_a_host_that_breaks_off_is_an_error_of_httpx(web, guard):
    web.answers["/cut"] = Answer(raw=[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"])

    with pytest.raises(httpx.TransportError):
        got(guard, web.url("/cut"))
