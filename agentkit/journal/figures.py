"""Figures, times and anybody's text as a page shows them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from agentkit.redact import plain

LONGEST = 20_000
"""Characters of a text that a page shows."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400  # seconds
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they make text look like another text


def harmless(text: str, longest: int = LONGEST) -> str:
    """Anybody's text, cut, without control characters, and with what reorders it spelled out.

    It is still to be escaped.
    """
    rest = len(text) - longest
    more = f"\n[... {rest:,} more of {len(text):,} characters]" if rest > 0 else ""
    kept = plain(text[:longest].encode("utf-8", "replace").decode())
    return _TURNS.sub(lambda found: f"[U+{ord(found[0]):04X}]", kept) + more


def written(value: Any) -> str:
    """A value as JSON for people."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def rewritten(text: str) -> str:
    """A JSON text for people; any other text stays as it is."""
    try:
        return written(json.loads(text))
    except (ValueError, RecursionError):
        return text


def several(count: int, name: str) -> str:
    """A number of things; nothing for none."""
    return f"{count:,} {name}{'' if count == 1 else 's'}" if count else ""


def dollars(cost: float) -> str:
    """US dollars."""
    return f"${cost:.6f}".rstrip("0").rstrip(".") if cost else "$0"


def duration(seconds: float) -> str:
    """How long something took."""
    if round(seconds * 1000) < 1000:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 2) < _MINUTE:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def moment(at: Any) -> str:
    """A time, given in seconds since 1970, by the clock of this machine."""
    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    except (TypeError, ValueError, OverflowError, OSError):
        return str(at)
