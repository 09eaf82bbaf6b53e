"""How far a batch is: a bar on a terminal, or else a line now and then."""

from __future__ import annotations

import sys
import time
from collections import Counter

from agentkit.cli.batch.answers import Answer
from agentkit.cli.output import note

_NEWS = 30.0  # seconds between two lines
_FRESH = 0.1  # seconds between two looks of the bar
_LEAST = 0.0001  # dollars, the least that is shown
_MINUTE, _HOUR = 60, 3_600  # seconds


class Tally:
    """What came of rows so far, or of other things that are done side by side.

    Args:
        total: How many there are.
        unit: What one of them is called.
        good: The state of one that is as it should be.
    """

    def __init__(self, total: int, unit: str = "row", good: str = "done") -> None:
        self.total, self._unit, self._good = total, unit, good
        self.states: Counter[str] = Counter()
        self.before = 0
        self.tokens = 0
        self.cost = 0.0
        self._unpriced = False
        self._begun = time.monotonic()

    def see(self, answer: Answer) -> None:
        """Count an answer."""
        tokens = (answer.prompt_tokens or 0) + (answer.completion_tokens or 0)
        self.count(answer.state, tokens, answer.cost, before=answer.before)
        self._unpriced |= answer.cost is None and bool(answer.run_id)

    def count(self, state: str, tokens: int, cost: float | None, *, before: bool) -> None:
        """Count one.

        Args:
            state: What came of it.
            tokens: That it cost.
            cost: US dollars, as far as that is known.
            before: Whether it was there before.
        """
        self.states[state] += 1
        self.before += before
        self.tokens += tokens
        self.cost += cost or 0.0

    @property
    def seen(self) -> int:
        """The rows that have an answer."""
        return self.states.total()

    @property
    def seconds(self) -> float:
        """Since the batch began, this time."""
        return time.monotonic() - self._begun

    @property
    def rate(self) -> float:
        """How many a second, without those that were there before."""
        return (self.seen - self.before) / max(self.seconds, 1e-6)

    def figures(self) -> list[str]:
        """What is known beside the number of rows."""
        failed, waiting = self.states["failed"], self.states["waiting"]
        figures = [f"{failed:,} failed"] if failed else []
        figures += [f"{waiting:,} waiting for a decision"] if waiting else []
        figures += [f"{self.tokens:,} tokens"] if self.tokens else []
        if self.cost:
            least = "at least " if self._unpriced else ""
            small = self.cost < _LEAST
            figures.append(f"under ${_LEAST}" if small else f"{least}${self.cost:,.4f}")
        return figures

    def line(self) -> str:
        """How far it is."""
        parts = [f"{self.seen:,} of {self.total:,} {self._unit}s", *self.figures()]
        if self.seen > self.before:
            parts.append(f"{self.rate:,.1f} {self._unit}s/s")
            parts.append(f"{lasting((self.total - self.seen) / self.rate)} left")
        return ", ".join(parts)

    def summary(self) -> str:
        """What came of all."""
        before = f" ({self.before:,} of them before)" if self.before else ""
        rows = f"{self.seen:,} {self._unit}{'' if self.seen == 1 else 's'}"
        parts = [f"{rows}{before}: {self.states[self._good]:,} {self._good}", *self.figures()]
        return f"{', '.join(parts)}, in {lasting(self.seconds)}."


class Lines:
    """Says in a line now and then how far it is."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._told = tally, time.monotonic()

    def see(self) -> None:
        """Look whether it is time for a line."""
        if (now := time.monotonic()) - self._told >= _NEWS:
            self._told = now
            note(self._tally.line())

    def close(self) -> None:
        """Nothing is left to say."""


class Bar:
    """Shows on a terminal how far it is."""

    def __init__(self, tally: Tally) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, Task
        from rich.text import Text

        class Words(ProgressColumn):
            """As it is at this moment, also while nothing comes."""

            def render(self, task: Task) -> Text:
                return Text(tally.line())  # as Text it is not read as markup

        self._tally, self._looked = tally, 0.0
        console = Console(stderr=True, highlight=False)
        self._progress = Progress(BarColumn(), Words(), console=console, transient=True)
        self._task = self._progress.add_task("", total=max(tally.total, 1))
        self._progress.start()

    def see(self) -> None:
        """Move the bar, if it was not just moved."""
        if (now := time.monotonic()) - self._looked >= _FRESH:
            self._looked = now
            self._progress.update(self._task, completed=self._tally.seen)

    def close(self) -> None:
        """Take it away."""
        self._progress.stop()


def progress(tally: Tally) -> Lines | Bar:
    """What fits stderr."""
    return Bar(tally) if sys.stderr.isatty() else Lines(tally)


def lasting(seconds: float) -> str:
    """Seconds in words."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if 0 < seconds < 1 else f"{int(seconds)} s"
    minutes, rest = divmod(int(seconds), _MINUTE)
    if seconds < _HOUR:
        return f"{minutes} min {rest} s"
    return f"{minutes // _MINUTE:,} h {minutes % _MINUTE} min"
