"""The tools of several servers. The `mcp` package, which takes a second, is loaded when these are
first asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import wait
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any

from agentkit.live import Live, Tools
from agentkit.mcp.client.pins import Pins, default_pins
from agentkit.mcp.client.places import Place
from agentkit.mcp.extra import needing_mcp
from agentkit.workers import in_thread_awaited, on_connection_loop

if TYPE_CHECKING:
    from agentkit.mcp.client.server import Server


class Servers(Live):
    """The tools of several servers, which start side by side.

    Args:
        found: Where they are, by the names that go before those of their tools.
        settings: Those of `Remote`, and what `Answers` takes.
        trust_hints: See `mcp`.
        pins: See `mcp`.
    """

    def __init__(
        self,
        found: Mapping[str, Place],
        settings: Mapping[str, Any],
        trust_hints: bool | None,
        pins: str | os.PathLike[str] | bool,
    ) -> None:
        self.places = found
        path = default_pins() if pins is True else pins
        self._given = settings, trust_hints, Pins(path) if path else None
        self._made_of: tuple[Server, ...] = ()
        self._lock = Lock()
        self._made: tuple[tuple[Tools, ...], Tools] = (), ()  # of which, and what

    @property
    def all(self) -> tuple[Server, ...]:
        """Each of them.

        Raises:
            ConfigError: The extra `agentkit[mcp]` is not installed.
        """
        with self._lock:
            if not self._made_of:
                self._made_of = self._make()
        return self._made_of

    def _make(self) -> tuple[Server, ...]:
        with needing_mcp():
            from agentkit.mcp.client.remote import Remote
            from agentkit.mcp.client.server import Server

        settings, trust, pins = self._given
        return tuple(
            Server(Remote(place, **settings), f"{name}_" if name else "", trust, pins)
            for name, place in self.places.items()
        )

    @property
    def is_ready(self) -> bool:
        """Whether all tools are known."""
        return bool(self._made_of) and all(each.is_ready for each in self._made_of)

    def tools(self) -> Tools:
        """The tools of all.

        Raises:
            MCPError: A server cannot be started.
        """
        if not self.is_ready:
            for future in [each.remote.begin() for each in self.all]:
                future.result()
        parts = tuple(each.tools() for each in self.all)
        made = self._made
        if made[0] != parts:
            self._made = made = parts, tuple(chain.from_iterable(parts))
        return made[1]

    async def aready(self) -> None:
        """Start them, if they were not yet."""
        if not self.is_ready:
            await in_thread_awaited(self.tools)

    def close(self) -> None:
        """End them."""
        wait([on_connection_loop(each.remote.end()) for each in self.all])

    async def aclose(self) -> None:
        """`close`, awaited."""
        await in_thread_awaited(self.close)
