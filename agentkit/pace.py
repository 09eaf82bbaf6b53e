"""How fast a server takes requests: its limits as buckets that fill up again; no I/O.

Groq's limits fill continuously: 1,323 tokens too many of 15,000 a minute are answered by "try again
in 5.289s" (https://github.com/Aider-AI/aider/issues/3265).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from agentkit.errors import ConfigError, InterfaceError, StatusError
from agentkit.messages import AssistantMessage, Quota, Request, Usage

MINUTE = 60.0
_REQUESTS, _TOKENS = "requests a minute", "tokens a minute"
_TOLD = re.compile(r"(requests|tokens) per (minute|day)[^:]{0,20}: Limit:? (\d+)")
_DAY = 1440 * MINUTE
_CHARS = 3.5  # of a request for one token, until a reply tells
_ANSWER = 200.0  # tokens of an answer, until a reply tells
_LOOK = 0.02  # seconds between looks at whether the first reply has come
_PATIENCE = 5.0  # seconds that others wait for the first reply's word on limits
_SLOW, _TOO_MANY = 0.3, 429  # how fast estimates follow what replies say


@dataclass(slots=True)
class Bucket:
    """A limit that fills up again; `level` is what is left when all promises are kept."""

    limit: float
    rate: float  # a second
    level: float
    at: float

    def fill(self, now: float) -> None:
        self.level = min(self.limit, self.level + (now - self.at) * self.rate)
        self.at = now


@dataclass(eq=False, slots=True)
class Ticket:
    """A place in the queue."""

    tokens: float  # as estimated
    characters: int
    careful: bool
    reason: str = ""
    state: str = "waiting"  # then sent, then over
    taken: dict[str, float] = field(default_factory=dict)  # by limit
    ready: dict[str, float] = field(default_factory=dict)  # by limit, when it is there

    def cost(self, kind: str) -> float:
        """What it takes of a limit."""
        return self.tokens if kind.startswith("tokens") else 1.0

    def comes_up(self) -> tuple[float, str]:
        """When the place comes up, and the limit that it waits for."""
        return max(((at, kind) for kind, at in self.ready.items()), default=(0.0, ""))


class Pace:
    """Hands out places so that the limits hold.

    A place is taken from all limits when it is asked for, so that requests go in order, and given
    back in part when the reply tells how many tokens it really took.

    Args:
        requests: Requests a minute, where they are set by hand.
        tokens: Tokens a minute, where they are set by hand.
        clock: Seconds that only go forward.

    Raises:
        ConfigError: A limit is not above 0.
    """

    def __init__(
        self,
        requests: float | None = None,
        tokens: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock, self._lock = clock, Lock()
        self._buckets: dict[str, Bucket] = {}
        for kind, limit in ((_REQUESTS, requests), (_TOKENS, tokens)):
            if limit is not None:
                if limit <= 0:
                    raise ConfigError(f"A limit of {kind} is above 0.")
                self._buckets[kind] = Bucket(limit, limit / MINUTE, limit, clock())
        self._by_hand = frozenset(self._buckets)
        self._open: dict[Ticket, None] = {}  # in order
        self._paused = (0.0, "")
        self._per_character, self._answer = 1 / _CHARS, _ANSWER
        self._first_sent: float | None = None
        self._known = bool(self._buckets)

    def reserve(self, request: Request, *, careful: bool = False) -> Ticket:
        """A place for a request; `careful` keeps all but the first back until a reply came."""
        characters = _characters(request)
        most = request.options.get("max_tokens") or self._answer
        ticket = Ticket(characters * self._per_character + most, characters, careful)
        with self._lock:
            now = self._clock()
            self._open[ticket] = None
            for kind, bucket in self._buckets.items():
                self._take(ticket, kind, bucket, now)
        return ticket

    def wait(self, ticket: Ticket) -> float:
        """Seconds until the place comes up, or 0; ask again after the wait."""
        with self._lock:
            now = self._clock()
            until, reason = max(self._paused, ticket.comes_up())
            if until > now:
                known = self._buckets.get(reason)
                ticket.reason = f"{known.limit:,.0f} {reason}" if known else reason
                return until - now
            if ticket.careful and not self._known:
                if self._first_sent is None:
                    self._first_sent = now
                elif now - self._first_sent < _PATIENCE:
                    ticket.reason = "the first reply's word on limits"
                    return _LOOK
            return 0.0

    def sent(self, ticket: Ticket) -> None:
        """The request goes out now."""
        with self._lock:
            ticket.state = "sent"

    def learn(
        self,
        ticket: Ticket,
        usage: Usage | None,
        quotas: Sequence[Quota],
        plans: Mapping[int, int] | None = None,
    ) -> None:
        """Take what a reply tells of tokens and limits."""
        with self._lock:
            now = self._clock()
            self._settle(ticket)
            if usage and usage.total_tokens:
                self._correct(ticket, usage)
            for quota in quotas:
                self._sync(quota, now)
                if quota.kind == "tokens" and plans and quota.limit in plans:
                    self._limit(_REQUESTS, plans[int(quota.limit)], MINUTE, now)
            self._known = True

    def refused(self, ticket: Ticket, error: InterfaceError) -> None:
        """Take what an error tells; after a 429 nobody sends for as long as it says."""
        if not isinstance(error, StatusError):
            return
        self.learn(ticket, None, error.quotas)
        if error.status != _TOO_MANY:
            return
        with self._lock:
            now = self._clock()
            wait = error.retry_after or 0.0
            self._paused = max(self._paused, (now + wait, "the server's limit, as it said"))
            if told := _TOLD.search(str(error)):
                kind = f"{told[1]} a {told[2]}"
                self._limit(kind, float(told[3]), MINUTE if told[2] == "minute" else _DAY, now)
                bucket = self._buckets[kind]
                there = ticket.cost(kind) - wait * bucket.rate  # at the server, now
                bucket.level = min(bucket.level, there - self._promised(kind, "waiting"))
                self._queue_anew(kind, bucket)

    def release(self, ticket: Ticket) -> None:
        """The request is over, however it went; what it did not use is given back."""
        with self._lock:
            if ticket.state == "waiting":
                for kind, cost in ticket.taken.items():
                    self._buckets[kind].level += cost
            self._settle(ticket)

    def _settle(self, ticket: Ticket) -> None:
        ticket.state = "over"
        self._open.pop(ticket, None)

    def _take(self, ticket: Ticket, kind: str, bucket: Bucket, now: float) -> None:
        """Promise a part of a limit, and see when it will be there."""
        bucket.fill(now)
        cost = min(ticket.cost(kind), bucket.limit)
        bucket.level -= cost
        ticket.taken[kind] = cost
        ticket.ready[kind] = now + max(0.0, -bucket.level / bucket.rate)

    def _queue_anew(self, kind: str, bucket: Bucket) -> None:
        """See anew when the waiting requests come up, because the level was put right."""
        level = bucket.level + self._promised(kind, "waiting")
        for ticket in self._open:
            if ticket.state == "waiting":
                level -= ticket.taken.get(kind, 0.0)
                ticket.ready[kind] = bucket.at + max(0.0, -level / bucket.rate)

    def _limit(self, kind: str, limit: float, per: float, now: float) -> None:
        """Set a limit that was not known, or another one."""
        known = self._buckets.get(kind)
        if kind in self._by_hand or (known and known.limit == limit):
            return
        bucket = self._buckets[kind] = Bucket(limit, limit / per, limit, now)
        for ticket in self._open:
            self._take(ticket, kind, bucket, now)

    def _sync(self, quota: Quota, now: float) -> None:
        """Bring a limit into line with what the server counted."""
        kind, per, used = _TOKENS, MINUTE, quota.limit - quota.remaining
        if quota.kind == "requests":  # of a day at Groq, of a minute elsewhere
            if quota.reset <= 0 or used <= 0:
                return
            kind, per = "requests", quota.limit * quota.reset / used
        if kind in self._by_hand:
            return
        self._limit(kind, quota.limit, per, now)
        bucket = self._buckets[kind]
        bucket.fill(now)
        most = quota.remaining - self._promised(kind, "waiting")
        least = most - self._promised(kind, "sent")
        bucket.level = min(max(bucket.level, least), most)
        self._queue_anew(kind, bucket)

    def _promised(self, kind: str, state: str) -> float:
        return sum(each.taken.get(kind, 0.0) for each in self._open if each.state == state)

    def _correct(self, ticket: Ticket, usage: Usage) -> None:
        """Give back what was promised and not used, and estimate better from now on."""
        counted = usage.total_tokens - (usage.cached_tokens or 0)
        if bucket := self._buckets.get(_TOKENS):
            bucket.level = min(
                bucket.limit, bucket.level + ticket.taken.get(_TOKENS, 0.0) - counted
            )
        prompt = counted - (usage.completion_tokens or 0)
        ratio = prompt / max(ticket.characters, 1)
        self._per_character += _SLOW * (ratio - self._per_character)
        self._answer += _SLOW * ((usage.completion_tokens or 0) - self._answer)


def _characters(request: Request) -> int:
    size = sum(len(str(each.parameters)) + len(each.description) for each in request.definitions)
    for message in request.messages:
        size += len(message.content or "")
        if isinstance(message, AssistantMessage):
            size += sum(len(call.arguments) for call in message.calls)
    return size
