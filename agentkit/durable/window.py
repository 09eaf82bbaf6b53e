"""What was sent to a server in the last minute, and is to be sent in the next ones; no I/O.

The limits are exact: whatever minute one looks at, no more was sent in it. A bucket that fills up
again would allow nearly twice as much in a minute that begins when it is full.
"""

from __future__ import annotations

import json
from math import ceil, floor
from typing import NamedTuple

from agentkit.shared_limits import Rates

LATE = 4  # part of the slack that one may be late for a slot, and again from there to sending
_SLOTS = 60  # of a minute
_SLOW = 0.1  # how fast what is known of estimates follows what replies say
_FACTOR, _OFF = 1.0, 1 / 3  # of an estimate, until replies tell: twice of it is surely enough
_SURELY = 3  # times as much as estimates are off by is more than nearly all are
_MOST = 20.0  # times an estimate


class Found(NamedTuple):
    """The earliest slot for a request, and which limit it waits for."""

    slot: int
    reason: str


class Window:
    """Requests and tokens by slots of a second.

    A request counts from the slot in which it goes out for a minute and the slack, in which it may
    be on its way. One that must wait has a slot that is to come: so whoever comes later, and needs
    less, fits in where that delays nobody.

    Args:
        minute: Seconds that limits are for.
        slack: Seconds that a request may be on its way to the server.
        text: The window as `text` gave it; a new one if empty.
    """

    def __init__(self, minute: float, slack: float, text: str = "") -> None:
        self.grain = minute / _SLOTS
        self.slack = slack
        self._span = ceil((minute + slack) / self.grain - 1e-6) + 1
        state = json.loads(text) if text else {}
        self._slots: dict[int, list[int]] = {
            int(slot): taken for slot, taken in state.get("slots", {}).items()
        }
        self._latest: float = state.get("latest", 0.0)
        self._offset: float = state.get("offset", 0.0)
        self._paused: float = state.get("paused", 0.0)
        self._factor: float = state.get("factor", _FACTOR)
        self._off: float = state.get("off", _OFF)
        self._count: int = state.get("replies", 1)
        self.learned = Rates(*state.get("learned", ()))

    @property
    def text(self) -> str:
        """The window as JSON."""
        state = {
            "slots": self._slots,
            "latest": self._latest,
            "offset": self._offset,
            "paused": self._paused,
            "factor": round(self._factor, 4),
            "off": round(self._off, 4),
            "replies": self._count,
            "learned": self.learned,
        }
        return json.dumps(state, separators=(",", ":"))

    def begin(self, clock: float) -> None:
        """It is now that time; a clock that goes back is taken to stand still meanwhile.

        Args:
            clock: Seconds since 1970, by the one clock of all processes.
        """
        if self._latest and clock + self._offset < self._latest:
            self._offset = self._latest - clock
        self._latest = clock + self._offset
        oldest = self.now - self._span
        self._slots = {slot: taken for slot, taken in self._slots.items() if slot > oldest}

    @property
    def now(self) -> int:
        """The slot of the time it is."""
        return int(self._latest // self.grain)

    @property
    def booked(self) -> int:
        """Requests that wait for their slot."""
        return sum(taken[0] for slot, taken in self._slots.items() if slot > self.now)

    def until(self, slot: int) -> float:
        """Seconds until a slot begins."""
        return slot * self.grain - self._latest

    def is_kept(self, slot: int) -> bool:
        """Whether a slot can be used still, by who comes late for it."""
        return self.until(slot + 1) > -self.slack / LATE

    def cost(self, tokens: float, rates: Rates) -> int:
        """Tokens to be taken for a request, so that nearly none takes more.

        Args:
            tokens: An estimate.
            rates: The limits.
        """
        cost = ceil(tokens * min(self._factor + _SURELY * self._off, _MOST))
        return cost if rates.tokens is None else min(cost, floor(max(rates.tokens, 1)))

    def learn(self, ratio: float) -> None:
        """A request took so many times its estimate."""
        weight = max(_SLOW, 1 / (self._count + 1))
        self._count = min(self._count + 1, int(1 / _SLOW))
        self._off += weight * (abs(ratio - self._factor) - self._off)
        self._factor += weight * (ratio - self._factor)

    def pause(self, seconds: float) -> None:
        """Nobody sends for so long."""
        self._paused = max(self._paused, self._latest + seconds)

    def rates(self, by_hand: Rates) -> Rates:
        """The limits that hold: those by hand, or what the server said."""
        requests, tokens = (
            learned if hand is None else hand
            for hand, learned in zip(by_hand, self.learned, strict=True)
        )
        return Rates(requests, tokens)

    def take(self, slot: int, requests: int, tokens: int) -> None:
        """Count so much in a slot, or so much less; nothing where it is long gone."""
        taken = self._slots.get(slot)
        if taken is None and (requests <= 0 or slot <= self.now - self._span):
            return
        before = taken or [0, 0]
        self._slots[slot] = [max(before[0] + requests, 0), max(before[1] + tokens, 0)]
        if not any(self._slots[slot]):
            del self._slots[slot]

    def find(self, tokens: int, rates: Rates, first: int) -> Found:
        """The earliest slot in which a request fits.

        Args:
            tokens: What it takes, not more than the limit.
            rates: The limits.
            first: The first slot to look at.
        """
        found = Found(first, "")
        if self._paused > self._latest:
            slot = max(first, ceil(self._paused / self.grain))
            found = Found(slot, "the server's limit, as it said")
        while (later := self._blocked(found.slot, tokens, rates)) is not None:
            found = later
        return found

    def share(self, rates: Rates) -> float:
        """How much of the limits is used just now, from 0 to about 1."""
        shares = (
            sum(taken[at] for slot, taken in self._slots.items()) / max(limit, 1)
            for at, limit in enumerate(rates)
            if limit is not None
        )
        return max(shares, default=0.0)

    def _blocked(self, slot: int, tokens: int, rates: Rates) -> Found | None:
        """The next slot to try, if a request does not fit into this one."""
        near = [each for each in sorted(self._slots) if abs(each - slot) < self._span]
        ends = [slot, *(each for each in near if each > slot)]
        for at, (cost, limit) in enumerate(((1, rates.requests), (tokens, rates.tokens))):
            if limit is None:
                continue
            room = max(limit, 1) - cost  # below one a minute: one
            for end in ends:
                inside = [each for each in near if end - self._span < each <= end]
                if sum(self._slots[each][at] for each in inside) > room:
                    first = next(each for each in inside if self._slots[each][at] > 0)
                    kind = "tokens" if at else "requests"
                    reason = f"{limit:,.0f} {kind} a minute, shared by all workers"
                    return Found(first + self._span, reason)
        return None
