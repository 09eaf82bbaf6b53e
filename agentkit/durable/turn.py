"""What one process counts at once in the window of all; no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agentkit.durable.window import Window
from agentkit.shared_limits import Rates

_LOOK = 60  # parts of a minute: those that wait look again as often
_CROWD = 6_000  # parts of a minute for each that waits anywhere, so that many look less often
_TIGHT = 0.5  # of a limit; from there on others should soon know what is free again


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a request that was counted.

    Args:
        slot: Where it is counted.
        requests: How many more.
        tokens: How many more.
        ratio: How many times its estimate it took, where a reply says so.
        wait: Seconds for which the server wants none.
        learned: The server's limits.
    """

    slot: int
    requests: int = 0
    tokens: int = 0
    ratio: float | None = None
    wait: float | None = None
    learned: Rates = field(default_factory=Rates)

    def at_least(self) -> Change:
        """What can be counted once more without taking back too much."""
        return replace(self, requests=max(self.requests, 0), tokens=max(self.tokens, 0))


@dataclass(frozen=True, slots=True)
class Want:
    """A request that asks.

    Args:
        tokens: What it takes, by its estimate.
        by_hand: Limits that are set by hand.
        slot: Where it is counted by now, if it is.
        taken: Tokens that are counted there.
    """

    tokens: float
    by_hand: Rates
    slot: int | None = None
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request has, and what it waits for.

    Args:
        slot: Where it is counted, if it is.
        taken: Tokens that are counted there.
        wait: Seconds until it goes out, where that is known; 0 for now.
        reason: The limit that it waits for.
    """

    slot: int | None = None
    taken: int = 0
    wait: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of a turn.

    Args:
        answers: One for each that wanted something.
        look: Seconds after which those that wait look again, at the latest.
        is_tight: Whether the limits are nearly used.
        learned: The limits as the server said them, to anyone.
    """

    answers: list[Answer]
    look: float
    is_tight: bool
    learned: Rates


def added(known: Rates, learned: Rates) -> Rates:
    """The limits that are known, and those that are news."""
    return Rates(*(old if new is None else new for old, new in zip(known, learned, strict=True)))


def count(
    window: Window,
    changes: Sequence[Change],
    wants: Sequence[Want],
    *,
    by_hand: Rates,
    minute: float,
    booked: bool,
) -> Counted:
    """Take a turn: count what came of requests, and find places for others.

    Args:
        window: The window.
        changes: What came of requests.
        wants: Those that ask, in their order.
        by_hand: Limits that are set by hand.
        minute: Seconds that limits are for.
        booked: Whether somebody who does not ask just now has booked a slot.
    """
    for change in changes:
        _apply(window, change)
    booked = booked or any(each.slot is not None and each.slot > window.now for each in wants[1:])
    answers = []
    for want in wants:
        answers.append(_answer(window, want, may_book=not booked or want.slot is not None))
        booked = booked or bool(answers[-1].wait)
    rates = window.rates(by_hand)
    look = max(minute / _LOOK, minute / _CROWD * window.booked)
    return Counted(answers, look, window.share(rates) > _TIGHT, window.learned)


def _apply(window: Window, change: Change) -> None:
    window.take(change.slot, change.requests, change.tokens)
    window.learned = added(window.learned, change.learned)
    if change.ratio is not None:
        window.learn(change.ratio)
    if change.wait is not None:
        window.pause(change.wait)


def _answer(window: Window, want: Want, *, may_book: bool) -> Answer:
    first = window.now
    if want.slot is not None:
        window.take(want.slot, -1, -want.taken)
        if want.slot < first and window.is_kept(want.slot):
            first = want.slot
    rates = window.rates(want.by_hand)
    tokens = window.cost(want.tokens, rates)
    found = window.find(tokens, rates, first)
    is_now = found.slot <= window.now
    if not is_now and not may_book:
        return Answer(reason=found.reason)
    window.take(found.slot, 1, tokens)
    wait = 0.0 if is_now else window.until(found.slot)
    return Answer(found.slot, tokens, wait, found.reason)
