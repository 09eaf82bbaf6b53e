"""Results of a tool that are kept for a while."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agentkit.media import Media

if TYPE_CHECKING:
    from agentkit.schema import Bound  # needs pydantic

Told = tuple[str, tuple[Media, ...]]
"""What a model is told of a result, and what came with it."""

_PLAIN = (str, int, float, bool, type(None), date, datetime, Decimal, UUID)
_MOST = 256  # results of one tool; the oldest go first


class ResultCache:
    """What results tell, by what a tool was called with.

    It has no lock: each step on the dict is one that threads cannot divide, and the worst that two
    at once can do is to call the tool twice.
    """

    def __init__(self) -> None:
        self._told: dict[bytes, tuple[float, Told]] = {}

    def get(self, key: bytes, seconds: float) -> Told | None:
        """What a key stands for, unless it is older than that many seconds."""
        kept = self._told.get(key)
        return kept[1] if kept and time.monotonic() - kept[0] < seconds else None

    def put(self, key: bytes, told: Told) -> None:
        """Keep what a key stands for."""
        self._told.pop(key, None)
        self._told[key] = (time.monotonic(), told)
        while len(self._told) > _MOST:
            with suppress(StopIteration, RuntimeError, KeyError):  # another thread was there first
                del self._told[next(iter(self._told))]


def cache_key(values: Mapping[str, Any], bound: Bound) -> bytes:
    """Stands for the arguments of a call, and does not tell what they are.

    Args:
        values: As the model gave them.
        bound: As they are after validation. Where these are plain values they count, so that "1"
            is 1 and a default can be given or not. Others do not: secrets look all the same, and
            an iterator can be looked at but once.
    """
    from hashlib import sha256

    validated = [list(bound[0]), bound[1]]
    plain = validated if _is_plain(validated) else values
    return sha256(json.dumps(plain, sort_keys=True, default=str).encode()).digest()


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, (*value, *value.values())))
    return type(value) in _PLAIN
