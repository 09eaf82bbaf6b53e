"""How many tokens a request takes, estimated from its characters and from what replies said."""

from __future__ import annotations

from dataclasses import dataclass

from agentkit.messages import Usage
from agentkit.ticket import Crowd, Ticket

CHARS_PER_TOKEN = 3.5
"""Characters of a request for one token, until a reply tells."""

_SURELY = 0.6  # of an estimate: one is never as far off
_MOST_CHARS = 8.0  # characters for one token: no text has more, until a reply tells
_TELLING = 500  # characters of a request that tell how many make a token
_ANSWER = 200.0  # tokens of an answer, until a reply tells
_SLOW = 0.3  # how fast estimates follow what replies say


@dataclass(slots=True)
class Estimate:
    """Tokens of requests to one server.

    Args:
        per_character: Tokens for a character.
        around: Tokens that the server puts around a prompt.
        answer: Tokens of an answer.
        off: Tokens by which estimates were wrong.
        told: Whether a reply has told how many characters make a token.
    """

    per_character: float = 1 / CHARS_PER_TOKEN
    around: float = 0.0
    answer: float = _ANSWER
    off: float = 0.0
    told: bool = False

    def prompt(self, ticket: Ticket) -> float:
        """Tokens of a request's prompt."""
        return ticket.characters * self.per_character + self.around

    def least(self, ticket: Ticket) -> float:
        """Tokens that a request's prompt has at the least."""
        return _SURELY * self.prompt(ticket) if self.told else ticket.characters / _MOST_CHARS

    def probable(self, ticket: Ticket) -> float:
        """Tokens of a request with its answer."""
        return self.prompt(ticket) + self.answer

    def most(self, ticket: Ticket) -> float:
        """Tokens that the server wants to be there."""
        longest = self.prompt(ticket) + (ticket.most or 0)
        return max(longest, self.probable(ticket) + 2 * self.off)

    def usual(self, crowd: Crowd) -> float:
        """Tokens of one of many requests."""
        prompt = crowd.characters / max(crowd.count, 1) * self.per_character + self.around
        return prompt + self.answer

    def learn(self, ticket: Ticket, usage: Usage) -> float:
        """Take what a reply says that its request took, and give the tokens that counted."""
        counted = counted_of(usage)
        self.off += _SLOW * (abs(counted - self.probable(ticket)) - self.off)
        prompt = counted - (usage.completion_tokens or 0)
        if ticket.characters >= _TELLING:
            ratio = prompt / ticket.characters
            self.per_character += _SLOW * (ratio - self.per_character)
            self.told = True
        else:
            around = max(prompt - ticket.characters * self.per_character, 0.0)
            self.around += _SLOW * (around - self.around)
        self.answer += _SLOW * ((usage.completion_tokens or 0) - self.answer)
        return counted


def counted_of(usage: Usage) -> int:
    """The tokens of a request and its answer that count for limits."""
    return usage.total_tokens - (usage.cached_tokens or 0)
