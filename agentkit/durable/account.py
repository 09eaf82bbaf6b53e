"""One process's requests to one server, brought to where all processes' are counted.

Those that ask at the same time are counted together, and with them the replies that came since: one
transaction, however many they are. The first of a process that finds no room books it, so that
nobody waits for ever behind others that need less, and whoever dies leaves little behind.
"""

from __future__ import annotations

import itertools
import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from threading import Condition
from typing import Any

from agentkit.durable.turn import Change, Counted, Want, added, count
from agentkit.durable.window import LATE, Window
from agentkit.errors import InterfaceError
from agentkit.shared_limits import Rates

Transact = Callable[[Callable[[Window], Counted]], Counted]
_LOST = "the database of the shared limits"
_AGAIN = 1.0  # seconds until a database that was away is looked for again


class Unreachable(Exception):  # noqa: N818 - what it is, and it is told to nobody
    """The window cannot be had just now.

    Args:
        doubtful: Whether what was to be counted may have been.
    """

    def __init__(self, *, doubtful: bool) -> None:
        super().__init__()
        self.doubtful = doubtful


@dataclass(eq=False)
class AccountPlace:
    """A request's place: see `agentkit.shared_limits.Place`."""

    account: Account
    number: int
    tokens: float
    by_hand: Rates
    patience: float
    wait: float = 0.0
    reason: str = ""
    slot: int | None = None
    taken: int = 0
    granted: bool = False
    asked_at: float = 0.0
    lost_since: float | None = None
    is_answered: bool = False
    error: Exception | None = None
    is_sent: bool = False
    is_over: bool = False

    @property
    def is_fresh(self) -> bool:
        return self.granted and self.account.is_fresh(self.asked_at)

    def ask(self) -> None:
        self.account.ask(self)

    def sent(self) -> None:
        self.is_sent = True

    def answered(self, tokens: float | None, learned: Rates) -> bool:
        if tokens is None:
            return self._told(0, learned=learned)
        ratio = tokens / max(self.tokens, 1.0)
        return self._told(round(tokens) - self.taken, ratio=ratio, learned=learned)

    def refused(self, wait: float | None, learned: Rates) -> bool:
        return self._told(-self.taken, wait=wait, learned=learned)

    def flush(self) -> None:
        self.account.flush()

    def release(self) -> None:
        self.is_over = True
        if self.slot is not None:
            self.account.over.append(self)

    def _told(
        self, more: int, *, ratio: float | None = None, wait: float | None = None, learned: Rates
    ) -> bool:
        slot, self.slot = self.slot, None
        assert slot is not None
        return self.account.told(Change(slot, 0, more, ratio, wait, learned))


