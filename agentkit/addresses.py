"""Addresses of servers: whether a text is one, and how it is shown."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from agentkit.errors import ConfigError

_YES = ("yes", "1", "true", "on")


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


def host_of(address: str) -> tuple[str, int | None]:
    """The host of an address, and its port."""
    try:
        parts = urlsplit(address)
        return parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None


def check_live(address: str) -> None:
    """Refuse an address on another machine where AGENTKIT_LIVE is set to anything but a yes.

    Raises:
        ConfigError: So it is.
    """
    said = os.environ.get("AGENTKIT_LIVE", "").strip()
    if not said:
        return
    host = urlsplit(address).hostname or ""
    if said.lower() not in _YES and not _is_here(host):
        raise ConfigError(
            f"No request may go to {host}: AGENTKIT_LIVE={said} is set, and only "
            f"{', '.join(_YES)} allow it. agentkit's pytest plugin sets it: a test may take the "
            "fixture agentkit_replay, or be marked with @pytest.mark.agentkit_live."
        )


def _is_here(host: str) -> bool:
    """Whether it is this machine, by its name or number."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # another name
        return False
