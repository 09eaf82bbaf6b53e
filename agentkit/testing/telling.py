"""What a script fails with: what was asked, what there is, and what would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from agentkit.errors import closest
from agentkit.messages import AssistantMessage, Message, Request
from agentkit.run import short, shown
from agentkit.testing.matching import Turn, matches, next_line, turns
from agentkit.testing.replies import Reply
from agentkit.testing.rules import Line, Rule

_SHOWN = 10  # rules, replies or requests
_MARKS = "\"'.,:;!?()"
_SAYS_NOTHING = "it says nothing: add .call(...) or .then(...)"


def no_reply(number: int, request: Request, rules: Iterable[Rule]) -> str:
    """Why a request has no reply: what it says, and why no rule is for it."""
    since = list(turns(request))
    reasons = sorted([(*_why_not(rule, since), _name(rule)) for rule in rules], key=_nearness)
    last = len(since[0].request.messages) - 1 if since else 0
    lines = [f"The script has no reply to request {number}:"]
    lines += _listed(map(_said, request.messages[last:]), "  ")
    if reasons:
        lines += ["Its rules, the nearest first:"]
        lines += _listed(f"{name}: {why}" for _, why, name in reasons)
    return "\n".join(lines)


def left_over(rules: Iterable[Rule], replies: Sequence[Reply], requests: Iterable[Request]) -> str:
    """What was not asked for, or nothing."""
    left = [f"{_name(rule)}: {what}" for rule in rules for what in _left(rule)]
    left += [f"listed: {_told(Line(each, ''))}" for each in replies]
    if not left:
        return ""
    asked = [f"{n}. {_said(each.messages[-1])}" for n, each in enumerate(requests, 1)]
    lines = ["The script was not asked for all that it has. Left over:", *_listed(left)]
    lines += ["It was asked:", *_listed(asked, "  ")] if asked else ["It was asked nothing."]
    return "\n".join(lines)


def _nearness(reason: tuple[int, str, str]) -> int:
    return reason[0]


def _why_not(rule: Rule, since: Sequence[Turn]) -> tuple[int, str]:
    """How far a rule is from a request, and why it has no reply to it."""
    turn = next((turn for turn in since if matches(rule, turn)), None)
    if turn is None:
        return _far(rule, since[0].text if since else "")
    line, place = next_line(rule, len(turn.said)), len(turn.said) + 1
    if not rule.lines:
        return 0, _SAYS_NOTHING
    if line is None:
        return 0, f"it has no reply {place}: add .then(...)"
    if line.given >= rule.times:
        return 0, f"its reply {place} was given; for one run more: times={rule.times + 1}"
    return 0, f"its reply {place} follows another one than the model's last"


def _far(rule: Rule, text: str) -> tuple[int, str]:
    if isinstance(rule.match, str):
        words, length = [each.strip(_MARKS) for each in text.split()], len(rule.match.split())
        parts = [" ".join(words[n : n + length]) for n in range(len(words))]
        hint = closest(rule.match, parts)
        return (1 if hint else 2), f"not in what the user said.{hint}"
    if isinstance(rule.match, re.Pattern):
        return 2, "not found in what the user said"
    return 2, "not so of this request"


def _left(rule: Rule) -> Iterator[str]:
    if not rule.lines:
        yield _SAYS_NOTHING
    for number, line in enumerate(rule.lines, 1):
        if line.given < rule.times:
            often = f", {rule.times - line.given} of {rule.times} times" if rule.times > 1 else ""
            yield f"reply {number}, {_told(line)}{often}"


def _name(rule: Rule) -> str:
    match: Any = rule.match
    told = json.dumps(match, ensure_ascii=False) if isinstance(match, str) else _called(match)
    return f"when({told if match else ''}), {rule.place}"


def _called(value: Any) -> str:
    return str(getattr(value, "__name__", value))


def _told(line: Line) -> str:
    message = line.message
    if message is not None:
        return _words(message)
    return repr(line.reply) if isinstance(line.reply, Exception) else _called(line.reply)


def _said(message: Message) -> str:
    if isinstance(message, AssistantMessage):
        return f"model: {_words(message)}"
    who = message.role if message.role != "function" else f"result of {message.name}"
    return f"{who}: {short(message.content)}"


def _words(message: AssistantMessage) -> str:
    text = [f'"{short(message.content)}"'] if message.content else []
    return ", ".join([*text, *(short(shown(call)) for call in message.calls)]) or "nothing"


def _listed(lines: Iterable[str], mark: str = "- ") -> list[str]:
    every = [f"{mark}{line}" for line in lines]
    more = len(every) - _SHOWN
    return every if more <= 0 else [*every[:_SHOWN], f"{mark}and {more} more"]
