"""Which reply of a script is due.

The transcript tells: the user's message that a rule matches, and how many messages of the model
came since. So any number of runs can share a script, at the same time and in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agentkit.messages import AssistantMessage, Request, UserMessage
from agentkit.testing.rules import Line, Rule


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of the user, the request as it was then, and what the model said since."""

    text: str
    request: Request
    said: tuple[AssistantMessage, ...]


def turns(request: Request) -> Iterator[Turn]:
    """The messages of the user, the last first."""
    messages, said = request.messages, tuple[AssistantMessage, ...]()
    for index in range(len(messages) - 1, -1, -1):
        match messages[index]:
            case AssistantMessage() as message:
                said = (message, *said)
            case UserMessage(content=text):
                yield Turn(text, replace(request, messages=messages[: index + 1]), said)


def due(rules: Sequence[Rule], request: Request, *, reuse: bool) -> Line | None:
    """The reply that is due, of the first rule that has one.

    A rule for what the user said last comes before one that goes on; one that said what the
    transcript has, before one whose words were changed since, as by a person who edited a call.

    Args:
        rules: What the script says to what.
        request: What is asked.
        reuse: Whether a reply may be given more often than its rule says, where no other is due.
    """
    since = list(turns(request)) if rules else []
    found = [(rule, turn) for turn in since for rule in rules if matches(rule, turn)]
    for exact in (True, False):
        for again in (False, True)[: 1 + reuse]:
            for rule, turn in found:
                line = next_line(rule, len(turn.said))
                if line and (again or line.given < rule.times) and goes_on(rule, turn, exact=exact):
                    return line
    return None


def matches(rule: Rule, turn: Turn) -> bool:
    """Whether a rule is about what the user said."""
    match rule.match:
        case str(part):
            return part.casefold() in turn.text.casefold()
        case re.Pattern() as pattern:
            return pattern.search(turn.text) is not None
        case predicate:
            return bool(predicate(turn.request))


def next_line(rule: Rule, place: int) -> Line | None:
    """The reply that a rule has behind so many messages, if it has one."""
    places = _by_place(rule)
    return min(places[place], key=lambda line: line.given) if place < len(places) else None


def goes_on(rule: Rule, turn: Turn, *, exact: bool) -> bool:
    """Whether what the model said since is what the rule says; or that much was given of it."""
    pairs = zip(_by_place(rule), turn.said, strict=False)
    return all(_is(lines[-1], said) if exact else lines[-1].given for lines, said in pairs)


def _by_place(rule: Rule) -> list[list[Line]]:
    """The replies of a rule by the message that they are: exceptions, which are none, and it."""
    places: list[list[Line]] = [[]]
    for line in rule.lines:
        places[-1].append(line)
        if not isinstance(line.reply, Exception):
            places.append([])
    return places if places[-1] else places[:-1]


def _is(line: Line, said: AssistantMessage) -> bool:
    mine = line.message
    if mine is None:
        return True
    calls = [(call.name, call.written) for call in mine.calls]
    return calls == [(call.name, call.written) for call in said.calls] and (
        mine.content == said.content
    )
