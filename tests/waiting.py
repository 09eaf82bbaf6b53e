"""Waiting for what others do in their own time, on however slow a machine."""

from __future__ import annotations

import time
from collections.abc import Callable

_LONGEST = 20.0  # seconds; only what never comes takes as long


def until(condition: Callable[[], object], longest: float = _LONGEST) -> bool:
    """Wait until something is so, at most so many seconds, and tell whether it is."""
    end = time.monotonic() + longest
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(condition())
