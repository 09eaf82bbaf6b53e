"""Places in the queue of requests for a server."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.messages import AssistantMessage, Request


@dataclass(eq=False, slots=True)
class Ticket:
    """A place in the queue."""

    number: int
    characters: int
    most: float | None  # tokens of the answer
    careful: bool
    reason: str = ""
    state: str = "waiting"  # then sent, then over
    sent_at: float = 0.0
    taken: dict[str, float] = field(default_factory=dict)  # by limit, once it is sent


@dataclass(slots=True)
class Crowd:
    """How many requests, and their characters together; so that no look goes through all."""

    count: int = 0
    characters: int = 0
    most: float = 0.0  # tokens of their answers

    def add(self, ticket: Ticket, sign: int = 1) -> None:
        """Count a request in, or out with the sign -1."""
        self.count += sign
        self.characters += sign * ticket.characters
        self.most += sign * (ticket.most or 0)


def characters_of(request: Request) -> int:
    """The characters of a request that count as tokens of its prompt."""
    size = sum(len(str(each.parameters)) + len(each.description) for each in request.definitions)
    for message in request.messages:
        size += len(message.content or "")
        if isinstance(message, AssistantMessage):
            size += sum(len(call.arguments) for call in message.calls)
    return size
