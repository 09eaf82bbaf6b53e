"""`agentkit runs`: the runs of a journal, listed, shown and gone on with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from agentkit import ConfigError
from agentkit.cli.options import (
    Approve,
    InterfaceName,
    JournalPath,
    Json,
    MaxSteps,
    Model,
    Options,
    Stream,
    Tools,
)
from agentkit.cli.output import note, write, write_json
from agentkit.cli.running import build_agent, go_on, read_options
from agentkit.cli.screen import screen_for
from agentkit.cli.text import columns, one_line
from agentkit.journal.store import Journal
from agentkit.journal.stored import StoredEvent
from agentkit.run import shown
from agentkit.saving import load_messages

app = typer.Typer(rich_markup_mode=None)

RunId = Annotated[str, typer.Argument(help="The run's id; `agentkit runs list` has them.")]
_WIDTH = 60  # characters of a prompt or an output in a list
_LONG = 500  # characters of a text in a shown run


@app.callback(invoke_without_command=True)
def runs(context: typer.Context) -> None:
    """List the runs of a journal, show one, resume one that was cut short, or forget old ones."""
    if context.invoked_subcommand is None:
        list_runs()


@app.command("list")
def list_runs(
    journal: JournalPath = None,
    state: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            help="Only those that are running (or were killed), waiting, done or failed.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most runs.")] = 20,
    json: Json = False,
) -> None:
    """List the newest runs: id, when, how they stand, steps, tokens, and what was asked."""
    found = _journal(journal).runs(state=state, limit=limit)
    if json:
        write_json([asdict(each) for each in found])
        return
    head = ("ID", "BEGUN", "STATE", "STEPS", "TOKENS", "PROMPT")
    rows = [
        (
            each.id,
            _when(each.begun),
            each.state,
            "" if each.steps is None else str(each.steps),
            _tokens(each.prompt_tokens, each.completion_tokens),
            one_line(each.prompt or "")[:_WIDTH],
        )
        for each in found
    ]
    write(columns([head, *rows]) + "\n" if rows else "There are no such runs.\n")


@app.command()
def show(run_id: RunId, journal: JournalPath = None, json: Json = False) -> None:
    """Show what happened in a run, with the seconds since it began."""
    kept = _journal(journal)
    run = kept.run(run_id)
    if json:
        write_json(run.to_dict())
        return
    events = kept.events(run_id)
    for each in events:
        for line in _told(each):
            write(f"{each.at - events[0].at:9.3f}  {line}\n")
    write(f"{run.usage.total_tokens:,} tokens in {len(run.steps)} steps\n")


@app.command()
def resume(
    run_id: RunId,
    *,
    tools: Tools = None,
    interface: InterfaceName = None,
    model: Model = "agent",
    option: Options = None,
    stream: Stream = None,
    json: Json = False,
    max_steps: MaxSteps = None,
    approval: Approve = "ask_for_destructive",
    journal: JournalPath = None,
) -> None:
    """Go on with a run that was cut short; give it the same tools.

    Nothing that has a result is done again. Of a call of which nobody knows whether it ran you are
    asked, unless its tool may be called twice.
    """
    options = read_options(option or [], stream, json)
    agent = build_agent(
        tools,
        interface,
        model,
        options=options,
        system=None,
        max_steps=max_steps,
        approval=approval,
        journal=os.fspath(_journal(journal).path),
    )
    run = agent.stored(run_id)
    if run.output is not None:
        note("that run has its answer:")
        write(f"{run.output}\n")
        return
    go_on(agent, screen_for(json=json, stream="stream" in options), run)


@app.command()
def prune(
    days: Annotated[float, typer.Option(min=0, help="Forget what began longer ago.")],
    journal: JournalPath = None,
) -> None:
    """Forget old runs, and give the space back."""
    write(f"{_journal(journal).prune(days=days)} runs forgotten.\n")


def _journal(path: str | None) -> Journal:
    given = path or os.environ.get("AGENTKIT_JOURNAL")
    if not given:
        raise ConfigError("There is no journal: give --journal FILE, or set AGENTKIT_JOURNAL.")
    if not os.path.exists(os.path.expanduser(given)):
        raise ConfigError(f"There is no journal {given!r}.")
    return Journal(given)


def _told(event: StoredEvent) -> Iterator[str]:
    """An event in words, a line each."""
    data = event.data
    match event.kind:
        case "begin":
            yield f"user: {_short(data['prompt'])}" if data.get("prompt") else "goes on"
        case "request":
            yield f"asked {data['model']}"
        case "response":
            (message,) = load_messages([json.loads(data["message"])])
            usage = data.get("usage") or {}
            model = data.get("model") or "the model"
            yield f"answer of {model}{_usage(usage)}"
            for call in getattr(message, "calls", ()):
                yield f"  → {_short(shown(call))}"
            if message.content:
                yield f"  {_short(message.content)}"
        case "call":
            yield f"{data['name']} begins ({event.key})"
        case "result":
            (message,) = load_messages([json.loads(data["message"])])
            yield f"  {_short(message.content or '')}"
        case "end":
            yield f"{data['state']}{': ' + data['error'] if data.get('error') else ''}"


def _usage(usage: dict[str, Any]) -> str:
    tokens = _tokens(usage.get("prompt_tokens"), usage.get("completion_tokens"))
    return f", {tokens} tokens" if tokens else ""


def _tokens(prompt: int | None, completion: int | None) -> str:
    return f"{(prompt or 0) + (completion or 0):,}" if prompt or completion else ""


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _LONG else f"{line[:_LONG]}…"


def _when(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")
