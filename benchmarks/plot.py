"""A picture of the results: a panel for each of four figures, with a bar for each contender."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter
from results import AGENTKIT, FAST, LIBRARIES, Results, number, title

# Of the palette by Okabe and Ito, which also those can tell apart who see few colours.
_OWN, _LIBRARY, _HAND = "#0072B2", "#E69F00", "#999999"
_ROOM = 4.0  # how much wider than its longest bar a panel is, for the figures


@dataclass(frozen=True)
class Panel:
    """What a panel shows, and whether less of it is better."""

    title: str
    measurement: str
    figure: str
    less: bool = True


PANELS = (
    Panel("CPU of a step, ms", "steps", "cpu_ms"),
    Panel("CPU of a step, steps 151 to 200, ms", "growth", "last_ms"),
    Panel("CPU of a streamed chunk of text, µs", "text", "cpu_us"),
    Panel("200 runs at once, steps a second", "concurrent", "steps_per_second", less=False),
)


def plot(results: Results, path: Path) -> None:
    """Draw the panels into an SVG file."""
    matplotlib.rcParams |= {"svg.hashsalt": "agentkit", "svg.fonttype": "none", "font.size": 9}
    figure = Figure(figsize=(10, 7.5), layout="constrained")
    for axes, panel in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        _draw(axes, panel, results)
    figure.legend(
        handles=[
            Patch(color=colour, label=label)
            for colour, label in ((_OWN, "agentkit"), (_LIBRARY, "libraries"), (_HAND, "by hand"))
        ],
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    figure.savefig(path, metadata={"Date": None, "Creator": None}, facecolor="white")
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(map(str.rstrip, lines)) + "\n", encoding="utf-8")


def _draw(axes: Any, panel: Panel, results: Results) -> None:
    found = {
        who: value
        for who in results.contenders(panel.measurement)
        if (value := results.value(panel.measurement, who, panel.figure)) is not None
    }
    order = sorted(found, key=lambda who: found[who], reverse=panel.less)
    if not order:
        axes.set_axis_off()
        return
    values = [found[who] for who in order]
    bars = axes.barh([title(who) for who in order], values, color=[*map(_colour, order)])
    axes.bar_label(bars, [number(each) for each in values], padding=3)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(min(values) / 2, max(values) * _ROOM)
    better = "less is better" if panel.less else "more is better"
    axes.set_title(panel.title, fontsize=10, loc="left")
    axes.set_xlabel(better, fontsize=8, loc="right")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    for label in axes.get_yticklabels():
        if label.get_text() in (title(AGENTKIT), title(FAST)):
            label.set_weight("bold")


def _colour(who: str) -> str:
    if who in (AGENTKIT, FAST):
        return _OWN
    return _LIBRARY if who in LIBRARIES else _HAND
