"""`agentkit runs export`: runs as lines of JSON, for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from agentkit import ConfigError, Request
from agentkit.cli.kept import opened
from agentkit.cli.options import JournalPath
from agentkit.cli.output import write
from agentkit.errors import closest
from agentkit.journal.store import Journal
from agentkit.replay.file import Lines
from agentkit.replay.stored import Recorded
from agentkit.replay.tape import Tape
from agentkit.transcript import closed
from agentkit.wire import encode


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
    kept = opened(journal)
    for run_id in run_ids:
        for line in _exported(kept, kept.find(run_id), form):
            write(f"{line}\n")


def _exported(kept: Journal, run_id: str, form: str) -> Iterator[str]:
    """A run, line by line.

    Raises:
        ConfigError: There is no such format.
    """
    if form not in _FORMS:
        raise ConfigError(
            f"There is no format {form!r}, only {', '.join(_FORMS)}.{closest(form, _FORMS)}"
        )
    kept.listed(run_id)  # so that one that is not there is an error
    return _FORMS[form](kept, run_id)


def _events(kept: Journal, run_id: str) -> Iterator[str]:
    """A line for each event; the messages in it as objects, and not as texts."""
    for each in kept.events(run_id):
        plain = asdict(each)
        for name in ("messages", "definitions"):
            if name in each.data:
                plain["data"][name] = [json.loads(text) for text in each.data[name]]
        for name in ("message", "options"):
            if isinstance(each.data.get(name), str):
                plain["data"][name] = json.loads(each.data[name])
        yield _line({"run": run_id, **plain})


def _recording(kept: Journal, run_id: str) -> Iterator[str]:
    written = Lines()
    Recorded.of(kept.events(run_id), Tape(sink=written))
    yield from written.lines


def _openai(kept: Journal, run_id: str) -> Iterator[str]:
    """The transcript as chat completions have it, with the functions: a line for fine-tuning."""
    run, recorded = kept.run(run_id), Recorded.of(kept.events(run_id))
    messages = tuple(closed(run.messages))  # every call with a result, as servers want it
    request = Request(messages=messages, definitions=tuple(recorded.definitions.values()))
    body: dict[str, Any] = json.loads(encode(request, model="", dialect="tools"))
    tools = {"tools": body["tools"]} if body.get("tools") else {}
    yield _line({"messages": body["messages"], **tools})


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


_FORMS: dict[str, Callable[[Journal, str], Iterator[str]]] = {
    "jsonl": _events,
    "recording": _recording,
    "openai": _openai,
}
