"""For what is to be stopped in the middle: enough time to come there, on however slow a machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def stopped_after(begun: Callable[[T], object], run: Callable[[float], T]) -> tuple[float, T]:
    """How many seconds a run had until it was stopped, and what came of it.

    Few, so that a test is quick. Where it was stopped before it had begun, which a test is not
    about, it is run again with more.
    """
    for seconds in (0.5, 2.0, 8.0, 32.0):
        result = run(seconds)
        if begun(result):
            break
    return seconds, result
