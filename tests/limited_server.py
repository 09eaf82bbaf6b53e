"""A model server that enforces limits as Groq does: buckets that fill up again all the time.

A request takes one request and its tokens, prompt and completion, from the buckets of its model when
it comes; one that finds too little in them is answered by a 429 that says when to try again, and
takes nothing. Every reply tells what is left, requests of a day and tokens of a minute.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from model_server import ModelServer, Raw, Reply, results_in
from official_types import reply_problems

from agentkit import FunctionCall

_TOO_MANY = (
    "Rate limit reached for model `{model}` in organization `org_x` service tier `on_demand` on "
    "{kind}: Limit {limit:.0f}, Used {used:.0f}, Requested {cost:.0f}. Please try again in "
    "{wait:.6f}s."
)
_A_DAY = 14_400  # requests, as on Groq's free plan
_DAY = 1440  # minutes


@dataclass
class Bucket:
    """A limit of a minute, full at first."""

    limit: float
    minute: float
    kind: str
    at: float
    level: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.limit

    def fill(self, now: float) -> None:
        self.level = min(self.limit, self.level + (now - self.at) * self.limit / self.minute)
        self.at = now

    def missing(self, cost: float) -> float:
        """Seconds until so much is there."""
        return max(0.0, (cost - self.level) * self.minute / self.limit)


@dataclass
class Account:
    """What one model's limits came to."""

    requests: Bucket
    tokens: Bucket
    began: float
    ended: float = 0.0
    served: int = 0
    spent: int = 0  # tokens
    refused: list[float] = field(default_factory=list)  # when

    def share(self, kind: str) -> float:
        """What was used of all that the limit allowed from the first to the last request."""
        bucket = {"requests": self.requests, "tokens": self.tokens}[kind]
        used = {"requests": self.served, "tokens": self.spent}[kind]
        return used / (bucket.limit + (self.ended - self.began) * bucket.limit / bucket.minute)

    def take(self, cost: int, now: float) -> tuple[Bucket, float] | None:
        """Count a request, or give the limit that it has to wait for, and how long."""
        self.requests.fill(now)
        self.tokens.fill(now)
        for bucket, part in ((self.requests, 1), (self.tokens, cost)):
            if wait := bucket.missing(part):
                self.refused.append(now)
                return bucket, wait
        self.requests.level -= 1
        self.tokens.level -= cost
        self.served, self.spent, self.ended = self.served + 1, self.spent + cost, now
        return None


class LimitedServer(ModelServer):
    """Plays runs of so many steps, the last of which is the answer.

    Args:
        minute: Seconds that stand for a minute.
        steps: Requests of one run.
        completion: The fewest and the most tokens of an answer.
        tells: Whether replies say anything about limits beyond the text of a 429.
        clock: Seconds.
    """

    def __init__(
        self,
        *,
        minute: float,
        requests: int = 30,
        tokens: int = 8_000,
        steps: int = 3,
        completion: tuple[int, int] = (20, 60),
        tells: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.minute, self.limits, self.steps = minute, (requests, tokens), steps
        self.completion, self.tells = completion, tells
        self._clock = clock
        self.accounts: dict[str, Account] = {}
        self._taking = Lock()
        self.always = self._limited

    def __enter__(self) -> LimitedServer:
        super().__enter__()
        for chunk in (False, True):  # building the types takes a second, in which no bucket fills
            reply_problems({}, chunk=chunk)
        return self

    @property
    def account(self) -> Account:
        """The account of the one model that was asked."""
        (only,) = self.accounts.values()
        return only

    def _limited(self, body: dict[str, Any]) -> Raw:
        reply = self._said(body)
        with self._taking:
            now = self._clock()
            account = self.accounts.get(body["model"]) or self._opened(body["model"], now)
            refusal = account.take(sum(reply.usage), now)
            headers = self._told(account)
        if refusal is None:
            return replace(self.spelled(reply, body)[0], headers=headers)
        bucket, wait = refusal
        text = _TOO_MANY.format(
            model=body["model"],
            kind=bucket.kind,
            limit=bucket.limit,
            used=bucket.limit - bucket.level,
            cost=sum(reply.usage) if bucket is account.tokens else 1,
            wait=wait,
        )
        error = {"message": text, "type": bucket.kind.split()[0], "code": "rate_limit_exceeded"}
        headers |= {"retry-after": f"{wait:.6f}"} if self.tells else {}
        return Raw([json.dumps({"error": error}).encode()], status=429, headers=headers)

    def _opened(self, model: str, now: float) -> Account:
        requests, tokens = self.limits
        self.accounts[model] = Account(
            Bucket(requests, self.minute, "requests per minute (RPM)", now),
            Bucket(tokens, self.minute, "tokens per minute (TPM)", now),
            began=now,
        )
        return self.accounts[model]

    def _said(self, body: Mapping[str, Any]) -> Reply:
        """The reply: a call of `look`, until the results make up all steps but the last."""
        text = json.dumps(body)
        least, most = self.completion
        usage = (len(text) // 4, least + zlib.crc32(text.encode()) % (most - least + 1))
        done = len(results_in(body))
        if done + 1 < self.steps:
            return Reply(calls=[FunctionCall("look", json.dumps({"at": done}))], usage=usage)
        return Reply("Done.", usage=usage)

    def _told(self, account: Account) -> dict[str, str]:
        if not self.tells:
            return {}
        tokens = account.tokens
        reset = account.served * _DAY * self.minute / _A_DAY
        return {
            "x-ratelimit-limit-requests": str(_A_DAY),
            "x-ratelimit-remaining-requests": str(_A_DAY - account.served),
            "x-ratelimit-reset-requests": f"{reset:.6f}s",
            "x-ratelimit-limit-tokens": f"{tokens.limit:.0f}",
            "x-ratelimit-remaining-tokens": f"{tokens.level:.0f}",
            "x-ratelimit-reset-tokens": f"{tokens.missing(tokens.limit) * 1000:.3f}ms",
        }
