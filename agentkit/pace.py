"""How fast a server takes requests: its limits as buckets that fill up again; no I/O.

Groq's limits fill continuously: 1,323 tokens too many of 15,000 a minute are answered by "try again
in 5.289s" (https://github.com/Aider-AI/aider/issues/3265).
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock

from agentkit.bucket import Bucket, ToldLimit
from agentkit.errors import InterfaceError, StatusError
from agentkit.estimate import Estimate
from agentkit.messages import Quota, Request, Usage
from agentkit.shared_limits import Rates
from agentkit.ticket import Crowd, Line, Ticket, ticket_of
from agentkit.workers import renew_in_children

MINUTE = 60.0
_REQUESTS, _TOKENS = "requests a minute", "tokens a minute"
_LONGEST = 1e7  # seconds in which a limit fills up; longer ones are nonsense
_LOOK = 0.02  # seconds between looks at whether the first reply has come
_SOONEST = 600  # parts of a minute: the shortest wait
_GRACE = 12  # parts of a minute that one may look late for its place and keep it
_PATIENCE = 5.0  # seconds that others wait for the first reply's word on limits
_TOO_LARGE, _TOO_MANY = 413, 429
_ROOMY = 0.75  # of a limit that is used again once something was left out


class Pace:
    """Hands out places so that the limits hold.

    Requests go in the order in which they asked for a place. What a request takes is an estimate
    until its reply tells how many tokens it really took.

    Args:
        requests: Requests a minute, where they are set by hand; above 0.
        tokens: Tokens a minute, where they are set by hand; above 0.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        requests: float | None = None,
        tokens: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        for kind, limit in ((_REQUESTS, requests), (_TOKENS, tokens)):
            if limit is not None:
                self._buckets[kind] = Bucket.full(limit, MINUTE, clock(), MINUTE)
        self._by_hand = frozenset(self._buckets)
        self._paused = (0.0, "")
        self._tokens = Estimate()
        self._newest = 0.0  # when the request was sent whose headers were believed last
        self._known = bool(self._buckets)
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Forget all requests, but not the limits: in a forked process nobody ends them."""
        self._lock = Lock()
        self._line, self._flying = Line(), Crowd()
        self._sent: dict[Ticket, None] = {}
        self._promised: dict[str, float] = defaultdict(float)  # by limit, to those that are sent
        self._over: deque[Ticket] = deque()
        self._first_sent: float | None = None
        self._first: Ticket | None = None

    def reserve(self, request: Request, *, careful: bool = False) -> Ticket:
        """A place for a request; `careful` keeps all but the first back until a reply came."""
        ticket = ticket_of(request, careful=careful)
        with self._held() as now:
            ticket.next_look = now
            self._line.join(ticket)
        return ticket

    def wait(self, ticket: Ticket) -> float:
        """Seconds until the place comes up, or 0; ask again after the wait or a part of it."""
        with self._held() as now:
            ticket.next_look = now
            self._line.pass_over(now, MINUTE / _GRACE)
            seconds = self._wait(ticket, now)
            ticket.next_look = now + seconds
            return seconds

    def _wait(self, ticket: Ticket, now: float) -> float:
        until, reason = self._paused
        if until > now:
            ticket.reason = reason
            return until - now
        if ticket.careful and not self._known:
            if self._first_sent is None:
                self._first_sent, self._first = now, ticket
            elif now - self._first_sent < _PATIENCE:
                ticket.reason = "the first reply's word on limits"
                return _LOOK
        waits = (
            (self._until(ticket, kind, bucket, now), kind) for kind, bucket in self._buckets.items()
        )
        seconds, kind = max(waits, default=(0.0, ""))
        if seconds > 0:
            ticket.reason = f"{self._buckets[kind].limit:,.0f} {kind}"
        return seconds

    def sent(self, ticket: Ticket) -> None:
        """The request goes out now."""
        with self._held() as now:
            self._line.leave(ticket)
            ticket.sent_at = now
            self._sent[ticket] = None
            self._flying.add(ticket)
            for kind, bucket in self._buckets.items():
                self._take(ticket, kind, bucket)

    def learn(
        self,
        ticket: Ticket,
        usage: Usage | None,
        quotas: Sequence[Quota],
        plans: Mapping[int, int] | None = None,
    ) -> None:
        """Take what a reply tells of tokens and limits."""
        with self._held() as now:
            if usage and usage.total_tokens:
                self._correct(ticket, usage)
            for quota in quotas:
                if quota.kind == "tokens" and plans and quota.limit in plans:
                    self._limit(_REQUESTS, plans[int(quota.limit)], MINUTE, now)
            self._settle(ticket)
            for quota in quotas:
                self._sync(quota, ticket, now)
            self._newest = max(self._newest, ticket.sent_at)
            self._known = self._known or usage is not None or bool(quotas)

    def refused(self, ticket: Ticket, error: InterfaceError) -> None:
        """Take what an error tells; after a 429 nobody sends for as long as it says."""
        if not isinstance(error, StatusError):
            return
        refused = error.status in (_TOO_LARGE, _TOO_MANY)
        if refused:
            with self._held():
                self._give_back(ticket)
        self.learn(ticket, None, error.quotas)
        if not refused:
            return
        with self._held() as now:
            if told := ToldLimit.read(str(error)):
                self._limit(told.kind, told.limit, told.minutes * MINUTE, now)
            if error.status == _TOO_LARGE:
                return
            wait = error.retry_after or 0.0
            self._paused = max(self._paused, (now + wait, "the server's limit, as it said"))
            if told:
                bucket = self._buckets[told.kind]
                bucket.fill(now)
                bucket.level = min(bucket.level, told.limit - told.used)

    def excess(self, request: Request) -> float:
        """Characters by which a request is too long for the tokens of a minute, or 0.

        They are so many that one without them leaves a quarter of the limit free.
        """
        if (bucket := self._buckets.get(_TOKENS)) is None:
            return 0.0
        cost = self._tokens.most(ticket_of(request))
        over = cost - _ROOMY * bucket.limit
        return over / self._tokens.per_character if cost > bucket.limit else 0.0

    def never_fits(self, request: Request) -> tuple[float, float] | None:
        """The tokens of a request's prompt and those of a minute, if it is surely too long."""
        if (bucket := self._buckets.get(_TOKENS)) is None:
            return None
        ticket = ticket_of(request)
        if self._tokens.least(ticket) <= bucket.limit:
            return None
        return self._tokens.prompt(ticket), bucket.limit

    @property
    def learned(self) -> Rates:
        """The limits of a minute that the server told, as far as it did."""
        with self._held():
            told = {kind: each for kind, each in self._buckets.items() if kind not in self._by_hand}
        return Rates(*(told[kind].limit if kind in told else None for kind in (_REQUESTS, _TOKENS)))

    def release(self, ticket: Ticket) -> None:
        """The request is over, however it went."""
        # The garbage collector may call this in the middle of any other method, with the lock held.
        self._over.append(ticket)

    @contextmanager
    def _held(self) -> Iterator[float]:
        """The lock, and the time; those that are over are taken into account first."""
        with self._lock:
            while self._over:
                ticket = self._over.popleft()
                if ticket is self._first:  # where it failed, another is the first
                    self._first_sent = None
                self._settle(ticket)
            yield self._clock()

    def _settle(self, ticket: Ticket) -> None:
        self._line.leave(ticket)
        if ticket in self._sent:
            del self._sent[ticket]
            self._flying.add(ticket, -1)
            for kind, cost in ticket.taken.items():
                self._promised[kind] -= cost

    def _until(self, ticket: Ticket, kind: str, bucket: Bucket, now: float) -> float:
        """Seconds until a place comes up, or to look whether others left more than expected."""
        bucket.fill(now)
        own = min(self._cost(ticket, kind, most=True), bucket.limit - bucket.reserve)
        ahead = self._line.ahead(ticket)
        there = bucket.level - bucket.reserve
        if (not ahead and own <= there) or self._most_of_all(kind) <= there:
            return 0.0
        probable = self._flying.count * self._usual(self._flying, kind)
        spare = max(self._promised[kind] - probable, 0.0)
        need = own + ahead * self._usual(self._line.crowd, kind)
        return max((need - there - spare) / bucket.rate, MINUTE / _SOONEST)

    def _most_of_all(self, kind: str) -> float:
        """What all that wait may take together."""
        crowd = self._line.crowd
        total = crowd.count * self._usual(crowd, kind)
        is_tokens = kind.startswith("tokens")
        return total + (crowd.most + crowd.count * 2 * self._tokens.off if is_tokens else 0.0)

    def _usual(self, crowd: Crowd, kind: str) -> float:
        """What one of many requests takes of a limit."""
        if not kind.startswith("tokens"):
            return 1.0
        return self._tokens.usual(crowd)

    def _cost(self, ticket: Ticket, kind: str, *, most: bool = False) -> float:
        """What a request will probably take of a limit, or what the server wants to be there."""
        if not kind.startswith("tokens"):
            return 1.0
        return self._tokens.most(ticket) if most else self._tokens.probable(ticket)

    def _take(self, ticket: Ticket, kind: str, bucket: Bucket) -> None:
        ticket.taken[kind] = min(self._cost(ticket, kind, most=True), bucket.limit)
        bucket.level -= ticket.taken[kind]
        self._promised[kind] += ticket.taken[kind]

    def _give_back(self, ticket: Ticket) -> None:
        """The server took nothing."""
        for kind, cost in ticket.taken.items():
            self._buckets[kind].level += cost
            self._promised[kind] -= cost
        ticket.taken.clear()

    def _limit(self, kind: str, limit: float, per: float, now: float) -> None:
        """Set a limit that was not known, or another one."""
        known = self._buckets.get(kind)
        if kind in self._by_hand or (known and known.limit == limit):
            return
        bucket = self._buckets[kind] = Bucket.full(limit, per, now, MINUTE)
        self._promised[kind] = 0.0
        for ticket in self._sent:
            self._take(ticket, kind, bucket)

    def _sync(self, quota: Quota, ticket: Ticket, now: float) -> None:
        """Bring a limit into line with what the server counted when the request came to it."""
        kind, per, used = _TOKENS, MINUTE, quota.limit - quota.remaining
        if quota.kind == "requests":  # of a day at Groq, of a minute elsewhere
            if quota.reset <= 0 or used <= 0:
                return
            kind, per = "requests", quota.limit * quota.reset / used
            if per > _LONGEST:
                return
        if kind in self._by_hand:
            return
        is_new = kind not in self._buckets
        self._limit(kind, quota.limit, per, now)
        bucket = self._buckets[kind]
        bucket.fill(now)
        sent = self._promised[kind]
        if is_new:
            bucket.level = quota.remaining - sent
        elif ticket.sent_at >= self._newest:  # else later ones, that are over, are not in it
            bucket.level = max(bucket.level, quota.remaining - sent)
        filled = quota.remaining + (now - ticket.sent_at) * bucket.rate
        bucket.level = min(bucket.level, filled)

    def _correct(self, ticket: Ticket, usage: Usage) -> None:
        """Give back what was promised and not used, and estimate better from now on."""
        counted = self._tokens.learn(ticket, usage)
        for kind, taken in ticket.taken.items():
            if kind.startswith("tokens"):
                self._buckets[kind].level += taken - counted
