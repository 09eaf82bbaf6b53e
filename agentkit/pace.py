"""How fast a server takes requests: its limits as buckets that fill up again; no I/O.

Groq's limits fill continuously: 1,323 tokens too many of 15,000 a minute are answered by "try again
in 5.289s" (https://github.com/Aider-AI/aider/issues/3265).
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from agentkit.bucket import Bucket
from agentkit.errors import ConfigError, InterfaceError, StatusError
from agentkit.messages import Quota, Request, Usage
from agentkit.ticket import Crowd, Ticket, characters_of

MINUTE = 60.0
_REQUESTS, _TOKENS = "requests a minute", "tokens a minute"
_TOLD = re.compile(
    r"(requests|tokens) per (min|day)[^:]{0,20}: Limit:? (\d+(?:,\d{3})*)"
    r"(?:, Used:? (\d+(?:,\d{3})*))?"
)
_LONGEST = 1e7  # seconds in which a limit fills up; longer ones are nonsense
_SPANS = {"min": ("a minute", 1), "day": ("a day", 1440)}
_CHARS = 3.5  # of a request for one token, until a reply tells
_TELLING = 500  # characters of a request that tell how many make a token
_ANSWER = 200.0  # tokens of an answer, until a reply tells
_LOOK = 0.02  # seconds between looks at whether the first reply has come
_SOONEST, _SOON = 600, 60  # parts of a minute: the shortest wait; longer ones are looked at again
_PATIENCE = 5.0  # seconds that others wait for the first reply's word on limits
_SLOW, _TOO_MANY = 0.3, 429  # how fast estimates follow what replies say


class Pace:
    """Hands out places so that the limits hold.

    Requests go in the order in which they asked for a place. What a request takes is an estimate
    until its reply tells how many tokens it really took.

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
                self._buckets[kind] = Bucket.full(limit, MINUTE, clock(), MINUTE)
        self._by_hand = frozenset(self._buckets)
        self._waiting, self._flying = Crowd(), Crowd()
        self._sent: dict[Ticket, None] = {}
        self._promised: dict[str, float] = defaultdict(float)  # by limit, to those that are sent
        self._next, self._front = 0, 0  # numbers: of the next place, of the first that waits
        self._gone: set[int] = set()  # numbers behind the front that wait no more
        self._paused = (0.0, "")
        self._per_character, self._answer, self._off = 1 / _CHARS, _ANSWER, 0.0
        self._around = 0.0  # tokens that the server puts around a prompt
        self._first_sent: float | None = None
        self._first: Ticket | None = None
        self._newest = 0.0  # when the request was sent whose headers were believed last
        self._known = bool(self._buckets)

    def reserve(self, request: Request, *, careful: bool = False) -> Ticket:
        """A place for a request; `careful` keeps all but the first back until a reply came."""
        characters, most = characters_of(request), request.options.get("max_tokens")
        with self._lock:
            ticket = Ticket(self._next, characters, most, careful)
            self._next += 1
            self._waiting.add(ticket)
        return ticket

    def wait(self, ticket: Ticket) -> float:
        """Seconds until the place comes up, or 0; ask again after the wait or a part of it."""
        with self._lock:
            now = self._clock()
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
                (self._until(ticket, kind, bucket, now), kind)
                for kind, bucket in self._buckets.items()
            )
            seconds, kind = max(waits, default=(0.0, ""))
            if seconds > 0:
                ticket.reason = f"{self._buckets[kind].limit:,.0f} {kind}"
            return seconds

    def sent(self, ticket: Ticket) -> None:
        """The request goes out now."""
        with self._lock:
            self._leave_queue(ticket)
            ticket.state, ticket.sent_at = "sent", self._clock()
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
        with self._lock:
            now = self._clock()
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
        if error.status == _TOO_MANY:
            with self._lock:
                self._give_back(ticket)
        self.learn(ticket, None, error.quotas)
        if error.status != _TOO_MANY:
            return
        with self._lock:
            now = self._clock()
            wait = error.retry_after or 0.0
            self._paused = max(self._paused, (now + wait, "the server's limit, as it said"))
            if (told := _TOLD.search(str(error))) and (limit := _number(told[3])) > 0:
                kind, per = _SPANS[told[2]]
                kind = f"{told[1]} {kind}"
                self._limit(kind, limit, per * MINUTE, now)
                bucket = self._buckets[kind]
                bucket.fill(now)
                used = _number(told[4]) if told[4] else limit
                bucket.level = min(bucket.level, limit - used)

    def release(self, ticket: Ticket) -> None:
        """The request is over, however it went."""
        with self._lock:
            if ticket is self._first:  # where it failed, another is the first
                self._first_sent = None
            self._settle(ticket)

    def _settle(self, ticket: Ticket) -> None:
        if ticket.state == "waiting":
            self._leave_queue(ticket)
        elif ticket.state == "sent":
            del self._sent[ticket]
            self._flying.add(ticket, -1)
            for kind, cost in ticket.taken.items():
                self._promised[kind] -= cost
        ticket.state = "over"

    def _leave_queue(self, ticket: Ticket) -> None:
        self._waiting.add(ticket, -1)
        self._gone.add(ticket.number)
        while self._front in self._gone:
            self._gone.remove(self._front)
            self._front += 1

    def _until(self, ticket: Ticket, kind: str, bucket: Bucket, now: float) -> float:
        """Seconds until a place comes up, or to look whether others left more than expected."""
        bucket.fill(now)
        own = min(self._cost(ticket, kind, most=True), bucket.limit - bucket.kept)
        ahead = max(ticket.number - self._front, 0)
        there = bucket.level - bucket.kept
        if (not ahead and own <= there) or self._most_of_all(kind) <= there:
            return 0.0
        probable = self._flying.count * self._usual(self._flying, kind)
        spare = max(self._promised[kind] - probable, 0.0)
        need = own + ahead * self._usual(self._waiting, kind)
        return max((need - there - spare) / bucket.rate, MINUTE / _SOONEST)

    def _most_of_all(self, kind: str) -> float:
        """What all that wait may take together."""
        crowd = self._waiting
        extra = crowd.most + crowd.count * 2 * self._off if kind.startswith("tokens") else 0.0
        return crowd.count * self._usual(crowd, kind) + extra

    def _usual(self, crowd: Crowd, kind: str) -> float:
        """What one of many requests takes of a limit."""
        if not kind.startswith("tokens"):
            return 1.0
        prompt = crowd.characters / max(crowd.count, 1) * self._per_character + self._around
        return prompt + self._answer

    def _cost(self, ticket: Ticket, kind: str, *, most: bool = False) -> float:
        """What a request will probably take of a limit, or what the server wants to be there."""
        if not kind.startswith("tokens"):
            return 1.0
        prompt = ticket.characters * self._per_character + self._around
        probable = prompt + self._answer
        if not most:
            return probable
        longest = prompt + (ticket.most or 0)
        return max(longest, probable + 2 * self._off)

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
        counted = usage.total_tokens - (usage.cached_tokens or 0)
        if (bucket := self._buckets.get(_TOKENS)) and _TOKENS in ticket.taken:
            bucket.level += ticket.taken[_TOKENS] - counted
        off = abs(counted - self._cost(ticket, _TOKENS))
        self._off += _SLOW * (off - self._off)
        prompt = counted - (usage.completion_tokens or 0)
        if ticket.characters >= _TELLING:
            ratio = prompt / ticket.characters
            self._per_character += _SLOW * (ratio - self._per_character)
        else:
            around = max(prompt - ticket.characters * self._per_character, 0.0)
            self._around += _SLOW * (around - self._around)
        self._answer += _SLOW * ((usage.completion_tokens or 0) - self._answer)


def _number(written: str) -> float:
    return float(written.replace(",", "") or 0)


def nap(seconds: float) -> float:
    """How much of a wait to sleep: the queue moves up when others take less than expected."""
    return seconds if seconds <= MINUTE / _SOON else max(seconds / 2, MINUTE / _SOON)
