"""Interfaces over HTTP, on httpx."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Hashable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from typing import Any, Literal

import httpx

from agentkit.addresses import host_of, without_secrets
from agentkit.catalog import FIRST, Page, Quirks
from agentkit.catalog import page as page_named
from agentkit.clients import Clients, Translated, aread_on, read_on
from agentkit.credentials import Credentials
from agentkit.errors import ConfigError, ReplyError, StatusError, closest
from agentkit.interface import Interface, last_piece, whole
from agentkit.memory import memory_of
from agentkit.messages import Delta, Request, Response
from agentkit.prices import cost_of
from agentkit.senders import Reply
from agentkit.settings import aliases_for, read_settings
from agentkit.tracing import Target
from agentkit.wire import (
    Beside,
    Dialect,
    ReplyDecoder,
    StreamDecoder,
    WholeDecoder,
    decode,
    encode,
    parse,
    quotas_of,
    status_error,
)

_PATH, _MODELS = "/chat/completions", "/models"
_SLIP = 0.8  # how near a name is to an alias that it misspells; small models are named smollm


class HTTPInterface(Interface):
    """A server that speaks chat completions: one request, one reply, nothing more.

    `open_interface` puts around it what keeps an agent working: retries, pacing, and the recovery
    of broken calls.

    Args:
        page: The interface's name in the catalog, or a page of your own.
        api_key: The key; if not given, the environment variable that the page names.
        base_url: The address up to `/chat/completions`, with a query if need be; if not given,
            the page's.
        aliases: Models by alias, over the page's, the files' and the environment's.
        dialect: `functions`, `tools` or `auto`; if not given, the page's. For `auto` this class
            alone speaks `functions`; what `open_interface` gives moves to `tools` where it must.
        timeout: Seconds to wait for the server at each step of a request.
        client: Your own client, for proxies, certificates and the like; you close it.
        async_client: The same for the awaited methods.
        http2: Whether to speak HTTP/2 where the server does; needs `agentkit[http2]`.
        extra_body: More fields of each request's body, over all others.
        extra_headers: More headers, over all others.

    Raises:
        ConfigError: There is no such page or dialect.
    """

    def __init__(
        self,
        page: Page | str = "groq",
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        aliases: Mapping[str, str] | None = None,
        dialect: Dialect | Literal["auto"] | None = None,
        timeout: float = 60.0,
        client: httpx.Client | None = None,
        async_client: httpx.AsyncClient | None = None,
        http2: bool = False,
        extra_body: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        self.page = page_named(page) if isinstance(page, str) else page
        self.name = self.page.name
        settings = read_settings()
        own = dict(aliases or {})
        self.aliases = {**aliases_for(self.name, self.page.aliases, settings), **own}
        address = base_url or os.environ.get(self.page.base_url_variable) or self.page.base_url
        base, mark, query = address.strip().partition("#")[0].partition("?")
        self._base = base.rstrip("/").removesuffix(_PATH).rstrip("/")
        self._query = mark + query
        is_usual = self._base == self.page.base_url.rstrip("/")
        self.place = self.name if is_usual else f"{self.name} at {without_secrets(self._base)}"
        self._url = self._at(_PATH)
        self._credentials = Credentials(self.page, api_key, extra_headers, address)
        self._extra_body = dict(extra_body or {})
        named = dialect or self.page.dialect
        if named not in ("functions", "tools", "auto"):
            raise ConfigError(f"dialect is functions, tools or auto, not {named!r}.")
        self.finds_dialect = named == "auto"
        self.dialect: Dialect = "functions" if named == "auto" else named
        self.memory = memory_of(self._account)
        self._translated = Translated(self.name, self.address, lambda: self._credentials.secrets)
        self._full_names: set[str] = set()  # that were looked at and are no slips
        self._clients = Clients(timeout, client, async_client, self._url, http2)

    def send(self, request: Request) -> Response:
        """Send a request and wait for the whole response."""
        return last_piece(list(self.stream(whole(request))))

    async def asend(self, request: Request) -> Response:
        """`send`, awaited."""
        return last_piece([piece async for piece in self.astream(whole(request))])

    def stream(self, request: Request) -> Iterator[Delta | Response]:
        """Send a request and yield the pieces as they come, last the whole response."""
        model, parts = self._parts(request)
        streams = request.options.get("stream") is not False  # some servers do so unasked
        with self._translated, ExitStack() as opened:
            client = self._clients.sync()
            reply = opened.enter_context(client.stream("POST", self._url, **parts))
            decoder = self._decoder(reply, model)
            try:
                for chunk in reply.chunks:
                    for delta in decoder.feed(chunk):
                        if streams:
                            yield delta
                    if decoder.done:
                        read_on(reply, opened.pop_all())
                        break
            except GeneratorExit:
                self._clients.leave(reply, opened.pop_all())
                raise
            for delta in decoder.close():
                if streams:
                    yield delta
            yield decoder.response()

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Response, None]:
        """`stream`, awaited."""
        model, parts = self._parts(request)
        streams = request.options.get("stream") is not False
        with self._translated:
            client = self._clients.here()
            async with client.stream("POST", self._url, **parts) as reply:
                decoder = self._decoder(reply, model)
                async for chunk in reply.chunks:
                    for delta in decoder.feed(chunk):
                        if streams:
                            yield delta
                    if decoder.done:
                        await aread_on(reply.chunks)
                        break
                for delta in decoder.close():
                    if streams:
                        yield delta
                yield decoder.response()

    def models(self) -> list[str]:
        """The models that the server lists now.

        Raises:
            InterfaceError: It gave no list.
            ConfigError: There is no key, or none that can be sent.
        """
        self._credentials.check()
        url = self._at(_MODELS)
        with Translated(self.name, self._shown(_MODELS), lambda: self._credentials.secrets):
            client = self._clients.sync()
            with client.stream("GET", url, self._credentials.headers) as reply:
                body = b"".join(reply.chunks)
            if not reply.is_success:
                raise self._error(reply, body)
            listed = parse(body).get("data")
        if not isinstance(listed, list):
            raise ReplyError(f"{self.name} gave no list of models.")
        return [str(each["id"]) for each in listed if isinstance(each, dict) and each.get("id")]

    def check(self, request: Request) -> None:
        """Refuse, before anything is sent, what this interface cannot take."""
        self.page.check_options(request.options)
        self._named(request.model)
        self._credentials.check()

    def model(self, name: str) -> str:
        """The full name behind an alias; a full name stays as it is.

        For the alias value `*` the server is asked for its models, once, and waited for.

        Raises:
            ConfigError: It looks like an alias, and there is none of that name.
            InterfaceError: The server had to be asked for its models, and gave none.
        """
        full = self._named(name)
        return self._first_model() if full == FIRST else full

    def spelling(self, model: str) -> tuple[Dialect, Quirks]:
        """How requests for a model are spelled, by all that is known now."""
        learned = self.memory.dialects.get(model) if self.finds_dialect else None
        return learned or self.dialect, self.memory.quirks.get(model, self.page.quirks)

    def close(self) -> None:
        """Close the connections of the sync methods; a client of your own stays open."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the connections of the awaited methods in this event loop."""
        await self._clients.aclose()

    def __repr__(self) -> str:
        return f"HTTPInterface({self.name!r})"

    def target(self, request: Request) -> Target:
        """The server and the model behind an alias, as far as it is known without asking."""
        full = self._named(request.model)
        model = self.memory.first_model or request.model if full == FIRST else full
        return Target(self.name, model, *host_of(self._base))

    def quota_key(self, request: Request) -> Hashable:
        """Requests to one address with one key and one model share the server's limits."""
        return (*self._account, self.memory.current(self.model(request.model)))

    @property
    def _account(self) -> tuple[str, str]:
        return (self._url, self._credentials.fingerprint)

    @property
    def address(self) -> str:
        """The address without what may be secret in it."""
        return self._shown(_PATH)

    def _at(self, path: str) -> str:
        return f"{self._base}{path}{self._query}"

    def _shown(self, path: str) -> str:
        return f"{without_secrets(self._base)}{path}"

    def _parts(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The model that is asked, and what is sent."""
        self.check(request)
        model = self.model(request.model)
        dialect, quirks = self.spelling(model)
        body = encode(
            request,
            model=model,
            dialect=dialect,
            stream=request.options.get("stream") is not False,
            quirks=quirks,
            extra=self._extra_body,
        )
        return model, {"content": body, "headers": self._credentials.headers}

    def _named(self, name: str) -> str:
        if not name or name in self.aliases:
            return self.aliases.get(name or "default", "")
        if name in self._full_names:
            return name
        full = {*self.aliases.values(), *self.memory.moved.values(), self.memory.first_model}
        if name not in full and (hint := closest(name, self.aliases, cutoff=_SLIP)):
            raise ConfigError(
                f"{self.name} has no alias {name!r}.{hint} Its aliases are: "
                f"{', '.join(self.aliases)}; or give a model's full name."
            )
        self._full_names.add(name)
        return name

    def _first_model(self) -> str:
        if not self.memory.first_model:
            self.memory.first_model = next(iter(self.models()), "")
        if not self.memory.first_model:
            raise ConfigError(f"{self.name} has no model: load one, or name it with model=...")
        return self.memory.first_model

    def _decoder(self, reply: Reply[Any], model: str) -> WholeDecoder | ReplyDecoder:
        hide = self._credentials.hide_in_answer
        beside = Beside(model, quotas_of(reply.headers), partial(cost_of, self.page, model))

        def decoded(body: bytes) -> Response:
            if reply.is_success:
                return decode(hide(body.decode("utf-8", "replace")), beside)
            raise self._error(reply, body)

        whole = WholeDecoder(decoded)
        if not reply.is_success:
            return whole
        kind = reply.headers.get("content-type", "")
        return ReplyDecoder(kind, lambda: StreamDecoder(hide, beside), whole)

    def _error(self, reply: Reply[Any], body: bytes) -> StatusError:
        body = self._credentials.hide(body.decode("utf-8", "replace")).encode()
        error = status_error(reply.status, body, reply.headers)
        if reply.status in (401, 403) and self.page.key_variable:
            where = self.page.key.get("address", "the key that it names")
            error.add(f"Check {self.page.key_variable}: {where}")
        if reply.status == HTTPStatus.NOT_FOUND and "model" not in str(error).lower():
            error.add(f"Is {without_secrets(self._base)} the right address? Most end in /v1.")
        if reply.redirect:
            error.args = (f"{error} (it redirects to {without_secrets(reply.redirect)})",)
        return error
