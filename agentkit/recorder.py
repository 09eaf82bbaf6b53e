"""What a run tells its record, each time before the next thing happens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from agentkit.messages import FunctionCall, Message, Request, Response, ResultMessage
from agentkit.run import Run

T = TypeVar("T")
Keep = Callable[[T], None]
"""Takes what came of something, to be given again when it is replayed."""


@dataclass(frozen=True, slots=True)
class DueCall:
    """A call that is to be run; `index` is its place in the model's message."""

    call: FunctionCall
    key: str
    index: int

    @classmethod
    def of(cls, call: FunctionCall, step: str, index: int) -> DueCall:
        """The call with its key. Whoever edits its arguments makes another call of it."""
        edited = f":{call.digest[:8]}" if call.edited else ""
        return cls(call, f"{step}:{index}{edited}", index)


class Record(Protocol):
    """The record of one run, such as the one that a journal keeps."""

    @property
    def revision(self) -> str:
        """The last event that it has, as `Run.revision`."""

    def request(self, request: Request) -> None:
        """A request is about to be sent."""

    def response(self, response: Response) -> None:
        """A response came, and its calls were made readable."""

    def begun(self, due: DueCall) -> None:
        """A call is about to run."""

    def result(self, due: DueCall, result: ResultMessage) -> None:
        """A call has its result."""

    def end(self, run: Run[Any], error: BaseException | None = None) -> None:
        """The run has ended: with its answer, with calls that wait, or with an error."""


class Results(Protocol):
    """Recorded results of calls, such as those of a replay."""

    def result(
        self, due: DueCall, messages: Sequence[Message]
    ) -> ResultMessage | Keep[ResultMessage]:
        """The recorded result of a call at the end of a transcript, or what keeps its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a store is told of a run that begins, or goes on.

    Args:
        prompt: What the user says.
        interface: The name of the interface.
        model: The model.
        goes_on: Whether it may be there already.
        conversation: The conversation that it belongs to.
        turn: Which turn of it this is; one more than the last if not given.
        revision: The last event of it that is known, if any: it must not have gone on meanwhile.
        agent: The name of the agent among those of a service, which sees to the run.
    """

    prompt: str | None = None
    interface: str = ""
    model: str = ""
    goes_on: bool = False
    conversation: str | None = None
    turn: int | None = None
    revision: str = ""
    agent: str | None = None


@runtime_checkable
class Store(Protocol):
    """Where runs are kept, such as a `Journal`."""

    def begin(self, run: Run[Any], start: Start) -> Record:
        """The record of a run that begins, or goes on, with this transcript."""

    def run(self, run_id: str, *, repeat: Collection[str] = ()) -> Run[Any]:
        """A run as far as it came; `repeat` are the tools whose calls may be repeated."""

    def last_turn(self, conversation: str) -> tuple[int, Run[Any] | None]:
        """The number of a conversation's last turn, and its run; 0 and None for a new one."""
