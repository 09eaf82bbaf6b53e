"""Which function a text fits best, and whether it fits well enough to be called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentkit.offline.arithmetic import find_expression
from agentkit.offline.caution import is_allowed
from agentkit.offline.evidence import Reading, by_arguments, by_words, read, read_vocabulary
from agentkit.offline.fill import Filled, fill, wants_expression
from agentkit.offline.heard import hear
from agentkit.offline.match import Match
from agentkit.offline.schemas import Function
from agentkit.offline.words import DEEDS, OPPOSITES

__all__ = ["Choice", "choose"]

# Fitted by `python -m benchmarks.bfcl.weights`; their order is that of `evidence.FEATURES`.
_BY_WORDS = (1.54, 2.42, 0.87, 1.23, -0.95)
_BY_ARGUMENTS = (-1.67, -1.28, 0.57, 0.27, -1.23, -0.52)
_START = -1.04
# By hand, for values of the form that a schema asks for, where words suffice too: the
# leaderboard's schemas ask for none.
_FORMED = 1.0
_ARITHMETIC = 4.0  # for a function that takes an expression, where the text has one
_GATE = 0.35  # what a call must reach
_ASK = 2.0  # what words alone must reach to have a missing argument asked for
_CLOSE = 4  # of the functions nearest by words, how many have arguments tried
_BOTH_WAYS = (*OPPOSITES, *((b, a) for a, b in OPPOSITES))


@dataclass(frozen=True, slots=True)
class Choice:
    """A function, its arguments from the text, and whether the text asks for it.

    Args:
        score: About the logarithm of how much likelier the function is than that none fits.
        likely: Whether the text seems to ask for it.
        allowed: Whether its opposite is not what is said, nor that it changes something which
            the text only asks about.
    """

    score: float
    function: Function
    filled: Filled
    likely: bool
    allowed: bool

    @property
    def fits(self) -> bool:
        """Whether it may be called."""
        return self.likely and self.allowed


def choose(
    text: str, functions: tuple[Function, ...], now: datetime | None = None
) -> Choice | None:
    """The function that a text fits best, among the few whose words are nearest."""
    named = frozenset(word for each in functions for word in each.words)
    reading = read(hear(text, named), read_vocabulary(functions))
    counted = find_expression(text) is not None
    scores = [_START + _by_words(reading, each, counted) for each in functions]
    near = sorted(range(len(functions)), key=lambda i: -scores[i])[:_CLOSE]
    choices = [_judge(text, functions[i], scores[i], reading, now) for i in near]
    return max(choices, key=lambda each: (each.likely, each.score), default=None)


def _by_words(reading: Reading, function: Function, counted: bool) -> float:
    wanted = counted and any(wants_expression(each) for each in function.parameters)
    return _weighed(_BY_WORDS, by_words(reading, function)) + _ARITHMETIC * wanted


def _judge(
    text: str, function: Function, said: float, reading: Reading, now: datetime | None
) -> Choice:
    filled = fill(function, text, now=now)
    formed = said > _GATE and any(_is_formed(each) for each in filled.matches.values())
    score = said + _weighed(_BY_ARGUMENTS, by_arguments(function, filled)) + _FORMED * formed
    likely = score > _GATE or (bool(filled.missing) and said > _ASK)
    spoken = reading.heard.spoken
    allowed = is_allowed(function, spoken) and not (
        _is_opposed(function, spoken) or _is_kept(function, reading.heard.verb)
    )
    return Choice(score, function, filled, likely, allowed)


def _weighed(weights: tuple[float, ...], numbers: tuple[float, ...]) -> float:
    return sum(weight * number for weight, number in zip(weights, numbers, strict=True))


def _is_formed(match: Match) -> bool:
    """Whether a value has a schema's form; "today" is as likely only a word of the request."""
    moment = match.span.moment
    return match.parameter.format != "" and (moment is None or moment.told)


def _is_opposed(function: Function, spoken: frozenset[str]) -> bool:
    """Whether the text says the opposite of a word in the function's name, and not that word."""
    return any(
        own & {*function.words} and other & spoken and not own & spoken for own, other in _BOTH_WAYS
    )


def _is_kept(function: Function, verb: str) -> bool:
    """Whether something is to be deleted, and the function does something else."""
    return DEEDS.get(verb) == "drop" and "drop" not in map(DEEDS.get, function.speaks)
