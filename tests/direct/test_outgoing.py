"""Requests go out as httpx built them, or not at all."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from agentkit.direct.outgoing import Origin, encoded, origin_of, timeouts_of

URL = "http://example.org/path?q=a%20b#part"


def sent(request: httpx.Request) -> bytes:
    return b"".join(encoded(request, request.read()))


def test_a_request_goes_out_as_it_was_built():
    request = httpx.Request("POST", URL, headers=[(b"X-One", b"\xe9")], content=b"hello")

    assert sent(request) == (
        b"POST /path?q=a%20b HTTP/1.1\r\nHost: example.org\r\n"
        b"X-One: \xe9\r\nContent-Length: 5\r\n\r\nhello"
    )


@pytest.mark.parametrize(
    ("pieces", "body"), [([b"hel", b"lo"], b"5\r\nhello\r\n0\r\n\r\n"), ([], b"0\r\n\r\n")]
)
def test_a_body_of_unknown_length_is_chunked(pieces, body):
    request = httpx.Request("POST", URL, content=iter(pieces))

    assert sent(request).endswith(b"Transfer-Encoding: chunked\r\n\r\n" + body)


def test_no_body_is_no_body():
    request = httpx.Request("GET", URL)

    assert sent(request) == b"GET /path?q=a%20b HTTP/1.1\r\nHost: example.org\r\n\r\n"


@pytest.mark.parametrize("name", ["X-A\r\nX-B", "X A", "X:", "", "X\0", "Ä"])
def test_a_name_that_is_no_token_is_not_sent(name):
    with pytest.raises(httpx.LocalProtocolError):
        sent(httpx.Request("GET", URL, headers=[(name.encode("latin-1"), b"x")]))


@pytest.mark.parametrize("value", ["a\r\nX-B: b", "a\nX-B: b", "a\r", "a\0", "\x1b[0m", "\x7f"])
def test_a_value_that_breaks_the_line_is_not_sent(value):
    with pytest.raises(httpx.LocalProtocolError):
        sent(httpx.Request("GET", URL, headers={"X-A": value}))


@pytest.mark.parametrize("target", [b"/a\r\nX-B: b", b"/a b", b"/a\0", b"/ HTTP/1.1\r\n\r\nGET /b"])
def test_a_target_that_breaks_the_line_is_not_sent(target):
    class Address(httpx.URL):
        raw_path = target

    request = httpx.Request("GET", URL)
    request.url = Address(URL)

    with pytest.raises(httpx.LocalProtocolError):
        sent(request)


@pytest.mark.parametrize("method", ["GET /\r\n", "G T", "", "GÉT", "CONNECT"])
def test_a_method_that_is_none_is_not_sent(method):
    with pytest.raises(httpx.LocalProtocolError):
        sent(httpx.Request(method, URL))


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "4"},
        {"Content-Length": "6"},
        {"Content-Length": "5", "Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "gzip"},
    ],
)
def test_a_body_that_does_not_fit_its_framing_is_not_sent(headers):
    with pytest.raises(httpx.LocalProtocolError):
        sent(httpx.Request("POST", URL, headers=headers, content=b"hello"))


def test_a_body_without_framing_is_not_sent():
    request = httpx.Request("POST", URL, stream=httpx.ByteStream(b"hello"))

    with pytest.raises(httpx.LocalProtocolError):
        sent(request)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://example.org/", ("http", "example.org", 80)),
        ("https://example.org/", ("https", "example.org", 443)),
        ("https://EXAMPLE.org:8443/", ("https", "example.org", 8443)),
        ("http://[::1]:99/", ("http", "::1", 99)),
        ("http://müller.example/", ("http", "xn--mller-kva.example", 80)),
    ],
)
def test_the_origin_is_where_the_address_leads(url, origin):
    assert origin_of(httpx.URL(url)) == Origin(*origin)


@pytest.mark.parametrize("url", ["ftp://example.org/", "/path", "http:///path", "httpx://a"])
def test_what_is_no_address_of_http_is_unsupported(url):
    with pytest.raises(httpx.UnsupportedProtocol):
        origin_of(httpx.URL(url))


@pytest.mark.parametrize(
    ("extensions", "timeouts"),
    [
        ({}, (None, None, None, None)),
        ({"timeout": None}, (None, None, None, None)),
        ({"timeout": {"read": 2.0, "pool": None}}, (None, 2.0, None, None)),
        ({"timeout": httpx.Timeout(3.0).as_dict()}, (3.0, 3.0, 3.0, 3.0)),
    ],
)
def test_a_timeout_that_is_not_given_is_none(extensions: dict[str, Any], timeouts):
    assert timeouts_of(httpx.Request("GET", URL, extensions=extensions)) == timeouts
