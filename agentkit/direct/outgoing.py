"""A request as it goes over the wire, and where it goes. No I/O."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import httpx

_TOKEN = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_TEXT = bytes({*range(256)} - {*range(0x20), 0x7F} | {0x09})  # all but control characters
_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where a connection leads to."""

    scheme: str
    host: str
    port: int


class Timeouts(NamedTuple):
    """Seconds to wait at each step of a request; None is for ever."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None


def origin_of(url: httpx.URL) -> Origin:
    """Where requests to an address go.

    Raises:
        httpx.UnsupportedProtocol: It is not an address of HTTP.
    """
    scheme, host = url.scheme, url.raw_host
    if scheme not in _PORTS or not host:
        raise httpx.UnsupportedProtocol(f"No request can be sent to {scheme or '(no scheme)'}://.")
    return Origin(scheme, host.decode("ascii"), url.port or _PORTS[scheme])


def timeouts_of(request: httpx.Request) -> Timeouts:
    """What httpx says about waiting."""
    given = request.extensions.get("timeout") or {}
    return Timeouts(given.get("connect"), given.get("read"), given.get("write"), given.get("pool"))


def encoded(request: httpx.Request, body: bytes) -> tuple[bytes, bytes]:
    """The head and the body, framed as the headers say.

    Raises:
        httpx.LocalProtocolError: Something in it would make another request of it.
    """
    method, target = request.method.encode("ascii", "replace"), request.url.raw_path
    headers = request.headers.raw
    lines = [b"%b: %b" % header for header in headers]
    head = b"%b %b HTTP/1.1\r\n%b\r\n\r\n" % (method, target, b"\r\n".join(lines))
    # Line breaks are counted: one in a header would make two headers of it.
    are_lines = head.translate(None, _TEXT) == b"\r\n" * (len(lines) + 2)
    are_named = _is_token(method) and all([_is_token(name) for name, _ in headers])
    if not are_lines or not are_named or b" " in target:
        raise httpx.LocalProtocolError(
            "A header or the address has characters that cannot be sent."
        )
    if request.method == "CONNECT":
        raise httpx.LocalProtocolError("This transport opens no tunnels.")
    return head, _framed(head.lower(), body)


@lru_cache
def _is_token(name: bytes) -> bool:
    """Whether it is a method or the name of a header."""
    return bool(_TOKEN.fullmatch(name))


def _framed(head: bytes, body: bytes) -> bytes:
    has_length = b"\r\ncontent-length:" in head
    if b"\r\ntransfer-encoding:" in head:
        if has_length or b"\r\ntransfer-encoding: chunked\r\n" not in head:
            raise httpx.LocalProtocolError("The headers frame the body in an unknown way.")
        return (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    if (has_length or body) and b"\r\ncontent-length: %d\r\n" % len(body) not in head:
        raise httpx.LocalProtocolError("Content-Length is not the length of the body.")
    return body
