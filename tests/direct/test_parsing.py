"""Both parsers read a reply alike, however its bytes come."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import NamedTuple

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.direct.parsing import Head, Parser, parser_class

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = OK + b"Content-Length: 5\r\n\r\nhello"


class Understood(NamedTuple):
    head: Head | None
    body: bytes
    reusable: bool


def understood(kind: type[Parser], *pieces: bytes, method: str = "POST") -> Understood:
    """What a parser makes of pieces, and of the end behind them if it waits for more."""
    parser, body = kind(method), b""
    for piece in (*pieces, b""):
        if not parser.complete:
            parser.feed(piece)
            body += parser.take()
    assert parser.complete
    return Understood(parser.head, body, parser.reusable)


def bytewise(reply: bytes) -> list[bytes]:
    return [reply[at : at + 1] for at in range(len(reply))]


GOOD = {
    "length": (WHOLE, b"hello", True),
    "nothing": (OK + b"Content-Length: 0\r\n\r\n", b"", True),
    "chunked": (CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello", True),
    "spaces": (CHUNKED + b"5  \r\nhello\r\n0\r\n\r\n", b"hello", True),
    "trailers": (CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Too: 2\r\n\r\n", b"hello", True),
    "until the end": (OK + b"\r\nhello", b"hello", False),
    "close": (OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", True),
    "100": (b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, b"hello", True),
    "103": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + WHOLE, b"hello", True),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", b"hello", True),
    "line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", b"hello", True),
    "both framings": (
        OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"hello",
        True,
    ),
    "offered upgrade": (
        OK + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello",
        b"hello",
        True,
    ),
}


@pytest.mark.parametrize("split", [lambda reply: [reply], bytewise], ids=["whole", "bytewise"])
@pytest.mark.parametrize("name", GOOD)
def test_a_reply_is_read_however_it_comes(parser, name, split):
    reply, body, reusable = GOOD[name]

    assert understood(parser, *split(reply))[1:] == (body, reusable)


def test_the_head_is_as_the_server_wrote_it(parser):
    head = b"HTTP/1.1 404 Not Here\r\nX-One: 1\r\nx-two:\r\nX-One:  a b \t\r\nContent-Length: 0\r\n\r\n"

    assert understood(parser, head).head == Head(
        404,
        b"Not Here",
        [(b"X-One", b"1"), (b"x-two", b""), (b"X-One", b"a b"), (b"Content-Length", b"0")],
        b"HTTP/1.1",
    )


def test_interim_replies_leave_nothing_behind(parser):
    head = understood(parser, *bytewise(GOOD["103"][0])).head

    assert head == Head(200, b"OK", [(b"Content-Length", b"5")], b"HTTP/1.1")


def test_trailers_are_no_headers(parser):
    head = understood(parser, *bytewise(GOOD["trailers"][0])).head

    assert head is not None
    assert head.headers == [(b"Transfer-Encoding", b"chunked")]


@pytest.mark.parametrize("split", [lambda reply: [reply], bytewise], ids=["whole", "bytewise"])
def test_the_reply_to_head_has_no_body(parser, split):
    got = understood(parser, *split(OK + b"Content-Length: 5\r\n\r\n"), method="HEAD")

    assert (got.head is not None, got.body) == (True, b"")


BAD = {
    "no HTTP": b"<html>hello</html>\r\n\r\n",
    "TLS": b"\x15\x03\x03\x00\x02\x02\x50",
    "another protocol": b"ICY 200 OK\r\n\r\n",
    "short status": b"HTTP/1.1 20 OK\r\n\r\n",
    "low status": b"HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello",
    "space in name": OK + b"X A: b\r\n\r\n",
    "space behind name": OK + b"X-A : b\r\n\r\n",
    "no name": OK + b": b\r\n\r\n",
    "NUL": OK + b"X-A: \0\r\n\r\n",
    "CR": OK + b"X-A: a\rb\r\n\r\n",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "negative length": OK + b"Content-Length: -5\r\n\r\nhello",
    "huge length": OK + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
    "bad size": CHUNKED + b"xx\r\nhello\r\n0\r\n\r\n",
    "bad chunk": CHUNKED + b"3\r\nhelloooooo",
    "switch": b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "unsaid switch": b"HTTP/1.1 101 Switching\r\n\r\n",
}


@pytest.mark.parametrize("split", [lambda reply: [reply], bytewise], ids=["whole", "bytewise"])
@pytest.mark.parametrize("name", BAD)
def test_what_is_malformed_is_refused(parser, name, split):
    with pytest.raises(httpx.RemoteProtocolError, match=r".+"):
        understood(parser, *split(BAD[name]))


CUT = {"length": WHOLE[:-1], "chunk": CHUNKED + b"5\r\nhell", "chunks": CHUNKED + b"5\r\nhello\r\n"}


@pytest.mark.parametrize("name", CUT)
def test_an_early_end_is_an_error_behind_what_came(parser, name):
    reading = parser("POST")
    reading.feed(CUT[name])

    assert reading.take().startswith(b"hell")
    with pytest.raises(httpx.RemoteProtocolError, match=r"complete message body|unexpectedly"):
        reading.feed(b"")


@pytest.mark.parametrize("begin", [b"", b"HTT", OK, b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_end_before_the_head_is_no_reply(parser, begin):
    reading = parser("POST")
    if begin:
        reading.feed(begin)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        reading.feed(b"")


@pytest.mark.parametrize("behind", [b"x", WHOLE, b"\0", OK])
@pytest.mark.parametrize("name", ["length", "chunked", "close"])
def test_what_stands_behind_a_reply_harms_the_connection_only(parser, name, behind):
    reply, body, _ = GOOD[name]
    head = understood(parser, reply).head

    assert understood(parser, reply + behind) == (head, body, False)


ENDLESS = {
    "line": b"HTTP/1.1 200 " + b"x" * 5000,
    "header": OK + b"X-A: " + b"x" * 5000,
    "headers": OK + b"X-A: b\r\n" * 800,
    "interim replies": b"HTTP/1.1 102 Processing\r\n\r\n" * 200,
    "trailer": CHUNKED + b"0\r\nX-A: " + b"x" * 5000,
    "chunk size": CHUNKED + b"5;" + b"x" * 5000,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_shows_a_body_is_not_read_for_ever(parser, name):
    begin, more = ENDLESS[name], ENDLESS[name][-2600:]
    reading = parser("POST")
    reading.feed(begin)

    def go_on() -> None:
        for _ in range(50):
            reading.feed(more)

    with pytest.raises(httpx.RemoteProtocolError):
        go_on()


def test_large_heads_are_read(parser):
    cookies = b"".join(b"Set-Cookie: %d=%b\r\n" % (at, b"x" * 500) for at in range(100))
    head = understood(parser, OK + cookies + b"Content-Length: 0\r\n\r\n").head

    assert head is not None
    assert len(head.headers) == 101


NAMES = st.from_regex(rb"X-[A-Za-z0-9]{1,8}", fullmatch=True)
VALUES = st.from_regex(rb"([!-~]([ -~]{0,10}[!-~])?)?", fullmatch=True)
BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    headers = b"".join(b"%b: %b\r\n" % each for each in draw(st.lists(st.tuples(NAMES, VALUES))))
    head = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    head += b"HTTP/1.1 %d Reason\r\n%b" % (draw(st.sampled_from([200, 201, 400, 500])), headers)
    chunks = draw(BODIES)
    body = b"".join(chunks)
    framing = draw(st.sampled_from(["length", "chunked", "end"]))
    if framing == "length":
        return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    if framing == "end":
        return head + b"\r\n" + body
    spelled = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in chunks)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + spelled + b"0\r\n\r\n"


@st.composite
def split_replies(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    reply = draw(replies())
    cuts = sorted(draw(st.sets(st.integers(1, len(reply) - 1), max_size=12)))
    return reply, [reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)]


@given(split_replies())
def test_any_split_gives_the_same_reply_with_either_parser(split):
    reply, pieces = split
    httptools = pytest.importorskip("agentkit.direct.by_httptools").HttptoolsParser
    h11 = pytest.importorskip("agentkit.direct.by_h11").H11Parser

    assert understood(h11, reply) == understood(httptools, reply)
    assert understood(h11, *pieces) == understood(h11, reply)
    assert understood(httptools, *pieces) == understood(httptools, reply)


@given(split_replies(), st.integers(0, 1000), st.binary(min_size=1, max_size=3))
def test_what_is_damaged_is_read_or_refused_and_nothing_else(split, at, damage):
    reply, _ = split
    at %= len(reply)
    for name, kind in (("httptools", "HttptoolsParser"), ("h11", "H11Parser")):
        parser = getattr(pytest.importorskip(f"agentkit.direct.by_{name}"), kind)
        with contextlib.suppress(httpx.RemoteProtocolError):
            understood(parser, reply[:at] + damage + reply[at + len(damage) :])


def _chosen(missing: str) -> str:
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({missing.split()!r}))\n"
        "import agentkit.direct\n"
        "assert not {'h11', 'httptools'} & {k for k, v in sys.modules.items() if v}\n"
        "print(agentkit.direct.DirectTransport()._parser.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1].partition(":")[0]


def test_the_parser_in_c_is_chosen_where_it_is_installed():
    pytest.importorskip("httptools")

    assert _chosen("") == "HttptoolsParser"


def test_h11_is_chosen_elsewhere():
    assert _chosen("httptools") == "H11Parser"


def test_without_either_there_is_no_transport():
    assert _chosen("httptools h11").endswith("Error")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "agentkit.direct.by_httptools", None)
        patch.setitem(sys.modules, "agentkit.direct.by_h11", None)
        with pytest.raises(ImportError):
            parser_class()
