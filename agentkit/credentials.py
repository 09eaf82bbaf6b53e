"""The key of an interface, the headers that carry it, and keeping both out of sight."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from urllib.parse import parse_qsl

from pydantic import SecretStr

from agentkit.catalog import Page
from agentkit.clients import USER_AGENT
from agentkit.errors import ConfigError, MissingKeyError
from agentkit.redact import SHORTEST

_SECRET = re.compile(r"auth|code|cookie|key|secret|sig|token", re.IGNORECASE)  # not to be shown
_LONG = 20  # characters; no word that is given for a key is as long


class Credentials:
    """What a server is sent beside a request's body.

    Args:
        page: The interface's page.
        key: The key; if not given, the environment variable that the page names.
        extra_headers: More headers, over all others.
        address: The server's address, which may have a password or a key in it.
    """

    def __init__(
        self,
        page: Page,
        key: str | None = None,
        extra_headers: Mapping[str, str] | None = None,
        address: str = "",
    ) -> None:
        self._page = page
        given = key or os.environ.get(page.key_variable, "")
        self._key = SecretStr(given.strip())  # a key read from a file ends in a newline
        self._extra_headers = dict(extra_headers or {})
        self._is_checked = False
        before, _, query = address.partition("?")
        user, at, _ = before.rpartition("@")
        self._in_address = [
            *([user.rpartition(":")[2]] if at else []),
            *(value for name, value in parse_qsl(query) if _SECRET.search(name)),
            *(each.partition("=")[2] for each in query.split("&") if _SECRET.search(each)),
        ]

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers of a request."""
        key = self._key.get_secret_value()
        return {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,  # Groq's edge refuses some libraries' own
            **({"Authorization": f"Bearer {key}"} if key else {}),
            **self._extra_headers,
        }

    @cached_property
    def fingerprint(self) -> str:
        """Tells one key from another without telling the key."""
        return sha256(self._key.get_secret_value().encode("utf-8", "replace")).hexdigest()

    def check(self) -> None:
        """Refuse a key or header that cannot be sent.

        Raises:
            MissingKeyError: There is none, and the server wants one.
            ConfigError: It has signs that no key has.
        """
        if self._is_checked:
            return
        key, page = self._key.get_secret_value(), self._page
        if not key and page.key_variable:
            raise MissingKeyError(
                f"{page.name} needs a key: set {page.key_variable}. "
                f"{page.key.get('steps', '')} {page.key.get('address', '')}".rstrip()
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigError(f"The key of {page.name} has blanks or signs that no key has.")
        for name, value in self._extra_headers.items():
            if not all(each.isascii() and each.isprintable() for each in (name, value)):
                raise ConfigError(f"The header {name!r} has signs that no header has.")
        self._is_checked = True

    @cached_property
    def secrets(self) -> list[str]:
        """What must not be seen: the key, and what looks like one in headers and address."""
        headers = (value for name, value in self._extra_headers.items() if _SECRET.search(name))
        given = [self._key.get_secret_value(), *headers, *self._in_address]
        return [each for each in given if len(each) >= SHORTEST]

    def hide(self, text: str) -> str:
        """What a server said of a failure without them: some echo them."""
        return _without(self.secrets, text)

    def hide_in_answer(self, text: str) -> str:
        """What a model said without them; a word given for a key, as `not-needed`, may stand."""
        return _without(self._long_secrets, text)

    @cached_property
    def _long_secrets(self) -> list[str]:
        return [each for each in self.secrets if _is_no_word(each)]


def _without(secrets: list[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    return text


def _is_no_word(secret: str) -> bool:
    return len(secret) >= _LONG or any(map(str.isdigit, secret))
