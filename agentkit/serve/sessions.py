"""Sessions of the page: a cookie in the place of a key, which the browser need not keep."""

from __future__ import annotations

import secrets
import time
from hashlib import sha256

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
        for digest in map(_digest, tokens_in(headers)):
            if self._until.get(digest, 0.0) >= time.monotonic():
                return digest.hex()
            self._until.pop(digest, None)
        return None


def tokens_in(headers: Headers) -> list[str]:
    """The texts of the cookie: a browser may have one for each path that the page is mounted at.

    Others of this machine set cookies of any kind for all its ports, which are left alone.
    """
    pairs = (each.partition("=") for each in headers.get("cookie", "").split(";"))
    return [text.strip() for name, _, text in pairs if name.strip() == COOKIE]


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
