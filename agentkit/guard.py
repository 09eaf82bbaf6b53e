"""Who may talk to a server of ours: who has a key, and no web page of somebody else.

A browser lets any page send requests to this machine, and by DNS rebinding also under a name of the
page's own. What gives such requests away is their `Host` and their `Origin`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agentkit.errors import ConfigError

_BACKLOG = 2_048  # connections that wait to be accepted
_HEAD = 65_536  # bytes of the head of a request
_PATIENCE = 20.0  # seconds for it


class Keys:
    """The keys that a server takes; it holds their digests alone.

    Args:
        keys: The keys: visible ASCII characters, at least 8.

    Raises:
        ConfigError: One of them is none.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        given = tuple(keys)
        if not all(len(key) >= 8 and key.isascii() and key.isprintable() for key in given):
            raise ConfigError("A key is at least 8 visible ASCII characters.")
        if any(" " in key for key in given):
            raise ConfigError("A key has no blanks in it.")
        self._digests = tuple(dict.fromkeys(map(_digest, given)))

    @classmethod
    def read(cls, file: str | os.PathLike[str] | None, variable: str) -> Keys:
        """The keys of a file, one a line, and of an environment variable, with commas between.

        The variable is gone then: no tool, and no program that one starts, is to find it.

        Args:
            file: The file, if any; lines that begin with # are comments.
            variable: The variable's name.

        Raises:
            ConfigError: The file cannot be read or holds none, or one is no key.
        """
        found = [key.strip() for key in os.environ.pop(variable, "").split(",")]
        if file is not None:
            try:
                lines = Path(file).read_text(encoding="utf-8").splitlines()
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or "it is no text"
                raise ConfigError(
                    f"The keys in {os.fspath(file)!r} cannot be read: {why}."
                ) from None
            in_file = [key for line in lines if (key := line.strip()) and not key.startswith("#")]
            if not in_file:
                raise ConfigError(f"There is no key in {os.fspath(file)!r}.")
            found += in_file
        return cls(filter(None, found))

    def __len__(self) -> int:
        return len(self._digests)

    def __repr__(self) -> str:
        return f"Keys({len(self)})"

    def allow(self, given: str) -> bool:
        """Whether it is one of the keys, in a time that does not tell how near it is to one."""
        digest = _digest(given)
        return any([compare_digest(digest, each) for each in self._digests])  # each, not the first

    def allow_header(self, authorization: str) -> bool:
        """Whether an `Authorization` header brings one of the keys, as `Bearer KEY`."""
        kind, _, key = authorization.strip().partition(" ")
        return kind.lower() == "bearer" and self.allow(key.strip())


@dataclass(frozen=True, slots=True)
class Guard:
    """Tells requests that a web page of somebody else made a browser send.

    Args:
        any_host: Whether any `Host` will do, as where there are keys, which no such page has.
        hosts: Names that `Host` may have beside those of this machine, with or without a port.
        origins: Pages that may send requests, such as `https://chat.example`.
    """

    any_host: bool = False
    hosts: Collection[str] = ()
    origins: Collection[str] = ()

    def __post_init__(self) -> None:
        hosts = frozenset(each.lower() for each in self.hosts)
        origins = frozenset(each.lower().rstrip("/") for each in self.origins)
        object.__setattr__(self, "hosts", hosts)
        object.__setattr__(self, "origins", origins)

    def refusal(self, host: str, origin: str) -> str:
        """Why a request is refused; nothing where it is not.

        Args:
            host: Its header `Host`.
            origin: Its header `Origin`; "" where it has none.
        """
        name = _host_name(host)
        if not self.any_host and not (
            is_here(name) or {name, host.lower()}.intersection(self.hosts)
        ):
            return "This server is not known by that name: its Host header is refused."
        own = host and _place(origin) == host.lower()
        if origin and not own and origin.lower().rstrip("/") not in self.origins:
            return "Requests of web pages from elsewhere are refused."
        return ""


def is_here(host: str) -> bool:
    """Whether a name or number always means this machine."""
    with suppress(ValueError):
        return ip_address(host.strip("[]")).is_loopback
    return host.lower().rstrip(".") == "localhost"


def check_reach(host: str, keys: Keys, *, no_key: bool) -> None:
    """Refuse to serve other machines without a key, unless that is meant.

    Raises:
        ConfigError: So it would be.
    """
    if not (is_here(host) or keys or no_key):
        raise ConfigError(
            f"Whoever reaches {host or 'this machine'} could use this server, as it has no key. "
            "Give it one with --key-file, keep it to this machine with 127.0.0.1, or say --no-key."
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes one that is free.

    Raises:
        ConfigError: It cannot listen there.
    """
    if not 0 <= port < 65_536:
        raise ConfigError(f"Nothing can be served at port {port}: a port is a number up to 65535.")
    try:
        place = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
        return socket.create_server((str(place[4][0]), port), family=place[0], backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"Nothing can be served at {host}, port {port}: {why}.") from None


def address_of(host: str, door: socket.socket) -> str:
    """The address under which a socket that listens at a host is reached."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{door.getsockname()[1]}"


def served_by_uvicorn(app: Any, **settings: Any) -> Any:
    """A configuration of uvicorn's: no log of its own, no web sockets, and `impatient`.

    Args:
        app: The ASGI application.
        settings: More of uvicorn's.
    """
    import uvicorn

    ours = {
        "lifespan": "on",
        "log_config": None,  # what is logged, and where, is the program's own
        "access_log": False,
        "ws": "none",
        "server_header": False,
    }
    config = uvicorn.Config(app, **{**ours, **settings})
    config.load()
    config.http_protocol_class = impatient(config.http_protocol_class)
    return config


def impatient(protocol: Any) -> Any:
    """A protocol of uvicorn's, which waits for no head of a request for ever, nor reads any length.

    Args:
        protocol: The class.
    """

    class Impatient(protocol):  # type: ignore[misc]
        _late: asyncio.TimerHandle | None = None
        _length = 0  # of the head so far

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_waiting()
                return
            self._length += len(data)
            if self._length > _HEAD:
                self.transport.close()
            elif self._late is None:
                self._wait()

        def connection_lost(self, error: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(error)

        def _wait(self) -> None:
            self._late = self.loop.call_later(_PATIENCE, self.transport.close)

        def _stop_waiting(self) -> None:
            if self._late is not None:
                self._late.cancel()
            self._late, self._length = None, 0

    return Impatient


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


def _host_name(host: str) -> str:
    """A `Host` header without its port."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


def _place(origin: str) -> str | None:
    """Host and port of an origin, if it is one."""
    with suppress(ValueError):
        return urlsplit(origin.lower()).netloc or None
    return None
