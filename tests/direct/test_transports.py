"""Both transports against real servers: what they send, read, keep and close."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest
from raw_server import PATIENCE, Peer, RawServer, answers

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
BIG = 8 * 1024 * 1024


@pytest.mark.parametrize("reply", [HELLO, CHUNKED], ids=["length", "chunked"])
def test_requests_share_a_connection(stage, reply):
    with RawServer(answers(*[reply] * 5)) as server:
        texts = [stage.fetch(server.url, "POST", content=b"hi").text for _ in range(5)]
        stage.close()

    assert (texts, server.connections) == (["hello"] * 5, 1)


def test_a_request_arrives_as_it_was_given(stage):
    with RawServer(answers(HELLO)) as server:
        reply = stage.fetch(server.url + "v1?a=b", "POST", json={"a": 1}, headers={"X-A": "b"})
        stage.close()
    host = f"Host: 127.0.0.1:{server.port}"

    assert reply.content == b"hello"
    assert server.requests[0].decode().splitlines() == [
        *("POST /v1?a=b HTTP/1.1", host, "X-A: b", "Content-Length: 7"),
        *("Content-Type: application/json", "", '{"a":1}'),
    ]


def test_a_reply_tells_what_httpx_replies_tell(stage):
    with RawServer(
        answers(b"HTTP/1.1 404 Not Here\r\nX-A: b\r\nContent-Length: 0\r\n\r\n")
    ) as server:
        reply = stage.fetch(server.url)
        stage.close()

    assert (reply.status_code, reply.reason_phrase, reply.http_version) == (
        *(404, "Not Here"),
        "HTTP/1.1",
    )
    assert reply.headers.raw == [(b"X-A", b"b"), (b"Content-Length", b"0")]


def test_a_client_of_httpx_can_use_it(stage):
    made = httpx.Client if stage.mode == "sync" else httpx.AsyncClient
    client = made(transport=stage.transport, headers={"X-A": "b"}, timeout=PATIENCE)
    with RawServer(answers(HELLO, CHUNKED)) as server:
        for _ in range(2):
            got = client.post(server.url, json=[1])
            reply = got if stage.mode == "sync" else stage.run(got)
            assert reply.json if reply.text == "hello" else None
        stage.close()
        with pytest.raises(RuntimeError, match="client has been closed"):
            stage.fetch(server.url)

    assert b"X-A: b" in server.requests[1]


def test_a_reply_of_unknown_length_ends_with_its_connection(stage):
    with RawServer(answers(OK + b"\r\nhello", close=True)) as server:
        texts = [stage.fetch(server.url).text for _ in range(2)]

    assert (texts, server.connections) == (["hello"] * 2, 2)


@pytest.mark.parametrize(
    "reply",
    [
        OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        HELLO + b"and more",
    ],
    ids=["close", "HTTP/1.0", "behind"],
)
def test_a_connection_that_cannot_serve_again_is_closed(stage, reply):
    with RawServer(answers(reply)) as server:
        texts = [stage.fetch(server.url).text for _ in range(2)]
        server.join()

    assert (texts, server.connections) == (["hello"] * 2, 2)


def test_interim_replies_are_passed_over(stage):
    with RawServer(answers(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HELLO)) as server:
        reply = stage.fetch(server.url)
        stage.close()

    assert (reply.text, "link" in reply.headers) == ("hello", False)


def test_every_byte_may_come_alone(stage):
    def slow(peer: Peer) -> None:
        peer.request()
        peer.send(*(CHUNKED[at : at + 1] for at in range(len(CHUNKED))))
        peer.wait_for_end()

    with RawServer(slow) as server:
        reply = stage.fetch(server.url)
        stage.close()

    assert reply.text == "hello"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_reply_without_a_body_is_not_waited_for(stage, status):
    with RawServer(answers(*[b"HTTP/1.1 " + status + b"\r\n\r\n"] * 2)) as server:
        bodies = [stage.fetch(server.url).content for _ in range(2)]
        stage.close()

    assert (bodies, server.connections) == ([b"", b""], 1)


def test_the_reply_to_head_is_not_waited_for(stage):
    with RawServer(answers(OK + b"Content-Length: 5\r\n\r\n")) as server:
        reply = stage.fetch(server.url, "HEAD")
        stage.close()

    assert (reply.headers["Content-Length"], reply.content) == ("5", b"")


def test_a_new_connection_is_opened_where_the_server_closed_the_idle_one(stage):
    with RawServer(answers(HELLO, close=True)) as server:
        stage.fetch(server.url)
        server.join()
        texts = [stage.fetch(server.url).text]

    assert (texts, server.connections) == (["hello"], 2)


def test_what_comes_on_an_idle_connection_ends_it(stage):
    said = threading.Event()

    def chatty(peer: Peer) -> None:
        peer.request()
        peer.send(HELLO)
        said.wait(PATIENCE)
        peer.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        with suppress(OSError):  # whoever reads that may have hung up already
            peer.line.shutdown(socket.SHUT_WR)
        peer.wait_for_end()

    with RawServer(chatty, answers(HELLO)) as server:
        stage.fetch(server.url)
        said.set()
        _wait_for_news(stage)
        text = stage.fetch(server.url).text
        stage.close()

    assert (text, server.connections) == ("hello", 2)


def _wait_for_news(stage: Any) -> None:
    """Until something has come on the idle connection, of which the loop does not know yet."""
    [[(_, line)]] = stage.transport._idle._lines.values()
    while not line._is_readable():
        time.sleep(0.001)


def test_a_server_that_goes_away_gave_no_response(stage):
    with RawServer(answers(HELLO), lambda peer: peer.request() and None) as server:
        stage.fetch(server.url)
        stage.close()
        stage.open()
        with pytest.raises(httpx.RemoteProtocolError, match="without sending") as raised:
            stage.fetch(server.url)

    assert raised.value.request.url == server.url


@pytest.mark.parametrize("part", [OK, OK + b"Content-Le", HELLO[:-2], CHUNKED[:-9]])
def test_an_end_in_the_middle_is_an_error(stage, part):
    with (
        RawServer(answers(part, close=True)) as server,
        pytest.raises(httpx.RemoteProtocolError) as raised,
    ):
        stage.fetch(server.url)

    assert raised.value.request.url == server.url


@pytest.mark.parametrize(
    "reply", [b"<html>\r\n\r\n", OK + b"X-A: " + b"x" * 200_000, OK + b"X A\r\n\r\n"]
)
def test_what_is_not_http_is_an_error_and_ends_the_connection(stage, reply):
    with RawServer(answers(reply)) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            stage.fetch(server.url)
        server.join()

    assert server.connections == 1


@pytest.mark.parametrize("part", [b"", OK, HELLO[:-2]])
def test_a_connection_that_is_reset_is_a_read_error(stage, part):
    def crash(peer: Peer) -> None:
        peer.request()
        peer.send(part)
        peer.reset()

    with (
        RawServer(crash) as server,
        pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)) as raised,
    ):
        stage.fetch(server.url)

    assert raised.value.request.url == server.url


def test_a_refused_connection_is_a_connect_error_with_its_cause(stage):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(httpx.ConnectError) as raised:
            stage.fetch(f"http://127.0.0.1:{closed.getsockname()[1]}/")

    assert isinstance(raised.value.__cause__, ConnectionRefusedError)
    assert raised.value.request.method == "GET"


# The one is too long for any server of names to be asked, the other for Python to try.
@pytest.mark.parametrize("host", ["x" * 60 + ".x" * 120, "x" * 70 + ".invalid"])
def test_an_unknown_host_is_a_connect_error_with_its_cause(stage, host):
    with pytest.raises(httpx.ConnectError) as raised:
        stage.fetch(f"http://{host}/")

    assert isinstance(raised.value.__cause__, socket.gaierror | UnicodeError)


def test_a_connection_that_takes_too_long_is_a_connect_timeout(stage):
    with socket.create_server(("127.0.0.1", 0), backlog=1) as full:
        waiting = [_begun(full.getsockname()) for _ in range(4)]
        with pytest.raises(httpx.ConnectTimeout) as raised:
            stage.fetch(f"http://127.0.0.1:{full.getsockname()[1]}/", timeout={"connect": 0.05})
        for each in waiting:
            each.close()

    assert raised.value.request.method == "GET"


def _begun(address: tuple[str, int]) -> socket.socket:
    line = socket.socket()
    line.setblocking(False)
    line.connect_ex(address)
    return line


@pytest.mark.parametrize("timeout", [0.05, 0])
@pytest.mark.parametrize("part", [None, OK, HELLO[:-2]], ids=["silence", "head", "body"])
def test_a_server_that_stops_is_a_read_timeout(stage, part, timeout):
    with RawServer(answers(part) if part else Peer.wait_for_end) as server:
        with pytest.raises(httpx.ReadTimeout) as raised:
            stage.fetch(server.url, timeout={"read": timeout})
        server.join()

    assert raised.value.request.url == server.url


def test_a_timeout_of_one_request_is_not_that_of_the_next(stage):
    with RawServer(answers(HELLO, HELLO, OK)) as server:
        stage.fetch(server.url)
        stage.fetch(server.url, timeout={"read": None})
        with pytest.raises(httpx.ReadTimeout):
            stage.fetch(server.url, timeout={"read": 0.05})

    assert server.connections == 1


def test_a_server_that_does_not_read_is_a_write_timeout(stage):
    done = threading.Event()

    with RawServer(lambda peer: done.wait(PATIENCE) and None) as server:
        with pytest.raises(httpx.WriteTimeout) as raised:
            stage.fetch(server.url, "POST", content=bytes(4 * BIG), timeout={"write": 0.1})
        done.set()

    assert raised.value.request.url == server.url


def test_what_a_server_says_before_it_hangs_up_is_heard(stage):
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge"

    def refuse(peer: Peer) -> None:
        peer.line.recv(1000)
        peer.send(refusal)
        peer.line.shutdown(socket.SHUT_WR)
        peer.wait_for_end()

    with RawServer(refuse, answers(HELLO)) as server:
        reply = stage.fetch(server.url, "POST", content=bytes(BIG))
        text = stage.fetch(server.url).text
        stage.close()

    assert (reply.status_code, reply.text, text) == (413, "large", "hello")


def test_a_server_that_hangs_up_in_a_request_is_an_error(stage):
    def crash(peer: Peer) -> None:
        peer.line.recv(1000)
        peer.reset()

    with (
        RawServer(crash) as server,
        pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)) as raised,
    ):
        stage.fetch(server.url, "POST", content=bytes(BIG))

    assert raised.value.request.url == server.url


def test_large_bodies_go_both_ways(stage):
    reply = OK + b"Content-Length: %d\r\n\r\n" % BIG + bytes(BIG)
    with RawServer(answers(reply, reply)) as server:
        sizes = [len(stage.fetch(server.url, "POST", content=bytes(BIG)).content) for _ in "12"]
        stage.close()

    assert (sizes, [len(each) > BIG for each in server.requests]) == ([BIG] * 2, [True] * 2)
    assert server.connections == 1


def test_a_request_may_be_made_of_pieces(stage):
    async def later():
        for each in (b"hel", b"lo"):
            yield each

    pieces = iter([b"hel", b"lo"]) if stage.mode == "sync" else later()
    with RawServer(answers(HELLO)) as server:
        stage.fetch(server.url, "POST", content=pieces)
        stage.close()

    assert server.requests[0].endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


def test_compressed_bodies_are_left_to_httpx(stage):
    body = gzip.compress(b"hello" * 100)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with RawServer(answers(head + body)) as server:
        reply = stage.fetch(server.url)
        stage.close()

    assert reply.text == "hello" * 100


@pytest.mark.parametrize(
    ("url", "kind"),
    [("ftp://127.0.0.1/", httpx.UnsupportedProtocol), ("http:///", httpx.UnsupportedProtocol)],
)
def test_what_is_not_http_is_not_sent(stage, url, kind):
    with pytest.raises(kind) as raised:
        stage.fetch(url)

    assert raised.value.request.url == url


def test_headers_that_cannot_be_sent_open_no_connection(stage):
    with RawServer(answers(HELLO)) as server, pytest.raises(httpx.LocalProtocolError):
        stage.fetch(server.url, headers={"X-A": "a\r\nX-B: b"})

    assert server.connections == 0


def test_ipv6_is_spoken_where_the_machine_has_it(stage):
    try:
        server = RawServer(answers(HELLO), host="::1")
    except OSError:
        pytest.skip("no ::1 here")
    with server:
        text = stage.fetch(server.url).text
        stage.close()

    assert (text, b"Host: [::1]:%d" % server.port in server.requests[0]) == ("hello", True)


def test_a_closed_transport_says_so_and_may_be_closed_again(stage):
    stage.close()
    stage.close()

    with pytest.raises(RuntimeError, match="client has been closed"):
        stage.fetch("http://127.0.0.1:1/")
