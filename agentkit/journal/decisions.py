"""What a person decided on calls that waited, as the events of a run tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentkit.journal.stored import StoredEvent
from agentkit.journal.texts import messages_of
from agentkit.messages import FunctionCall, ResultMessage
from agentkit.transcript import CUT_SHORT, NOT_BEGUN, UNDECIDED, last_calls


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision on one call.

    Args:
        call: The call, with the arguments that it may run with.
        result: What it was given as its result without running; None if it may run.
    """

    call: FunctionCall
    result: ResultMessage | None


class Decisions:
    """Reads the events of a run one by one, and finds the decisions in them."""

    def __init__(self) -> None:
        self._open: set[int] = set()  # calls of the last response that waited, or had begun

    def see(self, event: StoredEvent) -> Sequence[Decision]:
        """The decisions with which a run goes on; nothing for other events."""
        if event.kind == "response":
            self._open.clear()
        elif event.kind == "call":
            self._open.add(event.data["index"])
        elif event.kind == "result":
            self._open.discard(event.data["index"])
        calls, slots = last_calls(messages_of(event.data.get("messages") or ()))
        if not calls:
            return ()
        decided = [
            Decision(call, result)
            for n, (call, result) in enumerate(zip(calls, slots, strict=True))
            if event.kind == "begin" and n in self._open and _is_decided(call, result)
        ]
        self._open = {n for n, call in enumerate(calls) if call.waits and slots[n] is None}
        return decided


def _is_decided(call: FunctionCall, result: ResultMessage | None) -> bool:
    nobody = (CUT_SHORT, NOT_BEGUN, UNDECIDED)
    return result.content not in nobody if result else bool(call.approved)
