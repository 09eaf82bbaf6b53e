"""Addresses of servers: whether a text is one, and how it is shown."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from agentkit.errors import ConfigError

_HERE = ("localhost", "::1")


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


def check_live(address: str) -> None:
    """Refuse an address on another machine where AGENTKIT_LIVE=no is in the environment.

    Raises:
        ConfigError: So it is.
    """
    if os.environ.get("AGENTKIT_LIVE") != "no":
        return
    host = urlsplit(address).hostname or ""
    if host not in _HERE and not host.startswith("127."):
        raise ConfigError(
            f"No request may go to {host}: AGENTKIT_LIVE=no is set, as agentkit's pytest plugin "
            "does it. A test may take the fixture agentkit_replay, or be marked with "
            "@pytest.mark.agentkit_live."
        )
