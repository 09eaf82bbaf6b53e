"""A report as plain values, for other programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from agentkit.evals.case import Case
from agentkit.evals.report import Report, Variant

VERSION = 1
"""Of the form; a field that is added does not change it."""


def as_json(report: Report) -> dict[str, Any]:
    """All that is known: what it came to, and each outcome. Shares are from 0 to 1."""
    report = report.shown
    return {
        "version": VERSION,
        "met": report.met,
        "threshold": report.threshold,
        "tools": list(report.tools),
        "variants": [_variant(report, each) for each in report.variants],
        "comparisons": [
            {**asdict(each), "can_be_told": each.can_be_told, "words": each.words}
            for each in report.comparisons()
        ],
        "cases": [_case(each) for each in report.cases],
        "outcomes": [each.to_dict() for each in report.outcomes],
    }


def _variant(report: Report, variant: Variant) -> dict[str, Any]:
    return {
        **asdict(variant),
        "figures": asdict(report.figures(variant.name)),
        "tools": [asdict(each) for each in report.tool_figures(variant.name)],
        "confusion": asdict(report.confusion(variant.name)),
    }


def _case(case: Case) -> dict[str, Any]:
    """What was asked; what was expected is with each outcome."""
    return {
        "id": case.id,
        "prompts": [each.prompt for each in case.all_turns],
        "tags": list(case.tags),
        "draft": case.draft,
        "note": case.note,
        "place": case.place,
    }
