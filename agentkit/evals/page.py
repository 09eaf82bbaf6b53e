"""A report as one HTML page. It needs no network and no scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agentkit.evals.bars import difference_bars, share_bar
from agentkit.evals.figures import Share, figures_of
from agentkit.evals.heat import heat
from agentkit.evals.page_cases import case_lists, places
from agentkit.evals.report import Report
from agentkit.evals.tables import listed
from agentkit.evals.words import SHARES, SUMS, called, counted, shortened, shown_share, verdict
from agentkit.journal.figures import dollars, several
from agentkit.journal.sheet import document, facts, text

_CONFUSIONS = 10  # pairs of tools in a list
_LINKS = 5  # cases behind each
_TAGS = 40


def page(report: Report) -> str:
    """The page of a report, whole: its figures, what was taken for what, and each case.

    What failed comes first. Long texts are cut, the more of them there are; the JSON has all.
    """
    report = report.shown
    state = "done" if report.met else "failed"
    parts = [
        f'<h1>Evaluation</h1><p class="state {state}">{text(verdict(report))}</p>',
        facts(_told(report)),
        "<h2>Figures</h2>",
        *_figures(report),
        *_compared(report),
        f"<h2>Confusion between tools</h2>{_confusions(report)}",
        *_confused(report),
        f"<h2>Tools</h2>{_tools(report)}",
        *_tags(report),
        "<h2>Cases</h2>",
        *case_lists(report),
    ]
    return document(f"Evaluation: {verdict(report)}", parts, ("agentkit.evals", "page.css"))


def _told(report: Report) -> Iterator[tuple[str, str]]:
    """What is known of the evaluation as a whole, each behind its name."""
    yield "Extent", counted(report)
    yield "Tools", str(len(report.tools) or "")
    drafts = sum(each.draft for each in report.cases)
    yield "Drafts", f"{several(drafts, 'case')}, not edited by anybody" if drafts else ""
    figures = [report.figures(each.name) for each in report.variants]
    tokens = [each.tokens for each in figures if each.tokens is not None]
    costs = [each.cost for each in figures if each.cost is not None]
    yield "Tokens", f"{sum(tokens):,}" if tokens else ""
    yield "Cost", dollars(sum(costs)) if costs else ""


def _figures(report: Report) -> Iterator[str]:
    """A row for each variant: its shares, drawn with their intervals, and below them its sums."""
    known = [(text(each.name or "all"), report.figures(each.name)) for each in report.variants]
    first = SHARES[0][0]
    yield listed(
        "Shares of runs and of calls. Bar: where the true share lies, with 95 % confidence; "
        "line: what was seen; dashed: the threshold.",
        ("variant", *(name for name, _ in SHARES)),
        [
            (name, *(_share(of(f), report.threshold if n == first else None) for n, of in SHARES))
            for name, f in known
        ],
    )
    sums = [(name, *(text(told(figures)) for _, told in SUMS)) for name, figures in known]
    yield listed("Calls, tokens and time", ("variant", *(name for name, _ in SUMS)), sums)


def _compared(report: Report) -> Iterator[str]:
    found = report.comparisons()
    if found:
        widest, bars = difference_bars(found)
        items = (
            f"<li>{bar}<span>{text(each.words)}</span></li>"
            for each, bar in zip(found, bars, strict=True)
        )
        axis = f"From {-100 * widest:+.0f} to {100 * widest:+.0f} points; dashed: no difference."
        yield f'<h2>Differences</h2><p class="dim">{axis}</p>'
        yield f'<ul class="differences">{"".join(items)}</ul>'


def _confused(report: Report) -> Iterator[str]:
    """A picture for each variant; the first is unfolded."""
    if len(report.variants) == 1:
        yield heat(report.confusion(), report.tools)
        return
    for n, each in enumerate(report.variants):
        picture = heat(report.confusion(each.name), report.tools, each.name)
        is_open = "" if n else " open"
        yield f"<details{is_open}><summary>{text(each.name)}</summary>{picture}</details>"


def _confusions(report: Report) -> str:
    """The most frequent confusions, with cases to look at."""
    found = report.confusion().confusions
    if not found:
        return "<p>No tool was called in the place of another.</p>"
    cases: dict[tuple[str, str], dict[str, None]] = {}
    for outcome in report.outcomes:
        for pair in outcome.confused:
            cases.setdefault(pair, {})[outcome.case] = None
    at = places(report)
    rows = [
        (
            text(called(expected)),
            text(called(made)),
            f"{count:,}",
            _links(cases[expected, made], at),
        )
        for expected, made, count in found[:_CONFUSIONS]
    ]
    more = len(found) - len(rows)
    rest = f"<p>And {several(more, 'other pair')}.</p>" if more else ""
    return listed("What was called for what", ("expected", "called", "times", "cases"), rows) + rest


def _links(cases: Iterable[str], at: Mapping[str, str]) -> str:
    known = [each for each in cases if each in at]
    links = [f'<a href="#{at[each]}">{text(shortened(each, 60))}</a>' for each in known[:_LINKS]]
    shown = ", ".join([*links, *(["…"] if len(known) > _LINKS else [])])
    return f'<span class="links">{shown}</span>'


def _tools(report: Report) -> str:
    """The tools that were expected or called, those that go wrong most first."""
    found = sorted(
        report.tool_figures(),
        key=lambda each: (each.recall.value or 0.0) + (each.precision.value or 0.0),
    )
    rows = [
        (text(each.name), *map(_share, (each.recall, each.precision, each.right_arguments)))
        for each in found
    ]
    used = {each.name for each in found}
    unused = [each for each in report.tools if each not in used]
    rest = f"<p>Neither expected nor called: {text(', '.join(unused))}.</p>" if unused else ""
    heads = ("tool", "called where expected", "expected where called", "right arguments")
    return listed("How well each tool is chosen", heads, rows) + rest


def _tags(report: Report) -> Iterator[str]:
    tags = {each.id: each.tags for each in report.cases}
    names = list(dict.fromkeys(tag for each in tags.values() for tag in each))
    if not names:
        return
    rows = [
        (
            text(name),
            _share(figures_of([o for o in report.outcomes if name in tags.get(o.case, ())]).passed),
        )
        for name in names[:_TAGS]
    ]
    more = len(names) - len(rows)
    rest = f"<p>And {several(more, 'other tag')}.</p>" if more else ""
    yield f"<h2>Tags</h2>{listed('Cases by tag', ('tag', 'passed'), rows)}{rest}"


def _share(share: Share, threshold: float | None = None) -> str:
    return f"{shown_share(share)}{share_bar(share, threshold)}"
