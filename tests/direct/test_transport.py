"""The transport for threads: shared by many, and by the garbage collector."""

from __future__ import annotations

import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from raw_server import PATIENCE, Peer, RawServer, answers

from agentkit.direct import DirectTransport, transport

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


@pytest.fixture
def sender(parser, monkeypatch: pytest.MonkeyPatch) -> DirectTransport:
    monkeypatch.setattr(transport, "parser_class", lambda name: parser)
    return DirectTransport()


def fetch(sender: DirectTransport, url: str, **given: Any) -> str:
    reply = sender.handle_request(httpx.Request("POST", url, **given))
    reply.read()
    return reply.text


def echo(peer: Peer) -> None:
    """Says what it was told, now whole and now in chunks."""
    while request := peer.request():
        body = request.partition(b"\r\n\r\n")[2]
        if int(body) % 2:
            peer.send(OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        else:
            peer.send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
            peer.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))


def test_fifty_threads_share_it_and_each_gets_its_own_reply(sender):
    numbers = [str(number) for number in range(1000)]
    with RawServer(echo) as server, ThreadPoolExecutor(50) as threads:
        got = list(threads.map(lambda each: fetch(sender, server.url, content=each), numbers))
        sender.close()

    assert got == numbers
    assert server.connections <= 50


def test_replies_may_be_abandoned_in_the_middle_of_anything(sender):
    """The garbage collector closes them, in whichever thread it runs."""

    def halves(peer: Peer) -> None:
        while peer.request():
            peer.send(OK + b"Content-Length: 10\r\n\r\nhello")

    def work(number: int) -> str:
        pieces: Any = iter(sender.handle_request(httpx.Request("GET", halved.url)).stream)
        next(pieces)
        ring = [pieces]
        ring.append(ring)
        del pieces, ring
        return fetch(sender, server.url, content=str(number))

    threshold = gc.get_threshold()
    gc.set_threshold(20)
    try:
        with RawServer(halves) as halved, RawServer(echo) as server:
            with ThreadPoolExecutor(8) as threads:
                got = list(threads.map(work, range(100)))
            halved.collect_until_closed()
            sender.close()
    finally:
        gc.set_threshold(*threshold)

    assert got == [str(number) for number in range(100)]


def test_a_reply_that_is_read_while_the_transport_closes_is_read_to_its_end(sender):
    turn = threading.Event()

    def slow(peer: Peer) -> None:
        peer.request()
        peer.send(OK + b"Content-Length: 5\r\n\r\n")
        assert turn.wait(PATIENCE)
        peer.send(b"hello")
        peer.wait_for_end()

    with RawServer(slow) as server:
        reply = sender.handle_request(httpx.Request("GET", server.url))
        sender.close()
        turn.set()
        text = reply.read()
        server.join()

    assert text == b"hello"


def test_an_interrupt_closes_the_connection(sender, monkeypatch):
    def interrupt(*_: object) -> bytes:
        assert arrived.wait(PATIENCE)
        raise KeyboardInterrupt

    def stall(peer: Peer) -> None:
        peer.request()
        arrived.set()
        peer.wait_for_end()

    arrived = threading.Event()
    with RawServer(stall) as server:
        monkeypatch.setattr(transport.Line, "read", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch(sender, server.url)
        server.join()

    assert server.connections == 1


def test_closing_leaves_nothing_for_the_garbage_collector(sender):
    with warnings.catch_warnings(record=True) as caught, RawServer(answers(HELLO)) as server:
        warnings.simplefilter("always")
        fetch(sender, server.url)
        with pytest.raises(httpx.ConnectError):
            fetch(sender, "http://127.0.0.1:1/")
        sender.close()
        del sender
        gc.collect()

    assert [str(each.message) for each in caught] == []
