"""Bodies that come in pieces: read as they come, given back at their end, cut before it."""

from __future__ import annotations

import asyncio
import gc
import select
import threading
import time

import httpx
import pytest
from raw_server import PATIENCE, Peer, RawServer, answers

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


class Paced:
    """A server that says each piece when the test wants it to."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self._turns = threading.Semaphore(0)

    def go_on(self) -> None:
        self._turns.release()

    def __call__(self, peer: Peer) -> None:
        peer.request()
        for piece in self._pieces:
            assert self._turns.acquire(timeout=PATIENCE)
            peer.send(piece)
        answers(HELLO, HELLO)(peer)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("head", [CHUNKED, CHUNKED + chunk(b"zero")], ids=["head", "and piece"])
def test_each_piece_is_given_as_it_comes(stage, head):
    paced = Paced(head, chunk(b"one"), chunk(b"two"), END)
    with RawServer(paced) as server:
        paced.go_on()
        reply = stage.send(server.url)
        pieces, got = stage.pieces(reply), []
        if head is not CHUNKED:
            got.append(next(pieces))
        for _ in range(2):
            paced.go_on()
            got.append(next(pieces))
        paced.go_on()
        got += pieces
        stage.close()

    assert got == [b"zero", b"one", b"two"][-len(got) :]


def test_what_came_at_once_is_one_piece(stage):
    events = b"".join(chunk(b"data: %d\n\n" % at) for at in range(5000))
    with RawServer(answers(CHUNKED + events + END)) as server:
        reply = stage.send(server.url)
        pieces = list(stage.pieces(reply))
        stage.close()

    assert b"".join(pieces) == b"".join(b"data: %d\n\n" % at for at in range(5000))
    assert len(pieces) < 500


def test_a_reply_that_was_read_to_its_end_gives_its_connection_back(stage):
    paced = Paced(CHUNKED + chunk(b"one"), END)
    with RawServer(paced) as server:
        paced.go_on()
        reply = stage.send(server.url)
        paced.go_on()
        first = stage.read(reply)
        stage.end(reply)
        texts = [first, stage.fetch(server.url).content]
        stage.close()

    assert (texts, server.connections) == ([b"one", b"hello"], 1)


def test_the_last_piece_gives_the_connection_back_even_if_nobody_reads_on(stage):
    paced = Paced(CHUNKED, chunk(b"one") + END)
    with RawServer(paced) as server:
        paced.go_on()
        reply = stage.send(server.url)
        paced.go_on()
        pieces = stage.pieces(reply)
        first, text = next(pieces), stage.fetch(server.url).text
        stage.end(reply)
        again = stage.fetch(server.url).text
        stage.close()

    assert (first, text, again, server.connections) == (b"one", "hello", "hello", 1)


def test_closing_before_the_end_closes_the_connection_and_reads_no_further(stage):
    paced = Paced(CHUNKED + chunk(b"one"))
    with RawServer(paced, answers(HELLO)) as server:
        paced.go_on()
        reply = stage.send(server.url)
        pieces = stage.pieces(reply)
        first = next(pieces)
        stage.end(reply)
        stage.end(reply)
        texts = [first, stage.fetch(server.url).content]
        stage.close()

    assert (texts, server.connections) == ([b"one", b"hello"], 2)


def test_reading_on_after_closing_is_refused(stage):
    paced = Paced(CHUNKED + chunk(b"one"))
    with RawServer(paced) as server:
        paced.go_on()
        reply = stage.send(server.url)
        pieces = stage.pieces(reply)
        next(pieces)
        stage.end(reply)

        with pytest.raises(httpx.StreamClosed):
            next(pieces)


def test_a_reply_that_is_closed_unread_closes_its_connection(stage):
    paced = Paced(CHUNKED)
    with RawServer(paced) as server:
        paced.go_on()
        stage.end(stage.send(server.url))
        server.join()

    assert server.connections == 1


def test_the_socket_can_be_had_while_the_reply_has_it(stage):
    paced = Paced(CHUNKED, chunk(b"one") + END)
    with RawServer(paced) as server:
        paced.go_on()
        reply = stage.send(server.url)
        line = reply.extensions["network_stream"]
        during = [line.get_extra_info(each) for each in ("socket", "server_addr", "client_addr")]
        port = during[0].getsockname()[1]
        paced.go_on()
        stage.read(reply)
        stage.close()

    assert (during[1][1], during[2][1]) == (server.port, port)
    assert [line.get_extra_info(each) for each in ("socket", "server_addr")] == [None, None]


def test_the_socket_cannot_be_had_of_a_reply_that_came_whole(stage):
    with RawServer(answers(HELLO)) as server:
        line = stage.send(server.url).extensions["network_stream"]
        stage.close()

    assert line.get_extra_info("socket") is None


def test_an_error_in_a_body_names_its_request(stage):
    paced = Paced(CHUNKED)
    with RawServer(paced) as server:
        paced.go_on()
        reply = stage.send(server.url)
        reply.stream._timeout = 0.05  # the head may take its time
        with pytest.raises(httpx.ReadTimeout) as raised:
            list(stage.pieces(reply))
        server.join()

    assert raised.value.request.url == server.url


def test_the_read_timeout_counts_from_one_piece_to_the_next(stage):
    paced = Paced(CHUNKED, *(chunk(b"%d" % at) for at in range(8)))
    with RawServer(paced) as server:
        paced.go_on()
        reply = stage.send(server.url)
        reply.stream._timeout = 0.05  # less than all of it takes
        line = reply.extensions["network_stream"].get_extra_info("socket")
        pieces, got = stage.pieces(reply), b""
        for _ in range(8):
            paced.go_on()
            assert select.select([line], [], [], PATIENCE)[0]  # it is there when it is asked for
            time.sleep(0.01)
            got += next(pieces)
        stage.end(reply)

    assert got == b"01234567"


class Flood:
    """A server that says a great deal, and counts what it could say."""

    def __init__(self, size: int) -> None:
        self.size, self.said = size, 0

    def __call__(self, peer: Peer) -> None:
        peer.request()
        peer.send(OK + b"Content-Length: %d\r\n\r\n" % self.size)
        piece = bytes(1 << 20)
        while self.said < self.size:
            peer.send(piece)
            self.said += len(piece)
        peer.wait_for_end()


def test_a_slow_reader_slows_the_server_down(stage):
    flood = Flood(256 << 20)
    with RawServer(flood) as server:
        reply = stage.send(server.url)
        pieces = stage.pieces(reply)
        read = len(next(pieces))
        for _ in range(50):
            read += len(next(pieces))
        stage.end(reply)

    assert read < 64 << 20
    assert flood.said < 128 << 20


@pytest.mark.parametrize("begun", [True, False])
def test_an_abandoned_reply_closes_its_connection(stage, begun):
    paced = Paced(CHUNKED + chunk(b"one"))
    with RawServer(paced) as server:
        paced.go_on()
        reply = stage.send(server.url)
        pieces = stage.pieces(reply)
        if begun:
            next(pieces)
        del pieces, reply
        gc.collect()
        if stage.mode == "async":
            stage.run(asyncio.sleep(0.01))
        server.join()

    assert server.connections == 1
