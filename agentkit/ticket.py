"""Places in the queue of requests for a server."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from operator import attrgetter

from agentkit.messages import AssistantMessage, FunctionDefinition, Message, Request


@dataclass(eq=False, slots=True)
class Ticket:
    """A place in the queue."""

    characters: int
    most: float | None  # tokens of the answer
    careful: bool
    next_look: float  # when it asks again, at the latest
    number: int = 0
    reason: str = ""
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


class Line:
    """Those that wait, in the order in which they came."""

    def __init__(self) -> None:
        self.crowd = Crowd()
        self._tickets: list[Ticket] = []
        self._next = 0

    def join(self, ticket: Ticket) -> None:
        """Stand at the end."""
        ticket.number, self._next = self._next, self._next + 1
        self._tickets.append(ticket)
        self.crowd.add(ticket)

    def leave(self, ticket: Ticket) -> None:
        """Wait no more, if it still does."""
        place = self.ahead(ticket)
        if self._tickets[place : place + 1] == [ticket]:
            del self._tickets[place]
            self.crowd.add(ticket, -1)

    def ahead(self, ticket: Ticket) -> int:
        """How many are to go before."""
        return bisect_left(self._tickets, ticket.number, key=attrgetter("number"))

    def pass_over(self, now: float, grace: float) -> None:
        """Put who did not look when it should have, and holds up the others, at the end."""
        while self._tickets and now > self._tickets[0].next_look + grace:
            late = self._tickets[0]
            self.leave(late)
            late.next_look = now
            self.join(late)


def ticket_of(request: Request, *, careful: bool = False) -> Ticket:
    """A place for a request that is not in a queue yet."""
    most = request.options.get("max_tokens")
    is_number = isinstance(most, int | float)  # what is none is refused when it is sent
    return Ticket(characters_of(request), most if is_number else None, careful, 0.0)


def characters_of(request: Request) -> int:
    """The characters of a request that count as tokens of its prompt."""
    messages = request.messages
    known: tuple[Message, ...]
    size: int
    known, size = request._encoded.get(_COUNTED, ((), 0))
    if not request.goes_on_from(known):
        known, size = (), 0
    size += sum(map(_said, messages[len(known) :]))
    request._encoded[_COUNTED] = messages, size
    return size + sum(map(_defined, request.definitions))


def _said(message: Message) -> int:
    size = len(message.content or "")
    if isinstance(message, AssistantMessage):
        size += sum(len(call.arguments) for call in message.calls)
    return size


def _defined(definition: FunctionDefinition) -> int:
    size: int | None = definition._encoded.get(_COUNTED)
    if size is None:
        size = len(str(definition.parameters)) + len(definition.description)
        definition._encoded[_COUNTED] = size
    return size


_COUNTED = "characters"
