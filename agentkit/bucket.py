"""A limit that fills up again as time goes by."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOLD = re.compile(
    r"(requests|tokens) per (min|day)[^:]{0,20}: Limit:? (\d+(?:,\d{3})*)"
    r"(?:, Used:? (\d+(?:,\d{3})*))?"
)
_SPANS = {"min": ("a minute", 1), "day": ("a day", 1440)}  # and how many minutes that is
_RESERVE = 0.03  # of a limit that is not used, because estimates and the way to the server vary


@dataclass(slots=True)
class Bucket:
    """A limit that fills up again; `level` is what is left when all that is sent is counted."""

    limit: float
    rate: float  # a second
    level: float
    at: float
    reserve: float

    @classmethod
    def full(cls, limit: float, per: float, now: float, minute: float) -> Bucket:
        """A limit that is full now, of so much in so many seconds; `minute` is how long one is."""
        most, rate = max(limit, 1.0), limit / per  # below one: one, which fills slowly
        reserve = max(1.0, min(most, rate * minute) * _RESERVE) if most > 1 else 0.0
        return cls(most, rate, most, now, reserve)

    def fill(self, now: float) -> None:
        """Bring the level up to now."""
        self.level = min(self.limit, self.level + (now - self.at) * self.rate)
        self.at = now


@dataclass(frozen=True, slots=True)
class ToldLimit:
    """A limit as a refusal tells it: so many requests or tokens in so many minutes."""

    kind: str
    limit: float
    minutes: int
    used: float

    @classmethod
    def read(cls, text: str) -> ToldLimit | None:
        """What a refusal says, in Groq's words; None where it names no limit."""
        told = _TOLD.search(text)
        limit = float(told[3].replace(",", "")) if told else 0.0
        if told is None or limit <= 0:
            return None
        span, minutes = _SPANS[told[2]]
        used = float(told[4].replace(",", "")) if told[4] else limit
        return cls(f"{told[1]} {span}", limit, minutes, used)
