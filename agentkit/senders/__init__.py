"""What sends requests: an httpx client, or a transport without what a client does for each of them.

All are asked in the same way: `stream` opens a `Reply`.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from urllib.request import getproxies

import httpx

from agentkit.errors import ConfigError
from agentkit.senders.client import AsyncClientSender, ClientSender
from agentkit.senders.reply import AsyncSender, Reply, Sender

__all__ = [
    "VARIABLE",
    "AsyncClientSender",
    "AsyncSender",
    "ClientSender",
    "Reply",
    "Sender",
    "async_sender",
    "sender",
]

VARIABLE = "AGENTKIT_TRANSPORT"
"""The environment variable that chooses what sends requests: `httptools`, `h11` or `httpx`."""

_KINDS = ("httptools", "h11", "httpx")
_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=20)


def sender(timeout: httpx.Timeout, *, http2: bool) -> Sender:
    """The leanest sender that is installed and does what is needed.

    Raises:
        ConfigError: AGENTKIT_TRANSPORT names none, or one that is not installed.
    """
    if _needs_client(http2):
        return ClientSender(httpx.Client(timeout=timeout, limits=_KEPT, http2=http2))
    from agentkit.senders.direct import DirectSender

    return DirectSender(timeout, _wanted())


def async_sender(timeout: httpx.Timeout, *, http2: bool) -> AsyncSender:
    """`sender` for the awaited requests of one event loop."""
    if _needs_client(http2):
        return AsyncClientSender(httpx.AsyncClient(timeout=timeout, limits=_KEPT, http2=http2))
    from agentkit.senders.direct import AsyncDirectSender

    return AsyncDirectSender(timeout, _wanted())


def _needs_client(http2: bool) -> bool:
    """Whether only httpx's own client will do: for HTTP/2, a proxy, or because it is wanted."""
    if http2 or _wanted() == "httpx":
        return True
    found = getproxies()
    everywhere = "*" in [each.strip() for each in found.get("no", "").split(",")]
    if any(found.get(scheme) for scheme in ("http", "https", "all")) and not everywhere:
        return True
    return not any(map(find_spec, _KINDS[:2]))


def _wanted() -> str:
    wanted = os.environ.get(VARIABLE, "").strip()
    if wanted not in ("", *_KINDS):
        raise ConfigError(f"{VARIABLE} is one of {', '.join(_KINDS)}, not {wanted!r}.")
    if wanted and not find_spec(wanted):
        raise ConfigError(f'{VARIABLE}={wanted} needs the package: pip install "agentkit[fast]"')
    return wanted
