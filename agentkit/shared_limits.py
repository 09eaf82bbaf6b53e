"""Limits that many processes keep together: what keeps them, as requests see it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol


class Rates(NamedTuple):
    """Requests and tokens a minute; None where that is not limited, or not known."""

    requests: float | None = None
    tokens: float | None = None


class Place(Protocol):
    """A request's place under the limits of all."""

    wait: float
    """Seconds after which to ask again, as `ask` found; with 0 the request goes out now."""

    reason: str
    """What it waits for."""

    @property
    def is_fresh(self) -> bool:
        """Whether a place that was given still holds; else it is to be asked for once more."""

    def ask(self) -> None:
        """Find out whether the request can go out. Does I/O.

        Raises:
            InterfaceError: What keeps the limits could not be reached for too long.
        """

    def sent(self) -> None:
        """The request goes out now; whatever comes of it, it is counted."""

    def answered(self, tokens: float | None, learned: Rates) -> bool:
        """The reply has come; tells whether others should know soon: see `flush`.

        Args:
            tokens: What the request took, where the reply says so.
            learned: The server's limits, as far as replies tell.
        """

    def refused(self, wait: float | None, learned: Rates) -> bool:
        """The server took nothing; after a wait it may.

        Args:
            wait: Seconds, where it names them.
            learned: The server's limits, as far as replies tell.
        """

    def flush(self) -> None:
        """Tell all others what came of requests. Does I/O, and does without where that fails."""

    def release(self) -> None:
        """The request is over, however it went. Takes no lock."""


class SharedLimits(Protocol):
    """Keeps limits for many processes."""

    def place(
        self, key: Hashable, name: str, tokens: float, by_hand: Rates, patience: float
    ) -> Place:
        """A place for a request.

        Args:
            key: What the server counts by: address, key and model.
            name: For people, without secrets.
            tokens: What the request takes, by an estimate that is the same in all processes.
            by_hand: Limits that are set by hand.
            patience: Seconds after which it fails if the limits cannot be looked up.
        """


SHARED: ContextVar[SharedLimits | None] = ContextVar("agentkit_shared_limits", default=None)
"""Where `Paced` interfaces keep their limits beside their own pace."""


@contextmanager
def sharing(limits: SharedLimits | None) -> Iterator[None]:
    """Whatever is asked within keeps these limits together with all other processes.

    Args:
        limits: What keeps them.
    """
    token = SHARED.set(limits)
    try:
        yield
    finally:
        SHARED.reset(token)
