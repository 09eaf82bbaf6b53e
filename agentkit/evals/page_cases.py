"""The cases of a report as HTML: what was expected, and what was done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentkit.evals.case import Case
from agentkit.evals.differing import differing
from agentkit.evals.judging import spelled_call
from agentkit.evals.outcome import Check, Outcome
from agentkit.evals.report import Report
from agentkit.evals.words import alike, by_case, shortened, why_not
from agentkit.journal.figures import dollars, duration, several
from agentkit.journal.sheet import facts, text

_KINDS = {
    "error": "Ended by an error",
    "forbidden": "Called a forbidden tool",
    "tool": "Called another tool",
    "missing": "Left out a call",
    "extra": "Made an extra call",
    "arguments": "Called with other arguments",
    "order": "Called in another order",
    "answer": "Gave a wrong answer",
}
"""The groups of cases that failed, the worst first."""

_PASSED = "Passed"
_LINE = 160  # characters of a prompt in a list
_MOST = 2_000  # cases; those that passed are left out first
_ROOM = 4_000_000  # characters of texts on the page, about
_LEAST, _LONGEST = 300, 20_000  # characters of a text


def places(report: Report) -> dict[str, str]:
    """Where each case that is shown stands in the page: its anchor, by its id."""
    return {case: f"case-{n}" for n, case in enumerate(_shown(report), 1)}


def case_lists(report: Report) -> Iterator[str]:
    """The cases by what went wrong in them first, and then those that passed."""
    at, cases = places(report), {each.id: each for each in report.cases}
    found = _shown(report)
    several_ways = len(report.variants) > 1
    longest = min(max(_ROOM // max(4 * sum(map(len, found.values())), 1), _LEAST), _LONGEST)
    groups: dict[str, list[str]] = {each: [] for each in (*_KINDS.values(), _PASSED)}
    for case_id, outcomes in found.items():
        case = cases.get(case_id) or Case("?", id=case_id)
        item = _Item(case, outcomes, at[case_id], several_ways, longest)
        groups[_group(outcomes)].append(item.html())
    for name, items in groups.items():
        if items:
            is_open = "" if name == _PASSED else " open"
            count = several(len(items), "case")
            head = f"<summary><h3>{name}</h3> <span>{count}</span></summary>"
            yield f'<details class="group"{is_open}>{head}{"".join(items)}</details>'
    if more := len(by_case(report)) - len(found):
        yield f"<p>{several(more, 'other case')} that passed: the JSON has all.</p>"


def _shown(report: Report) -> dict[str, list[Outcome]]:
    """The outcomes of the cases that have room on the page."""
    known = {case: each for case, each in by_case(report).items() if each}
    failed = [case for case, each in known.items() if _group(each) != _PASSED]
    passed = [case for case, each in known.items() if _group(each) == _PASSED]
    kept = {*[*failed, *passed][:_MOST]}
    return {case: each for case, each in known.items() if case in kept}


def _group(outcomes: Sequence[Outcome]) -> str:
    """What went wrong: the worst of it."""
    if all(each.passed for each in outcomes):
        return _PASSED
    kinds = {"error" if each.error else check.kind for each in outcomes for check in each.failures}
    return next((name for kind, name in _KINDS.items() if kind in kinds), _KINDS["error"])


@dataclass(frozen=True, slots=True)
class _Item:
    """A case with its outcomes, behind a line.

    Args:
        case: The case.
        outcomes: What came of it.
        anchor: Its place in the page.
        several_ways: Whether there are several variants.
        longest: Characters of a text.
    """

    case: Case
    outcomes: Sequence[Outcome]
    anchor: str
    several_ways: bool
    longest: int

    def html(self) -> str:
        """The line, and all that is behind it."""
        passed = sum(each.passed for each in self.outcomes)
        many = len(self.outcomes) > 1
        state = (
            f"{passed} of {len(self.outcomes)} passed" if many else "passed" if passed else "failed"
        )
        kind = "right" if passed == len(self.outcomes) else "wrong"
        prompt = " / ".join(" ".join(each.prompt.split()) for each in self.case.all_turns)
        inside = "".join((*self._asked(), *map(self._outcome, alike(self.outcomes))))
        name, line = (text(shortened(each, _LINE)) for each in (self.case.id, prompt))
        summary = (
            f'<b>{name}</b> <span class="prompt">{line}</span> <span class="mark">{state}</span>'
        )
        inside = f'<div class="inside" id="{self.anchor}">{inside}</div>'
        return f'<details class="case {kind}"><summary>{summary}</summary>{inside}</details>'

    def _asked(self) -> Iterator[str]:
        for n, turn in enumerate(self.case.all_turns, 1):
            name = f"Turn {n}" if self.case.turns else "Prompt"
            yield f"<h4>{name}</h4>{self._pre(turn.prompt)}"
        draft = "not edited by anybody" if self.case.draft else ""
        yield facts(
            (
                ("Tags", ", ".join(self.case.tags)),
                ("From", self.case.place),
                ("Note", self.case.note),
                ("Draft", draft),
            )
        )

    def _outcome(self, same: Sequence[Outcome]) -> str:
        """Runs in which the same was done."""
        first = same[0]
        of = sum(each.variant == first.variant for each in self.outcomes)
        times = f"{len(same)} of {of} runs" if of > 1 else ""
        state = "passed" if first.passed else "failed"
        head = ", ".join(filter(None, (first.variant if self.several_ways else "", state, times)))
        why = (
            ""
            if first.passed
            else "".join(f"<li>{self._text(each)}</li>" for each in why_not(first))
        )
        answers = "" if first.passed else self._answers(first)
        inside = f"{why and f'<ul>{why}</ul>'}{self._calls(first)}{answers}{facts(_sums(same))}"
        kind = "right" if first.passed else "wrong"
        return f'<section class="{kind}"><h4>{text(head)}</h4>{inside}</section>'

    def _calls(self, outcome: Outcome) -> str:
        """The calls that were expected, each beside the one made in its place; then all others."""
        rows = []
        for each in outcome.wanted or ():
            made = "" if each.made is None else spelled_call(outcome.calls[each.made])
            rows.append(self._row(each.turn, each.shown, made, each.is_right))
        judged = outcome.wanted is not None
        others = outcome.extra if judged else outcome.calls
        rows += [
            self._row(e.turn, "", spelled_call(e), not judged or outcome.passed) for e in others
        ]
        if not rows:
            return "<p>Nothing was called.</p>"
        return (
            '<table class="pairs"><thead><tr><th scope="col">expected</th>'
            f'<th scope="col">called</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
        )

    def _row(self, turn: int, expected: str, made: str, is_right: bool) -> str:
        left, right = (shortened(each, self.longest) for each in (expected, made))
        one, other = (text(left), text(right)) if is_right else differing(left, right)
        nothing = "<i>nothing</i>"
        told = f"<i>turn {turn + 1}:</i> " if self.case.turns else ""
        kind = "right" if is_right else "wrong"
        return f'<tr class="{kind}"><td>{told}{one or nothing}</td><td>{other or nothing}</td></tr>'

    def _answers(self, outcome: Outcome) -> str:
        told = [each for each in outcome.answers if each]
        checks = [each for each in outcome.failures if each.kind == "answer"]
        inside = "".join(map(self._pre, told))
        inside += "".join(f"<p>Expected: {self._text(_wanted(each))}</p>" for each in checks)
        if not inside:
            return ""
        return f"<details{' open' if checks else ''}><summary>Answer</summary>{inside}</details>"

    def _pre(self, said: str) -> str:
        return f"<pre>{self._text(said)}</pre>"

    def _text(self, said: str) -> str:
        return text(said, self.longest)


def _wanted(check: Check) -> str:
    return check.expected or check.why


def _sums(same: Sequence[Outcome]) -> Iterator[tuple[str, str]]:
    """What runs came to, in the mean where there are several."""
    count = len(same)
    tokens = [(o.prompt_tokens or 0) + (o.completion_tokens or 0) for o in same]
    costs = [each.cost for each in same if each.cost is not None]
    latencies = [each.latency for each in same if each.latency is not None]
    yield "Replies", f"{sum(each.steps for each in same) / count:.3g}"
    yield "Tokens", f"{sum(tokens) / count:,.0f}" if any(tokens) else ""
    yield "Cost", dollars(sum(costs) / count) if len(costs) == count else ""
    yield "Latency", duration(sum(latencies) / len(latencies)) if latencies else ""
    yield "Run", ", ".join(each.run_id for each in same if each.run_id)
