"""Shares and differences drawn with their intervals, as SVG beside the same figures in words."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.evals.comparison import Comparison
from agentkit.evals.figures import Share
from agentkit.evals.intervals import Interval

_LEAST = 1.0  # percent of the width, that the narrowest interval takes
_ROUND = 0.1  # the axis of differences ends at a multiple


def share_bar(share: Share, threshold: float | None = None) -> str:
    """A share on an axis from 0 to 1, with its interval, and with the threshold as a line."""
    if share.value is None:
        return ""
    line = "" if threshold is None else _line("threshold", threshold)
    return _drawn("share", share.value, share.interval, line)


def difference_bars(comparisons: Sequence[Comparison]) -> tuple[float, list[str]]:
    """Where an axis with 0 in its middle ends, and differences that are drawn on it."""
    ends = [max(-each.interval.low, each.interval.high) for each in comparisons]
    widest = max((_ROUND * (1 + end // _ROUND) for end in ends), default=1.0)

    def on_axis(value: float) -> float:
        return 0.5 + value / widest / 2

    drawn = []
    for each in comparisons:
        bounds = Interval(on_axis(each.interval.low), on_axis(each.interval.high))
        word = "" if not each.can_be_told else " better" if each.difference > 0 else " worse"
        kind = f"difference{word}"
        drawn.append(_drawn(kind, on_axis(each.difference), bounds, _line("zero", 0.5)))
    return widest, drawn


def _drawn(kind: str, value: float, bounds: Interval | None, line: str) -> str:
    low, high = (bounds.low, bounds.high) if bounds else (value, value)
    width = max(100 * (high - low), _LEAST)
    return (
        f'<svg class="{kind}" aria-hidden="true"><rect class="axis-ground" width="100%" '
        f'height="100%" rx="3"/><rect class="bounds" x="{min(100 * low, 100 - width):.2f}%" '
        f'width="{width:.2f}%" y="20%" height="60%" rx="2"/>{_line("value", value)}{line}</svg>'
    )


def _line(kind: str, at: float) -> str:
    x = f"{min(max(100 * at, 0.5), 99.5):.2f}%"
    return f'<line class="{kind}" x1="{x}" x2="{x}" y1="0" y2="100%"/>'
