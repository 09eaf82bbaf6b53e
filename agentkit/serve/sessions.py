"""Sessions of the page: a cookie in the place of a key, which the browser need not keep."""

from __future__ import annotations

import secrets
import time
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

_LASTS = 12 * 3_600.0  # seconds
_MOST = 1_000  # the oldest are forgotten
COOKIE = "agentkit_session"


class Sessions:
    """Sessions in memory; the cookie's text is known by its digest alone."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}

    def open(self) -> str:
        """The text for the cookie of a new session."""
        token = secrets.token_urlsafe(32)
        while len(self._until) >= _MOST:
            del self._until[next(iter(self._until))]
        self._until[_digest(token)] = time.monotonic() + _LASTS
        return token

    def close(self, token: str) -> None:
        """End a session."""
        self._until.pop(_digest(token), None)

    def find(self, headers: Headers) -> str | None:
        """The session of a request, by a name that is of no use to others."""
        token = token_in(headers)
        if not token:
            return None
        digest = _digest(token)
        if self._until.get(digest, 0.0) < time.monotonic():
            self._until.pop(digest, None)
            return None
        return digest.hex()


def token_in(headers: Headers) -> str:
    """The text of the cookie, if there is one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
