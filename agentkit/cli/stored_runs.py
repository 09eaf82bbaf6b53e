"""`agentkit runs list`, `show` and `prune`: what a journal holds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from agentkit import ConfigError
from agentkit.cli.kept import RunId, opened
from agentkit.cli.options import JournalPath, Json, ListAsJson
from agentkit.cli.output import note, write, write_json
from agentkit.cli.telling import headed, tokens, told, when
from agentkit.cli.text import columns, one_line
from agentkit.journal.store import Journal
from agentkit.journal.stored import StoredRun
from agentkit.run import shown

OnlyState = Annotated[
    Literal["running", "waiting", "done", "failed", "cancelled", "interrupted"] | None,
    typer.Option(
        show_default=False,
        help="Only those that are running (or were killed), waiting, done or failed; cancelled or "
        "interrupted, which a service did.",
    ),
]
OnlyConversation = Annotated[
    str | None, typer.Option(show_default=False, help="Only those of a conversation.")
]
OnlyText = Annotated[
    str | None,
    typer.Option(show_default=False, help="Only those with it in their prompt, answer or error."),
]
OnlyModel = Annotated[
    str | None, typer.Option(show_default=False, help="Only those of a model, as it was given.")
]
OnlyDays = Annotated[
    float | None,
    typer.Option(show_default=False, min=0, help="Only those of the last so many days."),
]
_DAY = 86_400  # seconds
_WIDTH = 60  # characters of a prompt or an output in a list


def list_runs(
    *,
    journal: JournalPath = None,
    state: OnlyState = None,
    conversation: OnlyConversation = None,
    text: OnlyText = None,
    model: OnlyModel = None,
    days: OnlyDays = None,
    limit: Annotated[int, typer.Option(min=1, help="The most runs.")] = 20,
    json: ListAsJson = False,
) -> None:
    """List the newest runs."""
    since = None if days is None else time.time() - days * _DAY
    only: Any = {"state": state, "conversation": conversation, "text": text, "model": model}
    found = opened(journal).runs(limit=limit, since=since, **only)
    if json:
        write_json([asdict(each) for each in found])
        return
    write(_table(found) if found else "There are no such runs.\n")


def show(
    run_id: RunId,
    journal: JournalPath = None,
    json: Json = False,
    html: Annotated[
        Path | None,
        typer.Option(
            show_default=False,
            metavar="FILE",
            help="Write a page with its steps on a time axis, to be opened in any browser; - is "
            "stdout.",
        ),
    ] = None,
) -> None:
    """Show what happened in a run, and when.

    Each line begins with the seconds since the run began.
    """
    kept = opened(journal)
    run_id = kept.find(run_id)
    run = kept.run(run_id)
    if html is not None:
        _write_page(kept, run_id, html)
        return
    if json:
        write_json(run.to_dict())
        return
    write(f"{headed(kept.listed(run_id))}\n")
    for line in told(kept.events(run_id)):
        write(f"{line}\n")
    for call in run.pending:
        write(f"? {one_line(shown(call))} waits: {one_line(call.waits)}\n")
    if run.pending:
        note("`agentkit runs resume` asks what to do.")
    cost = "" if run.cost is None else f", cost: ${run.cost:.6f}"
    write(f"steps: {len(run.steps)}, tokens: {run.usage.total_tokens:,}{cost}\n")


def prune(
    days: Annotated[float, typer.Option(min=0, help="Forget what began longer ago.")],
    journal: JournalPath = None,
) -> None:
    """Forget old runs, and give the space back."""
    write(f"Runs forgotten: {opened(journal).prune(days=days)}\n")


def _table(found: Sequence[StoredRun]) -> str:
    rows = [("ID", "BEGUN", "STATE", "STEPS", "TOKENS", "CONVERSATION", "PROMPT")]
    for each in found:
        rows.append(
            (
                each.id,
                when(each.begun),
                each.state,
                "" if each.steps is None else str(each.steps),
                tokens(each.prompt_tokens, each.completion_tokens),
                one_line(each.conversation or "")[:_WIDTH],
                one_line(each.prompt or "")[:_WIDTH],
            )
        )
    return columns(rows) + "\n"


def _write_page(kept: Journal, run_id: str, file: Path) -> None:
    from agentkit.journal.page import page

    try:
        text = page(kept.listed(run_id), kept.events(run_id))
        if str(file) == "-":
            write(text)
            return
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror or error}.") from error
    note(f"wrote {file}")
