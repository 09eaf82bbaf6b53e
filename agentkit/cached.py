"""Results of a tool that are kept for a while."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

_MOST = 256  # results of one tool; the oldest go first


class ResultCache:
    """Texts by what a tool was called with.

    It has no lock: each step on the dict is one that threads cannot divide, and the worst that two
    at once can do is to call the tool twice.
    """

    def __init__(self) -> None:
        self._texts: dict[bytes, tuple[float, str]] = {}

    def get(self, bound: Any, seconds: float) -> str | None:
        """The text for these arguments, unless it is older than that many seconds."""
        kept = self._texts.get(_key(bound))
        return kept[1] if kept and time.monotonic() - kept[0] < seconds else None

    def put(self, bound: Any, text: str) -> None:
        """Keep the text for these arguments."""
        key = _key(bound)
        self._texts.pop(key, None)
        if key:
            self._texts[key] = (time.monotonic(), text)
        while len(self._texts) > _MOST:
            with suppress(StopIteration, RuntimeError, KeyError):  # another thread was there first
                del self._texts[next(iter(self._texts))]


def _key(bound: Any) -> bytes:
    """The validated arguments as JSON; empty where they have none, and then nothing is kept."""
    args, kwargs = bound
    try:
        return to_json([args, dict(sorted(kwargs.items()))], inf_nan_mode="strings")
    except (PydanticSerializationError, ValueError, RecursionError):
        return b""
