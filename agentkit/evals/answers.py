"""Which answers are right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentkit.evals.case import Answer
from agentkit.evals.matching import Predicate
from agentkit.evals.outcome import Check

_MINUS = re.compile("[\u2010-\u2015\u2212]")  # hyphens and dashes that models write for a minus
_BLANKS = re.compile(r"\s+")


def answer_problems(expected: Answer, said: str | None, turn: int) -> Iterator[Check]:
    """What is right of an answer, and what is wrong.

    Args:
        expected: What it is to be like.
        said: The answer; None where there was none.
        turn: The turn of the conversation.
    """
    actual = said or ""
    text = _flat(actual)

    def check(passed: bool, wanted: str, why: str) -> Check:
        return Check("answer", passed, wanted, actual, "" if passed else why, turn)

    if said is None:
        yield check(False, "an answer", "there is no answer")
        return
    for each in expected.contains:
        yield check(_flat(each) in text, f"contains {each!r}", f"{each!r} is not in the answer")
    for each in expected.not_contains:
        fits = _flat(each) not in text
        yield check(fits, f"does not contain {each!r}", f"{each!r} is in the answer")
    if expected.pattern:
        fits = re.search(expected.pattern, actual) is not None
        why = "the answer does not fit the pattern"
        yield check(fits, f"fits /{expected.pattern}/", why)
    if expected.predicate is not None:
        predicate = Predicate(expected.predicate)
        why = predicate.problem(actual)
        yield check(not why, repr(predicate), why)


def _flat(text: str) -> str:
    """The text as far as it counts: not the case of letters, the kind of blanks or of dashes."""
    return _BLANKS.sub(" ", _MINUS.sub("-", text)).strip().casefold()
