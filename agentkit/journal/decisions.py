"""What a person decided on calls that waited, as the events of a run tell it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentkit.journal.stored import StoredEvent
from agentkit.journal.texts import messages_of
from agentkit.messages import AssistantMessage, FunctionCall, ResultMessage
from agentkit.transcript import last_assistant, settled


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
        self._begun = False
        self._ran: set[int] = set()  # calls of the last response that have their own results

    def see(self, event: StoredEvent) -> Sequence[Decision]:
        """The decisions with which a run goes on; nothing for other events."""
        if event.kind == "response":
            self._ran.clear()
        elif event.kind == "result":
            self._ran.add(event.data.get("index", -1))
        first, self._begun = not self._begun, True
        if first or event.kind != "begin":
            return ()
        return list(self._decided(event))

    def _decided(self, event: StoredEvent) -> Iterator[Decision]:
        messages, slots = settled(messages_of(event.data.get("messages") or ()))
        place, last = last_assistant(messages) or (0, AssistantMessage())
        calls = last.calls
        results = slots or [
            each if isinstance(each, ResultMessage) else None
            for each in messages[place + 1 : place + 1 + len(calls)]
        ]
        for index, (call, result) in enumerate(zip(calls, results, strict=False)):
            if index not in self._ran and (result or call.approved):
                yield Decision(call, result)
