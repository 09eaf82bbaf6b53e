"""What a run tells as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from agentkit.context import Progress
from agentkit.messages import Delta, FunctionCall, Request, Response, ResultMessage, Wait
from agentkit.run import Run

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RequestSent:
    """A request is about to be sent."""

    request: Request


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A response came, whole."""

    response: Response


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A call is about to run."""

    call: FunctionCall
    call_key: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call has its result."""

    call: FunctionCall
    call_key: str
    result: ResultMessage


@dataclass(frozen=True, slots=True)
class ApprovalNeeded:
    """A call does not run until a person approves it; `call.waits` says why. The run ends here."""

    call: FunctionCall
    call_key: str


@dataclass(frozen=True, slots=True)
class RunEnded(Generic[T]):
    """The run is over; the last event."""

    run: Run[T]


Event = (
    RequestSent
    | Wait
    | Delta
    | ResponseReceived
    | CallStarted
    | Progress
    | CallEnded
    | ApprovalNeeded
    | RunEnded[Any]
)
"""Anything that `Agent.iter` yields."""
