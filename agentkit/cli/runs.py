"""`agentkit runs`: the runs of a journal, and what can be done with them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from agentkit import ConfigError
from agentkit.cli.again import run_again
from agentkit.cli.asking import Asker
from agentkit.cli.comparing import compared
from agentkit.cli.exporting import exported
from agentkit.cli.options import (
    Approve,
    JournalPath,
    Json,
    ListAsJson,
    MaxSteps,
    Options,
    SameInterface,
    SameModel,
    Stream,
    Tools,
    WhatIsUnfinished,
)
from agentkit.cli.output import note, write, write_json
from agentkit.cli.resuming import Before
from agentkit.cli.running import build_agent, go_on, read_options
from agentkit.cli.screen import screen_for
from agentkit.cli.telling import headed, tokens, told, when
from agentkit.cli.text import columns, one_line
from agentkit.journal.store import Journal
from agentkit.journal.stored import StoredRun
from agentkit.run import shown

app = typer.Typer(rich_markup_mode=None)

OnlyState = Annotated[
    Literal["running", "waiting", "done", "failed"] | None,
    typer.Option(
        show_default=False,
        help="Only those that are running (or were killed), waiting, done or failed.",
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
RunId = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help='Its id, or what that begins with (`agentkit runs list` has them), or "last".',
    ),
]
_DAY = 86_400  # seconds
_WIDTH = 60  # characters of a prompt or an output in a list


@app.callback(invoke_without_command=True)
def runs(context: typer.Context) -> None:
    """The runs of a journal.

    A RUN is its id, or what that begins with, or "last".
    """
    if context.invoked_subcommand is None:
        list_runs()


@app.command("list")
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
    found = _journal(journal).runs(limit=limit, since=since, **only)
    if json:
        write_json([asdict(each) for each in found])
        return
    write(_table(found) if found else "There are no such runs.\n")


@app.command()
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
    kept = _journal(journal)
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


@app.command()
def resume(
    run_id: RunId,
    *,
    tools: Tools = None,
    interface: SameInterface = None,
    model: SameModel = None,
    option: Options = None,
    stream: Stream = None,
    json: Json = False,
    max_steps: MaxSteps = None,
    approval: Approve = "ask_for_destructive",
    unfinished: WhatIsUnfinished = "ask",
    journal: JournalPath = None,
) -> None:
    """Go on with a run that was cut short; give it the same tools.

    Nothing that has a result is done again. Of a call of which nobody knows whether it ran you are
    asked (repeat it, give its result, or skip it), unless its tool may be called twice. Interface,
    model and options are those that it was begun with, where no others are given.
    """
    kept = _journal(journal)
    run_id = kept.find(run_id)
    before, options = Before.of(kept, run_id, interface), read_options(option or [], stream, json)
    agent = build_agent(
        tools,
        before.interface,
        model or before.model,
        options={**before.options, **options},
        system=None,
        max_steps=max_steps,
        approval=approval,
        journal=os.fspath(kept.path),
    )
    run = agent.stored(run_id)
    if run.done:
        note("that run has its answer:")
        write_json(run.to_dict()) if json else write(f"{run.output}\n")
        return
    before.check(agent, run)
    go_on(agent, screen_for(json=json, stream="stream" in options), run, Asker(unfinished))


@app.command()
def replay(
    run_id: RunId,
    *,
    tools: Annotated[
        list[str] | None,
        typer.Option(
            "--tools",
            "-t",
            metavar="SOURCE",
            show_default=False,
            help="Tools to call now, as for `agentkit run`. Default: none; the recorded results "
            "are taken.",
        ),
    ] = None,
    approval: Approve = "ask_for_destructive",
    journal: JournalPath = None,
    json: Json = False,
) -> None:
    """Run it again from what is recorded.

    No model is asked. With --tools the calls are run now, also those that a person approved then;
    where a result or a definition is another than it was, the request that follows is not recorded,
    and the difference is shown.
    """
    kept = _journal(journal)
    run_again(kept, kept.find(run_id), tools, approval, as_json=json)


@app.command("diff")
def diff_runs(
    first: Annotated[str, typer.Argument(metavar="A", help="The id of a run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The id of another.")],
    journal: JournalPath = None,
) -> None:
    """Show in what two runs differ.

    Definitions, calls, arguments, results, answers, tokens, cost and time.
    """
    kept = _journal(journal)
    write(compared(kept, kept.find(first), kept.find(second)))


@app.command()
def export(
    run_ids: Annotated[list[str], typer.Argument(metavar="RUN...", help="The ids of runs.")],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="jsonl: a line for each event; recording: what Agent(replay=...) takes; openai: "
            "a line with messages and tools as chat completions and fine-tuning have them.",
        ),
    ] = "jsonl",
    journal: JournalPath = None,
) -> None:
    """Write runs as lines of JSON."""
    kept = _journal(journal)
    for run_id in run_ids:
        for line in exported(kept, kept.find(run_id), form):
            write(f"{line}\n")


@app.command()
def prune(
    days: Annotated[float, typer.Option(min=0, help="Forget what began longer ago.")],
    journal: JournalPath = None,
) -> None:
    """Forget old runs, and give the space back."""
    write(f"Runs forgotten: {_journal(journal).prune(days=days)}\n")


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


def _journal(path: str | None) -> Journal:
    given = path or os.environ.get("AGENTKIT_JOURNAL")
    if not given:
        raise ConfigError("There is no journal: give --journal FILE, or set AGENTKIT_JOURNAL.")
    if not os.path.exists(os.path.expanduser(given)):
        raise ConfigError(f"There is no journal {given!r}.")
    return Journal(given)
