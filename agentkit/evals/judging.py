"""Which calls and answers are right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from agentkit.arguments import read_arguments
from agentkit.errors import ArgumentsError
from agentkit.evals.answers import answer_problems
from agentkit.evals.case import Call, Case, Expected
from agentkit.evals.matching import MISSING, problem, same, short
from agentkit.evals.outcome import Check, Made, Outcome, Wanted
from agentkit.evals.pairing import in_order, paired
from agentkit.messages import FunctionCall
from agentkit.run import shown

Schemas = Mapping[str, Mapping[str, Any]]
"""The JSON schemas of tools' parameters, by the tools' names."""

_RIGHT, _RIGHT_TOOL, _ANY_TOOL = 1_000_000, 1_000, 1  # what a pair of calls is worth


def judged(case: Case, outcome: Outcome, schemas: Schemas) -> Outcome:
    """The outcome with its checks: whatever was said of it before is said anew.

    Args:
        case: What is expected.
        outcome: What a model did.
        schemas: Those of the tools, whose defaults may be written out or left out.
    """
    checks: list[Check] = []
    wanted: list[Wanted] = []
    is_judged = False
    for number, turn in enumerate(case.all_turns):
        places = [n for n, each in enumerate(outcome.calls) if each.turn == number]
        if turn.calls is not None:
            is_judged = True
            judge = _Calls(case, turn.calls, [outcome.calls[n] for n in places], schemas, number)
            checks += judge.checks()
            wanted += [
                each if each.made is None else replace(each, made=places[each.made])
                for each in judge.wanted
            ]
        checks += _forbidden(case, [outcome.calls[n] for n in places])
        if turn.answer is not None:
            said = outcome.answers[number] if number < len(outcome.answers) else None
            checks += answer_problems(turn.answer, said, number)
    if outcome.error:
        checks.append(Check("error", False, actual=outcome.error, why=outcome.error))
    return replace(
        outcome,
        checks=tuple(checks),
        wanted=tuple(wanted) if is_judged else None,
        passed=all(each.passed for each in checks),
    )


def spelled_call(made: Made) -> str:
    """A call that was made, as in Python."""
    return shown(FunctionCall(made.name, made.arguments))


class _Calls:
    """The calls of one turn.

    Args:
        case: What says whether order and further calls count.
        expected: The calls that are expected.
        made: Those that were made.
        schemas: Those of the tools.
        turn: The turn.
    """

    def __init__(
        self,
        case: Case,
        expected: Sequence[Expected],
        made: Sequence[Made],
        schemas: Schemas,
        turn: int,
    ) -> None:
        self._case, self._expected, self._made = case, expected, made
        self._turn = turn
        self._problems = [[_problems(e, m, schemas) for m in made] for e in expected]
        values = [[_worth(found) for found in row] for row in self._problems]
        self._pairs = paired(values)
        if case.order == "given":
            ordered = in_order(values)
            if self._right(ordered) == self._right(self._pairs):
                self._pairs = ordered  # else the calls are right, and their order is not

    def _right(self, pairs: Sequence[int | None]) -> int:
        return sum(p is not None and self._problems[n][p] == [] for n, p in enumerate(pairs))

    @property
    def wanted(self) -> list[Wanted]:
        """The expected calls with what came of them."""
        found = []
        for number, (each, made) in enumerate(zip(self._expected, self._pairs, strict=True)):
            names = tuple(dict.fromkeys(call.name for call in each.alternatives))
            problems = None if made is None else self._problems[number][made]
            is_tool = made is not None and self._made[made].name in names
            right = is_tool and problems == []
            found.append(Wanted(names, str(each), self._turn, made, is_tool, right))
        return found

    def checks(self) -> Iterator[Check]:
        """What is right of the calls, and what is wrong."""
        wanted = self.wanted
        for number, each in enumerate(wanted):
            yield self._check(number, each)
        yield from self._extra()
        places = [each.made for each in wanted if each.made is not None and each.is_right]
        if self._case.order == "given" and len(places) > 1:
            fits = all(one < other for one, other in pairwise(places))
            expected = ", then ".join(each.shown for each in wanted)
            actual = ", then ".join(spelled_call(self._made[n]) for n in sorted(places))
            why = "" if fits else "the calls are right, but not in this order"
            yield Check("order", fits, expected, actual, why, self._turn)
        if not wanted and not self._made:
            yield Check("extra", True, "no call", "no call", "", self._turn)

    def _check(self, number: int, each: Wanted) -> Check:
        if each.made is None:
            why = f"{' or '.join(each.names)} was not called"
            return Check("missing", False, each.shown, "", why, self._turn)
        actual = spelled_call(self._made[each.made])
        if not each.tool_is_right:
            why = f"{self._made[each.made].name} was called, not {' or '.join(each.names)}"
            return Check("tool", False, each.shown, actual, why, self._turn)
        why = "; ".join(self._problems[number][each.made] or [])
        return Check("arguments", not why, each.shown, actual, why, self._turn)

    def _extra(self) -> Iterator[Check]:
        allowed = self._case.extra
        taken = set(self._pairs)
        for number, made in enumerate(self._made):
            if number in taken or allowed == "allow":
                continue
            if isinstance(allowed, str) or made.name not in allowed:
                again = any(self._is_same(made, self._made[n]) for n in taken if n is not None)
                why = f"{made.name} was called {'once more' if again else 'besides'}"
                expected = "no further call" if self._expected else "no call"
                yield Check("extra", False, expected, spelled_call(made), why, self._turn)

    @staticmethod
    def _is_same(one: Made, other: Made) -> bool:
        return (one.name, one.arguments) == (other.name, other.arguments)


def _worth(problems: list[str] | None) -> int:
    """What it is worth to pair a call with an expected one: fewer wrong arguments are better."""
    if problems is None:
        return _ANY_TOOL
    return _RIGHT_TOOL + max(0, _RIGHT_TOOL - len(problems)) if problems else _RIGHT


def _problems(expected: Expected, made: Made, schemas: Schemas) -> list[str] | None:
    """What is wrong with the arguments of a call; None where the tool is another."""
    found = [
        _wrong_arguments(each, made, schemas.get(made.name, {}))
        for each in expected.alternatives
        if each.name == made.name
    ]
    return min(found, key=len) if found else None


def _wrong_arguments(expected: Call, made: Made, schema: Mapping[str, Any]) -> list[str]:
    if expected.arguments is None:
        return []
    try:
        given, _ = read_arguments(made.arguments)
    except ArgumentsError as error:
        return [f"the arguments cannot be read: {error}"]
    found = []
    for name, value in expected.arguments.items():
        actual = given.get(name, MISSING)
        for each in _equal(name, actual, schema):
            if not (why := problem(value, each)):
                break
        else:
            why = problem(value, actual)
            found.append(f"{name}: {why}")
    for name in given.keys() - expected.arguments.keys():
        if all(each is not MISSING for each in _equal(name, given[name], schema)):
            found.append(f"{name}: {short(given[name])} was given, where nothing is expected")
    return sorted(found)


def _equal(name: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    """The values of a parameter that mean the same to the tool as this one: a default may be
    written out, left out, or, where it may be left out, be null."""
    yield value
    parameter = schema.get("properties", {}).get(name, {})
    may_lack = name in schema.get("properties", {}) and name not in schema.get("required", ())
    default = parameter.get("default") if isinstance(parameter, Mapping) else None
    if not may_lack:
        return
    if value is MISSING or value is None or same(value, default):
        yield from (MISSING, default)


def _forbidden(case: Case, made: Sequence[Made]) -> Iterator[Check]:
    for each in made:
        if each.name in case.forbidden:
            why = f"{each.name} must not be called here"
            yield Check("forbidden", False, "", spelled_call(each), why, each.turn)