class Account:
    """The requests of this process with one key.

    Args:
        transact: Does something with the window of all processes while nobody else does, once;
            raises `Unreachable`.
        minute: Seconds that limits are for.
        slack: Seconds that a request may be on its way to the server.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        transact: Transact,
        minute: float,
        slack: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transact, self._slack, self._clock = transact, slack, clock
        self._known: dict[str, Any] = {"minute": minute, "by_hand": Rates()}
        self.over: deque[AccountPlace] = deque()
        self._numbers = itertools.count()
        self._turns = Condition()
        self._is_busy = False
        self._asking: list[AccountPlace] = []
        self._changes: deque[Change] = deque()
        self._head: AccountPlace | None = None  # who has a slot that is to come
        self._next_look, self._room_at, self._reason = 0.0, 0.0, ""
        self._is_tight, self._learned = False, Rates()

    def place(self, tokens: float, by_hand: Rates, patience: float) -> AccountPlace:
        """A place behind this process's other requests."""
        self._known["by_hand"] = by_hand
        return AccountPlace(self, next(self._numbers), tokens, by_hand, patience)

    def is_fresh(self, asked_at: float) -> bool:
        """Whether what was counted then reaches the server while it counts."""
        return self._clock() - asked_at <= self._slack / LATE

    def ask(self, place: AccountPlace) -> None:
        """Find out how long a place has to wait.

        Raises:
            InterfaceError: The window could not be had for too long.
        """
        rest = self._next_look - self._clock()
        if rest > 0 and not place.granted:
            place.wait = max(rest, self._room_at - self._clock())
            place.reason = self._reason
            return
        place.is_answered, place.error = False, None
        with self._turns:
            insort(self._asking, place, key=attrgetter("number"))
        try:
            self._take_turns(lambda: place.is_answered)
        finally:
            with self._turns:  # where this is cut off, nobody else is to answer it
                self._asking = [each for each in self._asking if each is not place]
        if place.error is not None:
            raise place.error

    def told(self, change: Change) -> bool:
        """What came of a request; tells whether others should know soon: see `flush`."""
        self._changes.append(change)
        is_news = added(self._learned, change.learned) != self._learned
        return self._is_tight or is_news or change.wait is not None

    def flush(self) -> None:
        """Count what came of requests; where that cannot be done, it is at the next turn."""
        tried = False

        def is_done() -> bool:
            nonlocal tried
            tried, before = True, tried
            return before or not self._changes

        self._take_turns(is_done)

    def _take_turns(self, is_done: Callable[[], bool]) -> None:
        """Count for all that ask, or wait while another thread does."""
        while True:
            with self._turns:
                while self._is_busy:
                    self._turns.wait()
                if is_done():
                    return
                self._is_busy, batch = True, self._asking
                self._asking = []
            try:
                self._turn(batch)
            finally:
                with self._turns:
                    self._is_busy = False
                    self._turns.notify_all()

    def _turn(self, batch: Sequence[AccountPlace]) -> None:
        asked_at = self._clock()
        while self.over:
            self._give_back(self.over.popleft())
        changes = [self._changes.popleft() for _ in range(len(self._changes))]
        wants = [Want(each.tokens, each.by_hand, each.slot, each.taken) for each in batch]
        booked = self._head is not None and self._head not in batch
        try:
            counted = self._transact(
                lambda window: count(window, changes, wants, booked=booked, **self._known)
            )
        except Unreachable as error:
            self._keep(changes, doubtful=error.doubtful)
            self._lost(batch, asked_at, doubtful=error.doubtful)
        except Exception as error:
            self._keep(changes, doubtful=False)
            for place in batch:
                place.error = error
        except BaseException:  # this thread is to end; the others ask again
            self._keep(changes, doubtful=True)
            for place in batch:
                place.slot, place.granted = None, False
            with self._turns:
                self._asking = [*batch, *self._asking]
            raise
        else:
            self._is_tight, self._learned = counted.is_tight, counted.learned
            self._answer(batch, counted, asked_at)
        for place in batch:
            place.is_answered = True
            if place.is_over and place.slot is not None:  # nobody waits for it any more
                self.over.append(place)

    def _keep(self, changes: Sequence[Change], *, doubtful: bool) -> None:
        """Count them at the next turn."""
        kept = [each.at_least() for each in changes] if doubtful else changes
        self._changes.extendleft(reversed(kept))

    def _give_back(self, place: AccountPlace) -> None:
        """A request is over that was not sent, or of which no reply told."""
        if self._head is place:
            self._head = None
        slot, place.slot = place.slot, None
        if slot is not None and not place.is_sent:
            self._changes.append(Change(slot, -1, -place.taken))

    def _answer(self, batch: Sequence[AccountPlace], counted: Counted, asked_at: float) -> None:
        now, look = self._clock(), counted.look
        for place, answer in zip(batch, counted.answers, strict=True):
            place.slot, place.taken, place.asked_at = answer.slot, answer.taken, asked_at
            place.granted = answer.wait == 0
            if self._head is place:
                self._head = None
            if answer.wait:
                self._head, look = place, min(look, answer.wait)
                self._room_at = now + answer.wait
            place.reason = answer.reason
        waiting = [each for each in batch if not each.granted]
        if waiting:
            self._next_look, self._reason = now + look, waiting[0].reason
        for place in batch:
            place.lost_since = None if place.granted else place.lost_since
            place.wait = 0.0 if place.granted else max(look, self._room_at - now)

    def _lost(self, batch: Sequence[AccountPlace], asked_at: float, *, doubtful: bool) -> None:
        now = self._clock()
        self._next_look, self._reason = now + _AGAIN, f"{_LOST}, which cannot be reached"
        for place in batch:
            if doubtful:  # where it is counted, if it is, is not known
                place.slot, place.granted = None, False
            place.lost_since = asked_at if place.lost_since is None else place.lost_since
            place.wait, place.reason = _AGAIN, self._reason
            if now - place.lost_since > place.patience:
                place.error = InterfaceError(
                    f"Not sent, because {_LOST} could not be reached for {place.patience:.0f} s."
                )
