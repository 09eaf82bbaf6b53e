"""What the outcomes of one variant come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from agentkit.evals.intervals import Interval, percentile, rate
from agentkit.evals.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole.

    Args:
        count: How many are right.
        total: How many there are.
        interval: Where the true share lies with 95 % confidence; None where there is nothing.
    """

    count: int
    total: int
    interval: Interval | None = None

    @property
    def value(self) -> float | None:
        """From 0 to 1; None where there is nothing."""
        return self.count / self.total if self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the outcomes of one variant come to.

    Args:
        passed: Runs of cases that passed.
        right_tools: Expected calls in whose place the right tool was called.
        right_arguments: Of these, the ones with right arguments.
        missing: Expected calls in whose place nothing was called.
        extra: Calls beyond the expected ones, in cases whose calls are judged.
        errors: Runs that an error ended.
        always: Cases that passed each time.
        sometimes: Cases that passed, but not each time.
        never: Cases that never passed.
        steps: The mean of replies in a run.
        tokens: All tokens together; None where no server told.
        cost: US dollars together; None where one is not known.
        latency: The median of a run's seconds of waiting for the model; None where not known.
        latency_95: The same, of the 95th percentile.
    """

    passed: Share
    right_tools: Share
    right_arguments: Share
    missing: int
    extra: int
    errors: int
    always: int
    sometimes: int
    never: int
    steps: float
    tokens: int | None
    cost: float | None
    latency: float | None
    latency_95: float | None


@dataclass(frozen=True, slots=True)
class ToolFigures:
    """How well one tool is chosen.

    Args:
        name: The tool.
        precision: Of the calls of it, those that were expected.
        recall: Of the expected calls of it, those that were made.
        right_arguments: Of these, those with right arguments.
    """

    name: str
    precision: Share
    recall: Share
    right_arguments: Share


def figures_of(outcomes: Sequence[Outcome]) -> Figures:
    """What outcomes come to, such as those of a variant, or of a tag in it."""
    wanted = [each for outcome in outcomes for each in outcome.wanted or ()]
    passed = _by_case(outcomes, lambda each: [each.passed])
    always = sum(all(each) for each in passed)
    never = sum(not any(each) for each in passed)
    tokens = [t for o in outcomes for t in (o.prompt_tokens, o.completion_tokens) if t is not None]
    costs = [each.cost for each in outcomes]
    latencies = [each.latency for each in outcomes if each.latency is not None]
    return Figures(
        passed=_share(passed),
        right_tools=_share(_by_case(outcomes, _right_tools)),
        right_arguments=_share(_by_case(outcomes, _right_arguments)),
        missing=sum(each.made is None for each in wanted),
        extra=sum(len(each.extra) for each in outcomes if each.wanted is not None),
        errors=sum(bool(each.error) for each in outcomes),
        always=always,
        sometimes=len(passed) - always - never,
        never=never,
        steps=sum(each.steps for each in outcomes) / max(len(outcomes), 1),
        tokens=sum(tokens) if tokens else None,
        cost=None if None in costs or not costs else sum(filter(None, costs)),
        latency=median(latencies) if latencies else None,
        latency_95=percentile(latencies, 0.95),
    )


def _by_case(
    outcomes: Iterable[Outcome], scores: Callable[[Outcome], list[bool]]
) -> list[list[bool]]:
    """The scores of each case, over its runs."""
    found: dict[str, list[bool]] = {}
    for each in outcomes:
        found.setdefault(each.case, []).extend(scores(each))
    return list(found.values())


def _right_tools(outcome: Outcome) -> list[bool]:
    return [each.tool_is_right for each in outcome.wanted or ()]


def _right_arguments(outcome: Outcome) -> list[bool]:
    return [each.is_right for each in outcome.wanted or () if each.tool_is_right]


def _share(scores: Sequence[Sequence[bool]]) -> Share:
    return Share(sum(map(sum, scores)), sum(map(len, scores)), rate(scores))


def tool_figures_of(name: str, outcomes: Sequence[Outcome]) -> ToolFigures:
    """How well one tool is chosen in these outcomes."""

    def called(outcome: Outcome) -> list[bool]:
        return [expected == name for expected, made in outcome.confused if made == name]

    def expected(outcome: Outcome) -> list[bool]:
        return [made == name for expected, made in outcome.confused if expected == name]

    def arguments(outcome: Outcome) -> list[bool]:
        return [
            each.is_right
            for each in outcome.wanted or ()
            if each.tool_is_right and outcome.calls[each.made or 0].name == name
        ]

    shares = (_share(_by_case(outcomes, scores)) for scores in (called, expected, arguments))
    return ToolFigures(name, *shares)
