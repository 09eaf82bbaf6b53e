"""Connections that wait for the next request."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import Generic, Protocol, TypeVar

from agentkit.direct.outgoing import Origin

_SECONDS = 30.0  # servers keep them longer, most of them
_MOST = 100  # to one origin


class _Line(Protocol):
    def is_dead(self) -> bool:
        """Whether it cannot serve any more."""

    def close(self) -> None:
        """Close it, without waiting."""


LineT = TypeVar("LineT", bound=_Line)


class Idle(Generic[LineT]):
    """Idle connections by origin; the one used last serves first, so that others can expire.

    There is no lock: the garbage collector may close an abandoned reply in the middle of anything,
    also in the middle of what would hold the lock. Every step is one atomic operation of a deque.
    """

    def __init__(self) -> None:
        self._lines: dict[Origin, deque[tuple[float, LineT]]] = {}
        self._closed = False

    def take(self, origin: Origin) -> LineT | None:
        """A connection that can serve."""
        lines = self._lines.get(origin)
        while lines:
            try:
                since, line = lines.pop()
            except IndexError:  # another thread took the last
                return None
            if since + _SECONDS > monotonic() and not line.is_dead():
                return line
            line.close()
        return None

    def give(self, origin: Origin, line: LineT) -> None:
        """Keep a connection for later, and close the oldest if it has waited for too long."""
        lines = self._lines.get(origin)
        if lines is None:
            lines = self._lines.setdefault(origin, deque())
        now = monotonic()
        lines.append((now, line))
        try:
            while len(lines) > _MOST or lines[0][0] + _SECONDS <= now:
                lines.popleft()[1].close()
        except IndexError:  # another thread took them
            pass
        if self._closed:
            self.close()

    def drop_one(self) -> None:
        """Close one connection, wherever it leads, if there is one."""
        for lines in [*self._lines.values()]:
            if lines:
                lines.popleft()[1].close()
                return

    def close(self) -> None:
        """Close all of them, and each that is given from now on."""
        self._closed = True
        for lines in [*self._lines.values()]:
            try:
                while True:
                    lines.pop()[1].close()
            except IndexError:
                pass
