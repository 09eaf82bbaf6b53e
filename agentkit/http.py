"""Interfaces over HTTP, on httpx."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Any

import httpx
from pydantic import SecretStr

from agentkit.catalog import Page
from agentkit.catalog import page as page_named
from agentkit.errors import ConfigError, ConnectError, InterfaceError, RequestTimeoutError, closest
from agentkit.interface import Interface
from agentkit.messages import Delta, Request, Response
from agentkit.redact import SHORTEST, redact
from agentkit.settings import aliases_for, read_settings
from agentkit.wire import Dialect, StreamDecoder, decode, encode, status_error

_CONNECT = 5.0  # seconds; the rest of the time-out is for the model to think
_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class HTTPInterface(Interface):
    """A server that speaks chat completions.

    Args:
        page: The interface's name in the catalog, or a page of your own.
        api_key: The key; if not given, the environment variable that the page names.
        base_url: The address up to `/chat/completions`; if not given, the page's.
        aliases: Models by alias, over the page's, the files' and the environment's.
        dialect: `functions` or `tools`; if not given, the page's.
        timeout: Seconds to wait for the server at each step of a request.
        client: Your own client, for proxies, certificates and the like; you close it.
        async_client: The same for the awaited methods.

    Raises:
        ConfigError: There is no such page.
    """

    def __init__(
        self,
        page: Page | str = "groq",
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        aliases: Mapping[str, str] | None = None,
        dialect: Dialect | None = None,
        timeout: float = 60.0,
        client: httpx.Client | None = None,
        async_client: httpx.AsyncClient | None = None,
    ) -> None:
        self.page = page_named(page) if isinstance(page, str) else page
        self.name = self.page.name
        settings = read_settings()
        own = dict(aliases or {})
        self.aliases = {**aliases_for(self.name, self.page.aliases, settings), **own}
        address = base_url or os.environ.get(self.page.base_url_variable) or self.page.base_url
        self._url = f"{address.rstrip('/')}/chat/completions"
        given = api_key or os.environ.get(self.page.key_variable, "")
        self._key = SecretStr(given.strip())  # a key read from a file ends in a newline
        self._dialect: Dialect = dialect or self.page.dialect
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, _CONNECT))
        self._client = client
        self._async_client = async_client
        self._own: httpx.Client | None = None
        self._lock = Lock()
        # One client for each event loop, because connections belong to the loop that made them.
        self._own_async: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}

    def send(self, request: Request) -> Response:
        """Send a request and wait for the whole response."""
        if request.options.get("stream"):
            return _whole(list(self.stream(request)))
        with self._translated():
            reply = self._sync().post(self._url, **self._parts(request, stream=False))
            return self._decoded(reply)

    async def asend(self, request: Request) -> Response:
        """`send`, awaited."""
        if request.options.get("stream"):
            return _whole([piece async for piece in self.astream(request)])
        with self._translated():
            reply = await self._async().post(self._url, **self._parts(request, stream=False))
            return self._decoded(reply)

    def stream(self, request: Request) -> Iterator[Delta | Response]:
        """Send a request and yield the pieces as they come, last the whole response."""
        parts = self._parts(request, stream=True)
        with self._translated(), self._sync().stream("POST", self._url, **parts) as reply:
            if not _is_stream(reply):
                reply.read()
                yield self._decoded(reply)
                return
            decoder = StreamDecoder(self._hide)
            for chunk in reply.iter_bytes():
                yield from decoder.feed(chunk)
            yield decoder.response()

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Response, None]:
        """`stream`, awaited."""
        parts = self._parts(request, stream=True)
        with self._translated():
            async with self._async().stream("POST", self._url, **parts) as reply:
                if not _is_stream(reply):
                    await reply.aread()
                    yield self._decoded(reply)
                    return
                decoder = StreamDecoder(self._hide)
                async for chunk in reply.aiter_bytes():
                    for delta in decoder.feed(chunk):
                        yield delta
                yield decoder.response()

    def check(self, request: Request) -> None:
        """Refuse, before anything is sent, what this interface cannot take."""
        self.page.check_options(request.options)
        self.model(request.model)
        key = self._key.get_secret_value()
        if not key:
            raise ConfigError(
                f"{self.name} needs a key: set {self.page.key_variable}. {self.page.key['steps']} "
                f"{self.page.key['address']}"
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigError(f"The key of {self.name} has blanks or signs that no key has.")

    def model(self, name: str) -> str:
        """The full name behind an alias; a full name stays as it is.

        Raises:
            ConfigError: It looks like an alias, and there is none of that name.
        """
        if not name or name in self.aliases:
            return self.aliases.get(name or "default", "")
        if hint := closest(name, self.aliases):
            raise ConfigError(
                f"{self.name} has no alias {name!r}.{hint} Its aliases are: "
                f"{', '.join(self.aliases)}; or give a model's full name."
            )
        return name

    def close(self) -> None:
        """Close the connections of the sync methods; a client of your own stays open."""
        if self._own is not None:
            self._own.close()
            self._own = None

    async def aclose(self) -> None:
        """Close the connections of the awaited methods in this event loop."""
        client = self._own_async.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def __repr__(self) -> str:
        return f"HTTPInterface({self.name!r})"

    def _place(self) -> str:
        """The address without what may be secret in it."""
        return self._url.rpartition("@")[2].partition("?")[0]

    def _sync(self) -> httpx.Client:
        if self._client is not None:
            return self._client
        with self._lock:  # threads that share an interface share its connections
            if self._own is None:
                self._own = httpx.Client(timeout=self._timeout, limits=_KEPT)
            return self._own

    def _async(self) -> httpx.AsyncClient:
        if self._async_client is not None:
            return self._async_client
        loop = asyncio.get_running_loop()
        if loop not in self._own_async:
            for ended in [each for each in self._own_async if each.is_closed()]:
                del self._own_async[ended]
            self._own_async[loop] = httpx.AsyncClient(timeout=self._timeout, limits=_KEPT)
        return self._own_async[loop]

    def _parts(self, request: Request, *, stream: bool) -> dict[str, Any]:
        self.check(request)
        model = self.model(request.model)
        body = encode(request, model=model, dialect=self._dialect, stream=stream)
        headers = {
            "Authorization": f"Bearer {self._key.get_secret_value()}",
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,  # Groq's edge refuses some libraries' own
        }
        return {"content": body, "headers": headers}

    def _decoded(self, reply: httpx.Response) -> Response:
        body = self._hide(reply.content.decode("utf-8", "replace")).encode()
        if reply.is_success:
            return decode(body)
        error = status_error(reply.status_code, body, reply.headers.get("retry-after"))
        if reply.status_code in (401, 403):
            error.args = (f"{error} Check {self.page.key_variable}: {self.page.key['address']}",)
        if reply.has_redirect_location:
            error.args = (f"{error} (it redirects to {reply.headers['location']})",)
        raise error

    def _hide(self, text: str) -> str:
        """What the server sent without our key, which some echo."""
        key = self._key.get_secret_value()
        return text.replace(key, "[secret]") if len(key) >= SHORTEST else text

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """httpx's errors as ours, and no key in any of them."""
        try:
            yield
        except httpx.TimeoutException as error:
            raise RequestTimeoutError(
                f"{self.name} did not answer in time ({type(error).__name__}) at {self._place()}."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise ConnectError(f"{_why(error)} at {self._place()}: {error}") from error
        except InterfaceError as error:
            error.args = (redact(str(error), self._key.get_secret_value()),)
            raise


def _whole(pieces: list[Delta | Response]) -> Response:
    last = pieces[-1]
    assert isinstance(last, Response)
    return last


def _is_stream(reply: httpx.Response) -> bool:
    kind = reply.headers.get("content-type", "")
    return reply.is_success and "json" not in kind and "html" not in kind


def _why(error: Exception) -> str:
    """What kind of failure it was, in words that say what to look at."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "The TLS connection failed (certificate or proxy)"
        if isinstance(cause, socket.gaierror):
            return "The server's name is not known (DNS or no network)"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "The connection was refused or failed"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "This is not an address"
    return "The connection was cut"


def _user_agent() -> str:
    try:
        return f"agentkit/{version('agentkit')}"
    except PackageNotFoundError:  # run from a source tree
        return "agentkit"


_USER_AGENT = _user_agent()
