"""Replies judged, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .asking import Asker, Reply
from .checker import problem
from .data import Row, read_rows

_Z = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class Judged:
    """A row, what was replied, and why that is wrong, if it is."""

    row: Row
    reply: Reply
    problem: str

    def to_dict(self) -> dict[str, Any]:
        """What one needs to see why."""
        return {
            "id": self.row.id,
            "category": self.row.category,
            "problem": self.problem,
            "prompt": self.row.prompt,
            "called": self.reply.calls,
            "accepted": self.row.accepted,
            "functions": [each["name"] for each in self.row.functions],
        }


@dataclass(frozen=True)
class Score:
    """What the rows of a category come to.

    Args:
        category: Its name.
        rows: How many.
        right: How many of them are right by the leaderboard's rules.
        percent: The same in percent.
        low: The lower end of the 95 % interval by Wilson, in percent.
        high: Its upper end.
        median_ms: Milliseconds of a request.
        max_ms: Of the slowest.
        tokens: What all requests cost.
        errors: How many rows got no reply; they count as wrong.
    """

    category: str
    rows: int
    right: int
    percent: float
    low: float
    high: float
    median_ms: float
    max_ms: float
    tokens: int
    errors: int


def judge(row: Row, reply: Reply) -> Judged:
    """A reply by the leaderboard's rules."""
    if row.category.endswith("_relevance"):  # some function fits, and whatever is called is right
        why = "" if reply.calls else "count: no call, where some call is right"
    else:
        why = problem(row.functions, reply.calls, row.accepted)
    return Judged(row, reply, reply.error or why)


def score(category: str, judged: Sequence[Judged]) -> Score:
    """What the rows come to, of which there is at least one."""
    right = sum(not each.problem for each in judged)
    low, high = wilson(right, len(judged))
    times = [each for one in judged for each in one.reply.milliseconds] or [0.0]
    return Score(
        category,
        len(judged),
        right,
        round(100 * right / len(judged), 1),
        low,
        high,
        round(median(times), 2),
        round(max(times), 1),
        sum(each.reply.tokens for each in judged),
        sum(bool(each.reply.error) for each in judged),
    )


def scores(judged: Sequence[Judged]) -> list[Score]:
    """A score for each category, and one over all rows at the end."""
    categories = dict.fromkeys(each.row.category for each in judged)
    by_category = {
        name: [each for each in judged if each.row.category == name] for name in categories
    }
    return [*(score(name, rows) for name, rows in by_category.items()), score("all", judged)]


def wilson(right: int, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share, in percent."""
    share, weight = right / rows, _Z**2 / rows
    centre, half = share + weight / 2, _Z * (share * (1 - share) / rows + weight / 4 / rows) ** 0.5
    low, high = (100 * (centre + side) / (1 + weight) for side in (-half, half))
    return round(max(low, 0.0), 1), round(min(high, 100.0), 1)


def table(found: Iterable[Score]) -> str:
    """The scores as lines of text."""
    heads = ("rows", "right", "%", "95 %", "median ms", "max ms")
    lines = ["{:<24}{:>6}{:>7}{:>7}  {:<14}{:>9}{:>9}".format("category", *heads)]
    for each in found:
        lines.append(
            f"{each.category:<24}{each.rows:>6}{each.right:>7}{each.percent:>7.1f}"
            f"  {f'{each.low:.1f} to {each.high:.1f}':<14}{each.median_ms:>9.2f}{each.max_ms:>9.1f}"
            + (f"  {each.errors} without a reply" if each.errors else "")
        )
    return "\n".join(lines)


def offline_scores(**chosen: Any) -> Mapping[str, Score]:
    """The offline model's scores by category; `chosen` goes to `read_rows`."""
    from agentkit.offline import OfflineInterface

    rows = read_rows(**chosen)
    replies = {each.key: each for each in Asker(OfflineInterface("tools")).replies(rows, 1)}
    return {each.category: each for each in scores([judge(row, replies[row.key]) for row in rows])}
