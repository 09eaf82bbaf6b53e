"""A report as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from agentkit.evals.report import Report
from agentkit.evals.words import (
    SHARES,
    SUMS,
    alike,
    by_case,
    called,
    counted,
    shortened,
    shown_share,
    verdict,
    why_not,
)
from agentkit.journal.figures import several
from agentkit.terminal import columns, one_line

_CONFUSIONS, _FAILURES = 8, 20  # lines
_WIDTH = 160  # characters of a line that tells of a failure
_NAME = 40  # characters of a variant's name


def table(report: Report) -> str:
    """What the outcomes come to, what was taken for what, and what failed.

    There is a column for each variant. Behind a share stands where the true one lies, with 95 %
    confidence.
    """
    report = report.shown
    parts = (_figures, _compared, _confused, _failed)
    told = filter(None, ("\n".join(part(report)) for part in parts))
    return "\n\n".join([f"{counted(report)}.", *told, verdict(report)]) + "\n"


def _figures(report: Report) -> Iterator[str]:
    figures = [report.figures(each.name) for each in report.variants]
    names = [shortened(one_line(each.name), _NAME) for each in report.variants]
    head = [("", *names)] if len(names) > 1 else []
    rows = [(name, *(shown_share(share(each)) for each in figures)) for name, share in SHARES]
    sums = [(name, *map(told, figures)) for name, told in SUMS]
    yield columns([*head, *rows, *sums])


def _compared(report: Report) -> Iterator[str]:
    for each in report.comparisons():
        yield one_line(each.words)


def _confused(report: Report) -> Iterator[str]:
    found = report.confusion().confusions
    if found:
        yield "Taken for another:"
        rows = [
            (f"  {count:,} x", one_line(called(expected)), "->", one_line(called(made)))
            for expected, made, count in found[:_CONFUSIONS]
        ]
        yield columns(rows)
    if (more := len(found) - _CONFUSIONS) > 0:
        yield f"  and {several(more, 'other')}"


def _failed(report: Report) -> Iterator[str]:
    lines = list(_failures(report))
    if lines:
        yield "Failed:"
        yield from lines[:_FAILURES]
    if (more := len(lines) - _FAILURES) > 0:
        yield f"  and {several(more, 'other')}, which the page and the JSON have"


def _failures(report: Report) -> Iterator[str]:
    """A line for each case and variant, and for each way in which it failed."""
    for case, outcomes in by_case(report).items():
        for group in alike(each for each in outcomes if not each.passed):
            where = f" [{group[0].variant}]" if len(report.variants) > 1 else ""
            times = f" ({len(group)} of {report.repeats} times)" if report.repeats > 1 else ""
            line = one_line(f"{case}{where}{times}: {'; '.join(why_not(group[0]))}")
            yield f"  {shortened(line, _WIDTH)}"
