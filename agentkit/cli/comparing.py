"""`agentkit runs diff`: what two runs have done in another way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from agentkit import Run
from agentkit.cli.kept import opened
from agentkit.cli.options import JournalPath
from agentkit.cli.output import write
from agentkit.cli.text import columns, one_line
from agentkit.journal.store import Journal
from agentkit.journal.stored import StoredEvent, StoredRun
from agentkit.replay.canonical import canonical, told
from agentkit.replay.lines import difference, message_lines, request_lines
from agentkit.replay.stored import Recorded


def diff_runs(
    first: Annotated[str, typer.Argument(metavar="A", help="The id of a run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The id of another.")],
    journal: JournalPath = None,
) -> None:
    """Show in what two runs differ.

    Definitions, calls, arguments, results, answers, tokens, cost and time.
    """
    kept = opened(journal)
    write(_compared(kept, kept.find(first), kept.find(second)))


def _compared(kept: Journal, first: str, second: str) -> str:
    """What came of two runs side by side, and the lines in which they differ."""
    rows = [("", "A", "B")]
    runs = [(kept.listed(each), kept.run(each), kept.events(each)) for each in (first, second)]
    totals = [dict(_totals(*each)) for each in runs]
    rows += [(name, totals[0][name], totals[1][name]) for name in totals[0]]
    lines = [list(_lines(run, events)) for _, run, events in runs]
    changed = difference(*lines, most=None)
    told_of = f"'-' is in A alone, '+' in B:\n{changed}" if changed else "They say and do the same."
    return f"{columns(rows)}\n\n{told_of}\n"


def _totals(
    stored: StoredRun, run: Run[object], events: Sequence[StoredEvent]
) -> Iterator[tuple[str, str]]:
    yield "run", stored.id
    yield "state", stored.state
    yield "interface", stored.interface
    yield "model", stored.model
    yield "steps", str(len(run.steps))
    yield "calls", str(sum(len(step.response.message.calls) for step in run.steps))
    yield "errors", str(sum(result.is_error for step in run.steps for result in step.results))
    yield "tokens in", f"{run.usage.prompt_tokens or 0:,}"
    yield "tokens out", f"{run.usage.completion_tokens or 0:,}"
    yield "cost", "" if run.cost is None else f"${run.cost:.6f}"
    yield "seconds", f"{events[-1].at - events[0].at:.3f}" if events else ""
    yield "error", one_line(stored.error or "")


def _lines(run: Run[object], events: Sequence[StoredEvent]) -> Iterator[str]:
    """Definitions and options as they were at first, then the transcript."""
    if (first := Recorded.of(events).first) is not None:
        yield from request_lines({**canonical(first), "messages": []})
    for each in run.messages:
        yield from message_lines(told(each))
    if run.output is not None and not isinstance(run.output, str):
        yield f"output: {json.dumps(run.output, default=str)}"
