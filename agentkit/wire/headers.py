"""What a reply's headers say of limits and waiting.

Groq names durations as Go spells them (`2m59.56s`); `x-ratelimit-*-requests` counts a day there and
`-tokens` a minute. See https://console.groq.com/docs/rate-limits.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from agentkit.messages import Quota

_UNITS = {
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "milli": 0.001,
    "ms": 0.001,
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|h|m|s)){1,8}\Z")
_PARTS = re.compile(r"(\d+(?:\.\d+)?) ?(milli|ms|us|µs|ns|h|m|s)")
_SPOKEN = (
    r"\d+(?:\.\d+)? ?(?:ms|us|µs|ns|milliseconds?|h|hours?|m|min|minutes?|s|sec|seconds?)(?![a-z])"
)
_AGAIN = re.compile(
    rf"(?:try again|retry) (?:in|after) (?:about )?({_SPOKEN}(?:,? ?(?:and )?{_SPOKEN}){{,7}})",
    re.IGNORECASE,
)
_QUOTAS: tuple[tuple[Literal["requests", "tokens"], str, str, str], ...] = (
    (
        "requests",
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ),
    (
        "tokens",
        "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-tokens",
    ),
)
_LONGEST = 40  # characters of a duration
_NONSENSE = 32 * 86_400.0  # seconds; where a server names a point in time instead of a wait, say


def seconds_of(text: str | None) -> float | None:
    """Seconds in a number, a Go duration or an HTTP date; None for anything else or the past."""
    number = _number(text) if text else None
    if number is not None or not text or len(text) > _LONGEST:
        return number
    from email.utils import parsedate_to_datetime

    try:
        seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return seconds if seconds >= 0 else None


@lru_cache(maxsize=1024)  # limits come with each reply, and hardly change
def _number(text: str) -> float | None:
    """Seconds in a number or a Go duration."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if _DURATION.match(text):
        return _sum(text)
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def _sum(duration: str) -> float:
    parts = _PARTS.findall(duration.lower())
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def retry_after(headers: Mapping[str, str], text: str) -> float | None:
    """Seconds to wait before asking again: by the headers, else by the error's own text."""
    milliseconds = seconds_of(headers.get("retry-after-ms"))
    # A LiteLLM gateway hands the server's header on under a name of its own.
    header = headers.get("retry-after") or headers.get("llm_provider-retry-after")
    told = _AGAIN.search(text)
    words = (
        None if milliseconds is None else milliseconds / 1000,
        seconds_of(header),
        _sum(told[1]) if told and len(told[1]) <= _LONGEST else None,
    )
    sensible = [each for each in words if each is not None and each <= _NONSENSE]
    return next((each for each in sensible if each), 0.0 if sensible else None)


def refill(quotas: Sequence[Quota]) -> float | None:
    """Seconds until what is used up is there again: one request, or all tokens."""
    waits = [
        each.reset / each.limit if each.kind == "requests" else each.reset
        for each in quotas
        if each.remaining < 1 and each.reset
    ]
    return max(waits, default=None)


def quotas_of(headers: Mapping[str, str]) -> tuple[Quota, ...]:
    """The limits that a reply names, as far as they make sense."""
    found = []
    for kind, named_limit, named_remaining, named_reset in _QUOTAS:
        limit, remaining = headers.get(named_limit), headers.get(named_remaining)
        if limit is None or remaining is None:
            continue
        most, left = _number(limit), _number(remaining)
        reset = seconds_of(headers.get(named_reset)) or 0.0
        if most and left is not None:
            found.append(Quota(kind, most, left, reset if reset <= _NONSENSE else 0.0))
    return tuple(found)
