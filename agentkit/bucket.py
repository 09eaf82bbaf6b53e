"""A limit that fills up again as time goes by."""

from __future__ import annotations

from dataclasses import dataclass

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
