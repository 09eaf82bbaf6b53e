"""Tables and a plot of what `bench` found.

    .bench/report/bin/python benchmarks/report.py     # into docs/performance.md and .svg

The prose of the page is by hand: only what stands between its two markers is replaced.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results import BY_HAND, NONE, Results, number, title
from targets import targets

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- results: made by benchmarks/report.py -->", "<!-- end of results -->"
_WHOLE = ("passed", "described", "runs")  # figures that are counted
Cell = Callable[[Results, str], str]


def of(measurement: str, figure: str) -> Cell:
    """A figure, or why there is none."""

    def cell(results: Results, who: str) -> str:
        value = results.value(measurement, who, figure)
        if value is not None:
            return f"{value:,.0f}" if figure in _WHOLE else number(value)
        return "failed" if results.error(measurement, who) else NONE

    return cell


def times(measurement: str, figure: str) -> Cell:
    """A figure in that of the loop on httpx."""

    def cell(results: Results, who: str) -> str:
        value, base = (results.value(measurement, each, figure) for each in (who, BY_HAND))
        return number(value / base) if value is not None and base else NONE

    return cell


def ratio(one: str, other: str, figure: str) -> Cell:
    """A figure of one measurement in that of another."""

    def cell(results: Results, who: str) -> str:
        first, second = (results.value(each, who, figure) for each in (one, other))
        return number(first / second) if first is not None and second else NONE

    return cell


@dataclass(frozen=True)
class Table:
    """A table with a row for each contender that was measured so."""

    title: str
    measurements: tuple[str, ...]
    columns: dict[str, Cell]

    def lines(self, results: Results) -> list[str]:
        """The table in Markdown, or nothing."""
        rows = [
            [title(who), *(cell(results, who) for cell in self.columns.values())]
            for who in results.contenders(*self.measurements)
        ]
        return [f"### {self.title}", "", *_table(["", *self.columns], rows), ""] if rows else []


TABLES = (
    Table(
        "A step",
        ("steps", "steps_sync", "latency"),
        {
            "CPU ms": of("steps", "cpu_ms"),
            "httpx by hand = 1": times("steps", "cpu_ms"),
            "time, ms": of("steps", "wall_ms"),
            "CPU ms, sync tool": of("steps_sync", "cpu_ms"),
            "20 steps of 20 ms: ms over that": of("latency", "over_ms"),
        },
    ),
    Table(
        "Long runs: CPU ms of a step",
        ("growth", "growth_long"),
        {
            "steps 1 to 50": of("growth", "first_ms"),
            "151 to 200": of("growth", "last_ms"),
            "ratio": of("growth", "ratio"),
            "951 to 1,000": of("growth_long", "last_ms"),
            "ratio to the first": of("growth_long", "ratio"),
        },
    ),
    Table(
        "200 runs at once, and runs that wait",
        ("concurrent", "idle"),
        {
            "steps/s": of("concurrent", "steps_per_second"),
            "CPU ms a step": of("concurrent", "cpu_ms"),
            "httpx by hand = 1": times("concurrent", "cpu_ms"),
            "peak MB": of("concurrent", "peak_mb"),
            "of it by the runs": of("concurrent", "rise_mb"),
            "KiB a waiting run": of("idle", "kib_per_run"),
            "of so many": of("idle", "runs"),
        },
    ),
    Table(
        "Streams: CPU µs of a chunk of text",
        ("text", "text_single"),
        {
            "16 events a write": of("text", "cpu_us"),
            "httpx by hand = 1": times("text", "cpu_us"),
            "1 event a write": of("text_single", "cpu_us"),
            "httpx by hand = 1 ": times("text_single", "cpu_us"),
        },
    ),
    Table(
        "Streams: CPU µs of a fragment of arguments",
        ("argument_16k", "argument_64k", "argument_256k"),
        {
            "16 KiB": of("argument_16k", "cpu_us"),
            "64 KiB": of("argument_64k", "cpu_us"),
            "256 KiB": of("argument_256k", "cpu_us"),
            "256 in 16": ratio("argument_256k", "argument_16k", "cpu_us"),
        },
    ),
    Table(
        "32 calls of one reply, 50 ms each: ms of the run",
        ("parallel", "parallel_sync"),
        {"async tools": of("parallel", "wall_ms"), "sync tools": of("parallel_sync", "wall_ms")},
    ),
    Table(
        "Schemas of 32 signatures",
        ("schema",),
        {
            "right": of("schema", "passed"),
            "and described": of("schema", "described"),
            "CPU µs a function": of("schema", "us"),
            "in the first pass": of("schema", "first_us"),
        },
    ),
    Table(
        "A new process: CPU ms",
        ("cold",),
        {
            "until it is imported": of("cold", "import_ms"),
            "until its first answer": of("cold", "answer_ms"),
        },
    ),
    Table(
        "The server itself: requests/s from one client",
        ("ceiling",),
        {"bodies of 500 bytes": of("ceiling", "small"), "of 100 KB": of("ceiling", "large")},
    ),
)


def tables(stored: dict[str, Any]) -> str:
    """All that there is to say of some results, in Markdown."""
    results = Results(stored["about"], stored["figures"])
    lines = [_about(results), ""]
    for table in TABLES:
        lines += table.lines(results)
    lines += _startup(results)
    lines += [
        "### Targets",
        "",
        *_table(["", "target", "found", "met"], [each.cells for each in targets(results)]),
    ]
    return "\n".join([*lines, "", *_remarks(results)]).rstrip() + "\n"


def _about(results: Results) -> str:
    about = results.about
    versions = {
        f"{name} {version}"
        for each in about["versions"].values()
        for name, version in each.items()
        if name not in ("pydantic", "sniffio")
    }
    return (
        f"{about['date']}, Python {about['python']}, {about['cores']} cores, medians of "
        f"{results.counts} rounds. {', '.join(sorted(versions))}."
    )


def _startup(results: Results) -> list[str]:
    """A row for each command, as they are no contenders."""
    who = results.contenders("startup")
    names = dict.fromkeys(
        name for one in who for each in results.rounds("startup", one) for name in each
    )
    rows = [[f"`{name}`", *(of("startup", name)(results, one) for one in who)] for name in names]
    heading = ["", *map(title, who)]
    return ["### Starting: CPU ms of a process", "", *_table(heading, rows), ""] if rows else []


def _remarks(results: Results) -> Iterable[str]:
    """What failed, and how; and whose schemas are wrong where."""
    failed = [
        f"- {title(who)}, {measurement}: {error}"
        for measurement, all_of_them in results.figures.items()
        for who in all_of_them
        if (error := results.error(measurement, who))
    ]
    wrong = [
        f"- {title(who)}: {', '.join(missed)}"
        for who in results.contenders("schema")
        if (missed := results.missed(who))
    ]
    if failed:
        yield from ["### What failed", "", *failed, ""]
    if wrong:
        yield from ["### Schemas that are wrong", "", *wrong, ""]


def _table(heading: list[str], rows: list[list[str]]) -> list[str]:
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def put(text: str, page: Path) -> None:
    """Put the text between the markers of the page."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} lacks the markers")
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Write the tables and the plot."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=ROOT / ".bench" / "results.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    parser.add_argument("--no-plot", action="store_true")
    given = parser.parse_args()
    stored = json.loads(given.results.read_text(encoding="utf-8"))
    put(tables(stored), given.page)
    if not given.no_plot:
        from plot import plot

        plot(Results(stored["about"], stored["figures"]), given.page.with_suffix(".svg"))


if __name__ == "__main__":
    main()
