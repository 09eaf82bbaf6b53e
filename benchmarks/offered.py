"""The tools that the model calls. They note each call, so that a workload can check and time it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

seen: list[Any] = []  # what the tools were called with, in order
stamps: list[float] = []  # CPU seconds of the process at each call of `add`
gates: list[asyncio.Event] = []  # the last one is what `hold` waits for


def sync_add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: The first number.
        b: The second number.
    """
    stamps.append(time.process_time())
    seen.append(a)
    return a + b


async def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: The first number.
        b: The second number.
    """
    return sync_add(a, b)


async def hold(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: The first number.
        b: The second number.
    """
    gate = gates[-1]
    seen.append(a)
    await gate.wait()
    return a + b


async def save(text: str) -> str:
    """Save a text.

    Args:
        text: The text.
    """
    seen.append(text)
    return "saved"


def sync_wait(seconds: float, number: int) -> int:
    """Wait for a while.

    Args:
        seconds: How long.
        number: Which of the waits it is.
    """
    time.sleep(seconds)
    seen.append(number)
    return number


async def wait(seconds: float, number: int) -> int:
    """Wait for a while.

    Args:
        seconds: How long.
        number: Which of the waits it is.
    """
    await asyncio.sleep(seconds)
    seen.append(number)
    return number


def named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function under the name by which the model calls it."""
    function.__name__ = function.__qualname__ = name
    return function


named(sync_add, "add")
named(hold, "add")
named(sync_wait, "wait")
