"""The door of the service, in front of all that it has: who may come in, and with how much.

It is plain ASGI, and reads each body before anything else sees the request, so that nothing behind
it holds one that is too large, never ends, or is no JSON by its own word.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response

from agentkit.bucket import Bucket
from agentkit.guard import Guard, Keys, is_here
from agentkit.serve.problems import Problem, tell_bug
from agentkit.serve.sessions import Sessions
from agentkit.tracing import going_on

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SIGN_IN = "/sign-in"
_OPEN = ("/healthz", "/readyz", SIGN_IN)
FORM = "application/x-www-form-urlencoded"
_APIS = ("/api/", "/v1/")  # which take no forms: what is not JSON, any page may send
_STATIC = "/static/"
_SAFE = ("GET", "HEAD", "OPTIONS")
_MOST = 10_000  # of those whose requests are counted
_BODY = 30.0  # seconds for a whole body
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with less, a form of our own page has no Origin to show
    "Cross-Origin-Opener-Policy": "same-origin",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(kw_only=True)
class Rules:
    """Who may do what.

    Args:
        keys: The keys that are taken; with none, whoever reaches the service may use it.
        guard: Which names and pages are known.
        sessions: Those of the page.
        most_bytes: The largest body.
        rate: The most requests a minute of one key that change something; None for any number.
        open_metrics: Whether the metrics need no key.
        count: Told of each request and its status.
    """

    keys: Keys
    guard: Guard
    sessions: Sessions
    most_bytes: int
    rate: float | None
    open_metrics: bool = False
    count: Callable[[Scope, int], None] = lambda scope, status: None
    _buckets: dict[str, Bucket] = field(default_factory=dict, repr=False)

    def reach(self, host: str) -> None:
        """Take any `Host` where it is served to other machines by names that nobody told us.

        Args:
            host: Where it listens.
        """
        if not (is_here(host) or self.guard.hosts):
            self.guard = replace(self.guard, any_host=True)

    def who(self, headers: Headers) -> str | None:
        """Who sends a request, for counting; None for nobody.

        Raises:
            Problem: Its key is wrong.
        """
        if not self.keys:
            return "anybody"
        if (given := headers.get("authorization")) is not None:
            if not self.keys.allow_header(given):
                raise _no_key("The key is wrong.")
            return sha256(given.strip().partition(" ")[2].strip().encode()).hexdigest()
        return self.sessions.find(headers)

    def take(self, who: str) -> None:
        """Count a request.

        Raises:
            Problem: There were too many.
        """
        if self.rate is None:
            return
        now = time.monotonic()
        if len(self._buckets) >= _MOST:
            self._buckets.clear()  # most are of sessions that have ended
        bucket = self._buckets.setdefault(who, Bucket.full(self.rate, 60.0, now, 60.0))
        bucket.fill(now)
        if bucket.level < 1:
            wait = str(max(1, round((1 - bucket.level) / bucket.rate)))
            said = f"More than {self.rate:g} requests a minute; ask again in {wait} seconds."
            kind, headers = "rate_limit_error", {"Retry-After": wait}
            raise Problem(429, said, "rate_limit_exceeded", type=kind, headers=headers)
        bucket.level -= 1


class Door:
    """Lets requests in, or refuses them.

    Args:
        app: What is behind it.
        rules: Who may do what.
    """

    def __init__(self, app: App, rules: Rules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, given: Send) -> None:
        """Handle a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, given)
            return
        if scope["type"] != "http":  # there are no web sockets here
            await given({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        dressed, begun = self._dressed(scope, headers, given), False

        async def send(message: Message) -> None:
            nonlocal begun
            begun = True
            await dressed(message)

        try:
            if (reply := self._refusal(scope, headers)) is None:
                body = await self._body(headers, receive)
                with going_on(headers.get("traceparent")):
                    await self._app(scope, _replayed(body, receive), send)
                return
            with suppress(Problem):
                await self._body(headers, receive, keep=False)
        except Problem as problem:
            reply = problem.response()
        except _Gone:
            return
        except Exception as error:  # what comes further is logged with all that is in it
            reply = tell_bug(scope, error)
            if begun:
                raise RuntimeError("a reply broke off") from None
        await reply(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """The reply to what needs nothing behind the door, or may not come in."""
        try:
            return self._look(scope, headers)
        except Problem as problem:
            return problem.response()

    def _look(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse what may not come in, or answer what needs nothing behind the door."""
        method, path = scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))
        origin, host = headers.get("origin", ""), headers.get("host", "")
        if len(headers.getlist("host")) != 1:
            raise Problem(400, "A request has one Host.", "host")
        if why := self._rules.guard.refusal(host, origin):
            raise Problem(403, why, "foreign")
        foreign = origin.lower().rstrip("/") in self._rules.guard.origins
        if method == "OPTIONS" and foreign:
            return Response(status_code=204, headers=_PREFLIGHT)
        if headers.get("sec-fetch-site") == "cross-site" and not (
            foreign or headers.get("sec-fetch-mode") == "navigate"
        ):
            raise Problem(403, "Requests of web pages from elsewhere are refused.", "foreign")
        open_paths = (*_OPEN, "/metrics") if self._rules.open_metrics else _OPEN
        is_open = path in open_paths or path.startswith(_STATIC)
        who = "somebody" if is_open else self._rules.who(headers)
        if who is None:
            if method in ("GET", "HEAD") and "text/html" in headers.get("accept", ""):
                query = scope["query_string"].decode("latin-1")
                place = quote(f"{path}?{query}" if query else path)
                return RedirectResponse(f"{scope.get('root_path', '')}{SIGN_IN}?next={place}", 303)
            raise _no_key("Give a key: Authorization: Bearer KEY.")
        if method not in _SAFE:
            self._check_change(path, headers, origin)
            self._rules.take(who)
        return None

    def _check_change(self, path: str, headers: Headers, origin: str) -> None:
        """Refuse what a form of another page could send, by the word of the browser or without."""
        by_cookie = self._rules.keys and "authorization" not in headers
        same = headers.get("sec-fetch-site") in ("same-origin", "none")
        if by_cookie and not (origin or same):
            raise Problem(403, "A request with a session says its Origin.", "foreign")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        is_ours = bool(origin) or same  # the guard has judged the origin
        form = kind == FORM and is_ours and not path.startswith(_APIS)
        if has_body and kind != "application/json" and not form:
            said = f"Send application/json, not {kind or 'a body without a type'}."
            raise Problem(415, said, "content_type")

    async def _body(self, headers: Headers, receive: Receive, *, keep: bool = True) -> bytes:
        """The body; one that is too large, or not to be kept, is read to its end all the same, as
        many look for an answer only when they have sent all."""
        most, length = self._rules.most_bytes, headers.get("content-length", "0")
        keep = keep and length.isdecimal() and int(length) <= most
        if "expect" in headers and not keep:
            raise _too_large(most)
        parts: list[bytes] = []
        size, more = 0, headers.get("transfer-encoding") is not None or length != "0"
        try:
            async with asyncio.timeout(_BODY):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    part = message.get("body", b"")
                    size, more = size + len(part), message.get("more_body", False)
                    keep = keep and size <= most
                    if keep:
                        parts.append(part)
                    else:
                        parts.clear()
        except TimeoutError:
            said = f"The body did not come within {_BODY:g} seconds."
            raise Problem(408, said, "slow_body", headers={"Connection": "close"}) from None
        if size > most:
            raise _too_large(most)
        return b"".join(parts)

    def _dressed(self, scope: Scope, headers: Headers, send: Send) -> Send:
        """Puts on each reply the headers that all have."""
        origin = headers.get("origin", "")
        foreign = origin.lower().rstrip("/") in self._rules.guard.origins

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._rules.count(scope, message["status"])
                own = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in _HEADERS.items():
                    own[name] = value
                own.setdefault("Cache-Control", "no-store")
                if own.get("content-type", "").startswith("text/html"):
                    own["Content-Security-Policy"] = _POLICY
                if self._rules.guard.origins:
                    own.add_vary_header("Origin")
                if foreign:
                    own["Access-Control-Allow-Origin"] = origin
                else:
                    own["Cross-Origin-Resource-Policy"] = "same-origin"
                message["headers"] = own.raw
            await send(message)

        return dressed


_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "*, Authorization",  # which the star does not stand for
    "Access-Control-Max-Age": "600",
}


class _Gone(Exception):  # noqa: N818 - nobody is told
    """Whoever sent the request is gone."""


def _no_key(message: str) -> Problem:
    return Problem(401, message, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})


def _too_large(most: int) -> Problem:
    said = f"A body has at most {most:,} bytes."
    return Problem(413, said, "too_large", headers={"Connection": "close"})


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body, which is here already, and then what else comes."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
