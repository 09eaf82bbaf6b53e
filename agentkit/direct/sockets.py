"""What both kinds of connection need of sockets and TLS."""

from __future__ import annotations

import os
import select
import ssl
from collections.abc import Callable
from functools import cache

import httpx

AT_ONCE = 64 * 1024
"""Bytes that are sent, or taken, together."""

_SIMPLE = (500, 100, 1000)  # connections: unknown, at least, at most


def when_readable(file: int) -> Callable[[], bool]:
    """Asks whether something has come in, or the end; without waiting."""
    if not hasattr(select, "poll"):  # Windows
        return lambda: bool(select.select([file], [], [], 0)[0])
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return lambda: bool(poll.poll(0))


def most_connections() -> int:
    """How many a process may open to servers: half of the files that it may have open."""
    unknown, least, most = _SIMPLE
    try:
        import resource
    except ImportError:  # Windows
        return unknown
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return most
    return max(least, min(most, files // 2))


def prepared(context: ssl.SSLContext | None) -> ssl.SSLContext:
    """A TLS context that offers only what is spoken here; the usual one if none is given.

    It is prepared for each connection, as httpx does: an HTTP/2 client may share the context.
    """
    if context is None:
        context = _usual(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    context.set_alpn_protocols(["http/1.1"])
    return context


@cache
def _usual(file: str | None, folder: str | None) -> ssl.SSLContext:
    """httpx's own, once for what it looks at in the environment: it takes 20 ms to make."""
    return httpx.create_ssl_context()
