"""What figures of a report are called, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agentkit.evals.figures import Figures, Share
from agentkit.evals.outcome import NO_CALL, Outcome
from agentkit.evals.report import Report
from agentkit.journal.figures import dollars, duration, several

_NONE = "\N{EN DASH}"  # where nothing is known


def percent(share: float) -> str:
    """A share, from 0 to 1, in percent: 100 only for all, and 0 for none."""
    rounded = round(100 * share)
    return f"{min(max(rounded, int(share > 0)), 100 if share >= 1 else 99)} %"


def shown_share(share: Share) -> str:
    """A share with its parts, and where the true one lies."""
    if share.value is None:
        return _NONE
    low_high = ""
    if share.interval:
        low_high = f" ({percent(share.interval.low)[:-2]}-{percent(share.interval.high)[:-2]})"
    return f"{share.count:,}/{share.total:,}  {percent(share.value)}{low_high}"


SHARES: tuple[tuple[str, Callable[[Figures], Share]], ...] = (
    ("passed", lambda f: f.passed),
    ("right tool", lambda f: f.right_tools),
    ("right arguments", lambda f: f.right_arguments),
)
"""The shares of each variant, by name."""

SUMS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("missing calls", lambda f: f"{f.missing:,}"),
    ("extra calls", lambda f: f"{f.extra:,}"),
    ("errors", lambda f: f"{f.errors:,}"),
    ("passed sometimes", lambda f: several(f.sometimes, "case") or _NONE),
    ("steps a run", lambda f: f"{f.steps:.1f}"),
    ("tokens", lambda f: _NONE if f.tokens is None else f"{f.tokens:,}"),
    ("cost", lambda f: _NONE if f.cost is None else dollars(f.cost)),
    ("latency", lambda f: _NONE if f.latency is None else duration(f.latency)),
    ("latency, 95 %", lambda f: _NONE if f.latency_95 is None else duration(f.latency_95)),
)
"""What else is told of each variant, by name."""


def called(name: str) -> str:
    """A tool's name in a confusion; no call has none."""
    return "no call" if name == NO_CALL else name


def counted(report: Report) -> str:
    """How many cases, variants, repeats and runs there are."""
    runs = f"{several(len(report.outcomes), 'run') or 'no runs'}"
    ways = several(len(report.variants), "variant") if len(report.variants) > 1 else ""
    times = f"up to {report.repeats} times each" if report.repeats > 1 else ""
    cases = several(len(report.cases), "case") or "no cases"
    return ", ".join(filter(None, (cases, ways, times, runs)))


def verdict(report: Report) -> str:
    """Whether the threshold is met, in words."""
    shares = [report.figures(each.name).passed for each in report.variants]
    if not any(each.total for each in shares):
        return "Failed: nothing was run."
    worst = min(shares, key=lambda each: each.value or 0.0)
    of_several = " of the worst variant" if len(shares) > 1 else ""
    seen = f"{worst.count:,} of {worst.total:,} runs{of_several} passed"
    must = f"{100 * report.threshold:g} % must"
    return (
        f"{'Passed' if report.met else 'Failed'}: {seen} ({percent(worst.value or 0.0)}), {must}."
    )


def shortened(said: str, most: int) -> str:
    """A text that is cut where it is longer."""
    return said if len(said) <= most else f"{said[:most]}…"


def by_case(report: Report) -> dict[str, list[Outcome]]:
    """The outcomes of each case, in the order of the cases."""
    found: dict[str, list[Outcome]] = {each.id: [] for each in report.cases}
    for each in report.outcomes:
        found.setdefault(each.case, []).append(each)
    return found


def alike(outcomes: Iterable[Outcome]) -> list[list[Outcome]]:
    """Outcomes of one case, those together in which the same was done and found."""
    found: dict[object, list[Outcome]] = {}
    for each in outcomes:
        answers = () if each.passed else each.answers
        key = (each.variant, each.calls, each.checks, answers, each.error)
        found.setdefault(key, []).append(each)
    return list(found.values())


def why_not(outcome: Outcome) -> list[str]:
    """What is wrong with an outcome, in sentences."""
    told = [each.why for each in outcome.failures if each.why]
    return told or [outcome.error or "it did not pass"]
