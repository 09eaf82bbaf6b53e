"""`agentkit durable`: durable runs, and what can be done with them."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agentkit.cli.durable_options import Call, DatabaseAddress, Queue, RunId, Version
from agentkit.cli.lazy import new_app
from agentkit.cli.options import Json, ListAsJson
from agentkit.cli.output import note, write, write_json
from agentkit.cli.telling import when
from agentkit.cli.text import columns, one_line
from agentkit.errors import ConfigError
from agentkit.run import shown

if TYPE_CHECKING:
    from agentkit.durable import Engine

_WIDTH = 60  # characters of a prompt or an output in a list

app = new_app({})


@app.callback()
def durable() -> None:
    """Durable runs, which workers carry out."""


@contextmanager
def _opened(database: str, version: str = "1") -> Iterator[Engine]:
    from agentkit.durable import Engine

    with closing(Engine(database, version=version)) as engine:
        yield engine


@app.command("list")
def list_durable(
    database: DatabaseAddress,
    state: Annotated[
        Literal["queued", "running", "waiting", "done", "failed", "cancelled"] | None,
        typer.Option(show_default=False, help="Only those in this state."),
    ] = None,
    queue: Queue = None,
    limit: Annotated[int, typer.Option(min=1, help="The most runs.")] = 20,
    json: ListAsJson = False,
) -> None:
    """List the newest runs."""
    with _opened(database) as engine:
        found = engine.runs(state=state, queue=queue, limit=limit)
    if json:
        write_json([asdict(each) for each in found])
        return
    rows = [("ID", "SUBMITTED", "STATE", "AGENT", "QUEUE", "VERSION", "PROMPT")]
    rows += [
        (
            each.id,
            when(each.created or 0.0),
            each.state,
            each.agent,
            each.queue or "",
            each.version or "",
            one_line(each.prompt or "")[:_WIDTH],
        )
        for each in found
    ]
    write(columns(rows) + "\n" if found else "There are no such runs.\n")


@app.command()
def show(run_id: RunId, database: DatabaseAddress, json: Json = False) -> None:
    """Show the steps of a run, and what waits for you."""
    with _opened(database) as engine:
        run = engine.stored(run_id)
        steps = () if json else engine.steps(run_id)
    if json:
        write_json(run.to_dict())
        return
    rows = [
        (str(each.number), each.name, one_line(json_module.dumps(each.output))[:_WIDTH])
        for each in steps
    ]
    write(columns([("STEP", "NAME", "OUTPUT"), *rows]) + "\n")
    for call in run.pending:
        write(f"? {call.id}: {one_line(shown(call))} waits: {one_line(call.waits)}\n")
    if run.pending:
        note("`agentkit durable approve` and `deny` decide.")
    elif run.output is not None:
        write(f"{run.output}\n")


@app.command()
def cancel(run_id: RunId, database: DatabaseAddress) -> None:
    """End a run, also in the middle of a call; what it did is kept."""
    with _opened(database) as engine:
        engine.cancel(run_id)


@app.command()
def resume(run_id: RunId, database: DatabaseAddress, version: Version = "1") -> None:
    """Go on with a run that failed or was cancelled."""
    with _opened(database, version) as engine:
        engine.resume(run_id)


@app.command()
def fork(
    run_id: RunId,
    step: Annotated[int, typer.Argument(help="The first step to be done anew.")],
    database: DatabaseAddress,
    version: Version = "1",
) -> None:
    """Begin a run that takes over the steps before one, and print its id."""
    with _opened(database, version) as engine:
        write(f"{engine.fork(run_id, step)}\n")


@app.command()
def approve(
    run_id: RunId,
    database: DatabaseAddress,
    call: Call = None,
    arguments: Annotated[
        str | None,
        typer.Option(metavar="JSON", show_default=False, help="Other arguments to call it with."),
    ] = None,
) -> None:
    """Let a call run that waits, and its run go on."""
    try:
        given = None if arguments is None else dict(json_module.loads(arguments))
    except (ValueError, TypeError):
        raise ConfigError("--arguments is a JSON object.") from None
    with _opened(database) as engine:
        engine.approve(run_id, call, given)


@app.command()
def deny(
    run_id: RunId,
    database: DatabaseAddress,
    call: Call = None,
    why: Annotated[str, typer.Option(help="What the model is told.")] = "",
) -> None:
    """Refuse a call that waits, and let its run go on."""
    with _opened(database) as engine:
        engine.deny(run_id, call, why)


@app.command()
def answer(
    run_id: RunId,
    result: Annotated[str, typer.Argument(help="What the model is told as the result.")],
    database: DatabaseAddress,
    call: Call = None,
) -> None:
    """Give a call that waits its result without running it."""
    with _opened(database) as engine:
        engine.answer(run_id, call, result)


@app.command()
def migrate(database: DatabaseAddress) -> None:
    """Make or change the tables; workers do so too, one of them, where they may."""
    with _opened(database) as engine:
        engine.migrate()


@app.command()
def prune(
    days: Annotated[float, typer.Option(min=0, help="Forget what ended longer ago.")],
    database: DatabaseAddress,
) -> None:
    """Forget runs that ended long ago; those that are queued, run or wait stay."""
    with _opened(database) as engine:
        write(f"Runs forgotten: {engine.prune(days)}\n")
