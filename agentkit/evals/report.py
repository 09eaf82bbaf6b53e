"""What all outcomes come to: figures, confusion between tools, and comparisons."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from agentkit.evals.case import Case
from agentkit.evals.comparison import METRICS, Comparison, compared
from agentkit.evals.figures import Figures, ToolFigures, figures_of, tool_figures_of
from agentkit.evals.hiding import hidden_case, hidden_outcome
from agentkit.evals.outcome import NO_CALL, Outcome
from agentkit.redact import environment_secrets


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the ways that cases were run.

    Args:
        name: Tells it from the others, by what they differ in.
        interface: The interface's name; "" for recorded runs that do not have it.
        model: The model, or its alias.
        dialect: "functions", "tools", or "" for the one of the interface.
        wording: The file that the tools' descriptions are from; "" for their own.
    """

    name: str
    interface: str = ""
    model: str = ""
    dialect: str = ""
    wording: str = ""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often which tool was called in the place of which.

    Args:
        names: The tools, in the order of rows and columns; the last is `NO_CALL`.
        counts: For each expected tool, a row, how often each was called, a column.
    """

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def confusions(self) -> list[tuple[str, str, int]]:
        """What is off the diagonal, the most frequent first: expected, called, how often."""
        found = [
            (expected, called, count)
            for expected, row in zip(self.names, self.counts, strict=True)
            for called, count in zip(self.names, row, strict=True)
            if count and expected != called
        ]
        return sorted(found, key=lambda each: -each[2])


@dataclass(frozen=True)
class Report:
    """All outcomes of an evaluation, and what they come to.

    Args:
        cases: The cases.
        variants: The ways that they were run.
        outcomes: What came of them; at most one of each case, variant and repeat.
        tools: The names of the tools that were offered.
        threshold: The share of runs that must pass in each variant, from 0 to 1.
    """

    cases: tuple[Case, ...]
    variants: tuple[Variant, ...]
    outcomes: tuple[Outcome, ...]
    tools: tuple[str, ...] = ()
    threshold: float = 1.0

    @cached_property
    def shown(self) -> Report:
        """The report as others may see it: without secrets that models and tools said."""
        secrets = environment_secrets()
        outcomes = tuple(hidden_outcome(each, secrets) for each in self.outcomes)
        cases = tuple(hidden_case(each, secrets) for each in self.cases)
        return replace(self, outcomes=outcomes, cases=cases)

    @property
    def met(self) -> bool:
        """Whether the threshold is met by each variant."""
        shares = [self.figures(each.name).passed.value for each in self.variants]
        return bool(shares) and all(s is not None and s >= self.threshold for s in shares)

    @cached_property
    def repeats(self) -> int:
        """How often each case was run in each variant, at most."""
        return max((each.repeat for each in self.outcomes), default=-1) + 1

    def of(self, variant: str | None = None, case: str | None = None) -> tuple[Outcome, ...]:
        """The outcomes of a variant, of a case, or of both; all if neither is given."""
        found = self._by_variant.get(variant, ()) if variant is not None else self.outcomes
        return tuple(found) if case is None else tuple(o for o in found if o.case == case)

    @cached_property
    def _by_variant(self) -> dict[str, list[Outcome]]:
        found: dict[str, list[Outcome]] = {}
        for each in self.outcomes:
            found.setdefault(each.variant, []).append(each)
        return found

    def figures(self, variant: str) -> Figures:
        """What the outcomes of a variant come to."""
        return figures_of(self.of(variant))

    def tool_figures(self, variant: str | None = None) -> list[ToolFigures]:
        """How well each tool is chosen that was expected or called, in one variant or all."""
        outcomes = self.of(variant)
        return [tool_figures_of(name, outcomes) for name in self.confusion(variant).names[:-1]]

    def confusion(self, variant: str | None = None) -> Confusion:
        """Which tool was called in the place of which, in one variant or all.

        It has the tools that were expected or called; `tools` has all that were offered.
        """
        pairs = Counter(pair for each in self.of(variant) for pair in each.confused)
        used = {name for pair in pairs for name in pair} - {NO_CALL}
        known = [name for name in self.tools if name in used]
        names = (*known, *sorted(used - set(known)), NO_CALL)
        counts = tuple(tuple(pairs[row, column] for column in names) for row in names)
        return Confusion(names, counts)

    def comparisons(self) -> list[Comparison]:
        """Each variant compared with the first one, by what passed and by the right tools."""
        first, *others = self.variants or (Variant(""),)
        return [
            compared(self.of(first.name), self.of(other.name), metric, len(others) * len(METRICS))
            for other in others
            for metric in METRICS
        ]
