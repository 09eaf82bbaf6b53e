"""Two variants over the same cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agentkit.evals.intervals import Interval, difference
from agentkit.evals.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two variants differ over the same cases.

    Args:
        first: The name of the variant that others are compared with.
        second: The other's.
        metric: What is compared: "passed" or "right tools", in shares of runs.
        difference: The second's share without the first's, from -1 to 1.
        interval: Where the true difference lies with 95 % confidence, over all comparisons of the
            report together.
        better: Cases in which the second did better.
        worse: Cases in which it did worse.
        cases: Cases that both have.
    """

    first: str
    second: str
    metric: str
    difference: float
    interval: Interval
    better: int
    worse: int
    cases: int

    @property
    def can_be_told(self) -> bool:
        """Whether the difference is more than chance explains."""
        return not self.interval.low <= 0 <= self.interval.high

    @property
    def words(self) -> str:
        """What it comes to, in a sentence."""
        points = f"{100 * self.difference:+.1f} points of {self.metric}"
        low, high = (f"{100 * each:+.1f}" for each in (self.interval.low, self.interval.high))
        bounds = f"(95 %: {low} to {high}; {self.better} better, {self.worse} worse)"
        if self.can_be_told:
            word = "better" if self.difference > 0 else "worse"
            return f"{self.second} is {word} than {self.first}: {points} {bounds}."
        return (
            f"{self.second} and {self.first}: no difference that can be told over "
            f"{self.cases} cases: {points} {bounds}."
        )


def compared(
    first: Sequence[Outcome], second: Sequence[Outcome], metric: str, of: int
) -> Comparison:
    """The outcomes of a variant compared with those of another.

    Args:
        first: The outcomes of the one that others are compared with.
        second: The other's.
        metric: One of `METRICS`.
        of: How many comparisons are made.
    """
    before, after = (_means(each, METRICS[metric]) for each in (first, second))
    pairs = [(before[case], after[case]) for case in before if case in after]
    names = [each[0].variant if each else "" for each in (first, second)]
    found, interval = difference([new - old for old, new in pairs], of)
    better, worse = sum(new > old for old, new in pairs), sum(new < old for old, new in pairs)
    return Comparison(names[0], names[1], metric, found, interval, better, worse, len(pairs))


def _means(outcomes: Iterable[Outcome], score: Callable[[Outcome], bool]) -> dict[str, float]:
    """The mean of each case over its repeats."""
    found: dict[str, list[bool]] = {}
    for each in outcomes:
        found.setdefault(each.case, []).append(score(each))
    return {case: sum(scores) / len(scores) for case, scores in found.items()}


METRICS: dict[str, Callable[[Outcome], bool]] = {
    "passed": lambda outcome: outcome.passed,
    "right tools": lambda outcome: outcome.tools_are_right,
}
