"""Addresses of servers: whether a text is one, and how it is shown."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_address(text: str) -> bool:
    """Whether a request can be sent there: http or https, a host, a port that can be, no blanks."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, for example
        return False
    return fits and not any(each.isspace() for each in text)


def without_secrets(address: str) -> str:
    """An address without what may be secret in it: what stands before "@" and behind "?"."""
    scheme, mark, rest = address.partition("?")[0].rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
