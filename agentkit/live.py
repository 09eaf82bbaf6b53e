"""Tools that are known once their source was asked, and that may be others later."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from agentkit.function_tool import Tool

Tools = tuple[Tool[..., Any], ...]


class Live(ABC):
    """A source of tools that is asked for them when they are first needed."""

    @property
    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it was asked, so that `tools` need not wait."""

    @abstractmethod
    def tools(self) -> Tools:
        """Its tools as they are known, the same tuple until they change; the first time it waits.

        Raises:
            AgentkitError: It cannot be asked.
        """

    @abstractmethod
    async def aready(self) -> None:
        """Ask it, if it was not yet.

        Raises:
            AgentkitError: It cannot be asked.
        """


class Derived(Live):
    """What is made of a toolbox with such sources.

    Args:
        toolbox: A `Toolbox`, which is a floor above.
        change: Gives the tools to be offered in place of its own.
    """

    def __init__(self, toolbox: Any, change: Callable[[Any], Iterable[Tool[..., Any]]]) -> None:
        self._toolbox, self._change = toolbox, change
        self._made: tuple[Tools, Tools] | None = None  # of which, and what

    @property
    def is_ready(self) -> bool:
        """Whether the toolbox is."""
        return bool(self._toolbox.is_ready)

    def tools(self) -> Tools:
        """The changed tools."""
        inner = tuple(self._toolbox.values())
        if self._made is None or self._made[0] != inner:
            self._made = inner, tuple(self._change(self._toolbox))
        return self._made[1]

    async def aready(self) -> None:
        """Make the toolbox so."""
        await self._toolbox.aready()
