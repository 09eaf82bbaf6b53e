"""The results of a benchmark, and who is who in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

AGENTKIT, FAST, BY_HAND = "agentkit", "agentkit_fast", "httpx_by_hand"
LIBRARIES = (
    "pydantic_ai",
    "openai_agents",
    "langchain",
    "smolagents",
    "llm",
    "strands",
    "magentic",
)
"""What agentkit is a peer of; all others are loops by hand."""

NONE = "-"
"""Where there is no figure."""

TITLES = {
    "socket": "bare sockets",
    "httpx_by_hand": "httpx by hand",
    "groq_sdk": "groq SDK by hand",
    "openai_sdk": "openai SDK by hand",
    "agentkit_fast": "agentkit[fast]",
    "pydantic_ai": "pydantic-ai",
    "openai_agents": "openai-agents",
}


@dataclass(frozen=True)
class Results:
    """What `bench` stored.

    Args:
        about: Where, when and with what was measured.
        figures: By measurement and contender, what each round gave.
    """

    about: dict[str, Any]
    figures: dict[str, dict[str, list[dict[str, Any]]]]

    def rounds(self, measurement: str, who: str) -> list[dict[str, Any]]:
        """What each round gave."""
        return self.figures.get(measurement, {}).get(who, [])

    @property
    def counts(self) -> str:
        """How many rounds there were: not all measurements have as many, nor all contenders."""
        found = {len(each) for one in self.figures.values() for each in one.values()}
        return " to ".join(str(each) for each in sorted({min(found), max(found)}))

    def value(self, measurement: str, who: str, figure: str) -> float | None:
        """The median of a figure, or None where there is none."""
        if self.error(measurement, who):
            return None
        found = [each[figure] for each in self.rounds(measurement, who) if figure in each]
        return median(found) if found else None

    def error(self, measurement: str, who: str) -> str:
        """How it failed, if it did."""
        errors = (str(each.get("error", "")) for each in self.rounds(measurement, who))
        return next(filter(None, errors), "")

    def missed(self, who: str) -> dict[str, str]:
        """The schemas that were wrong, and why."""
        return next((each["missed"] for each in self.rounds("schema", who) if "missed" in each), {})

    def contenders(self, *measurements: str) -> list[str]:
        """Those that were measured in any of these ways, in their order."""
        found = [who for each in measurements for who in self.figures.get(each, {})]
        known = [*self.about["versions"], *found]
        return [who for who in dict.fromkeys(known) if who in found]

    def best(
        self, measurement: str, figure: str, choose: Callable[[Iterable[float]], float] = min
    ) -> float | None:
        """The best figure of any other agent library."""
        values = [self.value(measurement, who, figure) for who in LIBRARIES]
        known = [each for each in values if each is not None]
        return choose(known) if known else None


def title(who: str) -> str:
    """How the tables call a contender."""
    return TITLES.get(who, who)


def number(value: float) -> str:
    """A figure in two or three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 1 else f"{value:.2g}"
