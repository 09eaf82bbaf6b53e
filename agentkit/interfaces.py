"""Interfaces by name."""

from __future__ import annotations

import os
import sys
from functools import cache

from agentkit.interface import Interface


def open_interface(name: str | None = None) -> Interface:
    """The interface of that name.

    Args:
        name: If not given: `AGENTKIT_INTERFACE`, or the setting `interface`, or "groq" where
            `GROQ_API_KEY` is set, or "offline", with a notice on stderr.

    Raises:
        ConfigError: There is no such interface.
    """
    from agentkit.settings import read_settings

    chosen = name or os.environ.get("AGENTKIT_INTERFACE") or read_settings().interface
    if chosen is None:
        chosen = "groq" if os.environ.get("GROQ_API_KEY") else "offline"
        if chosen == "offline":
            _say_once(
                "agentkit: no GROQ_API_KEY, so the offline model answers: rules, no weights. "
                "A free key: https://console.groq.com/keys"
            )
    if chosen == "offline":
        from agentkit.offline import OfflineInterface

        return OfflineInterface()
    from agentkit.http import HTTPInterface

    return HTTPInterface(chosen)


@cache
def _say_once(notice: str) -> None:
    print(notice, file=sys.stderr)
