"""From the options of `batch` to an agent and rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentkit import Agent, ConfigError
from agentkit.cli.agents import load_agent
from agentkit.cli.batch.answers import Place
from agentkit.cli.batch.carrying import carry_out
from agentkit.cli.batch.formats import Format
from agentkit.cli.batch.machine import Machine
from agentkit.cli.batch.rows import Rows
from agentkit.cli.prompts import stdin_is_fed
from agentkit.cli.running import build_agent, read_options

_OF_AN_AGENT = (
    "tools",
    "mcp",
    "interface",
    "model",
    "option",
    "system",
    "max_steps",
    "approval",
    "trace",
)


def run_batch(given: Mapping[str, Any]) -> int:
    """Run a batch as the command was told to, and give the exit code.

    Args:
        given: The parameters of the command, by name.

    Raises:
        AgentkitError: It cannot be begun, or cannot go on.
    """
    unfinished = given["unfinished"]
    settings: dict[str, Any] = {
        "concurrency": given["concurrency"],
        "in_order": not given["unordered"],
        "retry_failed": given["retry_failed"],
        "unfinished": "ask" if unfinished == "wait" else unfinished,
    }
    with opened_rows(*(given[name] for name in ("rows", "kind", "template", "id_column"))) as rows:
        output = None if given["output"] == "-" else _path(given["output"])
        if given["queue"] is not None or given["database"] is not None:
            return carry_out(rows, output, _queue(given, settings))
        agent = chosen_agent(given["agent"], {name: given[name] for name in _OF_AN_AGENT})
        return carry_out(rows, output, Machine(agent, _path(given["journal"]), settings))


def _queue(given: Mapping[str, Any], settings: dict[str, Any]) -> Place:
    from agentkit.cli.batch.queued import Queue

    here = [name for name in ("journal", *_OF_AN_AGENT) if given[name]]
    if here or settings.pop("unfinished") != "ask":
        option = (here or ["unfinished"])[0].replace("_", "-")
        raise ConfigError(f"--{option} is for rows that are run here; leave it out with --queue.")
    database = given["database"] or os.environ.get("AGENTKIT_DATABASE")
    if given["agent"] is None or not database:
        raise ConfigError("--queue takes --agent NAME, as workers know it, and --database.")
    from agentkit.durable import Engine
    from agentkit.durable.engine import QUEUE

    engine = Engine(database, version=given["version"])
    return Queue(engine=engine, agent=given["agent"], queue=given["queue"] or QUEUE, **settings)


def _path(given: str | None) -> Path | None:
    return Path(os.path.expanduser(given)) if given else None


def chosen_agent(name: str | None, own: Mapping[str, Any]) -> Agent[Any]:
    """The agent that `--agent` names, or that the other options describe.

    Args:
        name: file.py:name or module:name.
        own: The options that describe one, by their names; None where one is not given.

    Raises:
        ConfigError: Both are given, or what is given does not fit.
        DefinitionError: A tool cannot be offered.
    """
    if name is not None:
        if both := next((each for each, value in own.items() if value), None):
            option = both.replace("_", "-")
            raise ConfigError(
                f"--agent brings its own: leave out --{option}, or set it where the agent is made."
            )
        return load_agent(name)
    return build_agent(
        own["tools"],
        own["mcp"],
        own["interface"],
        own["model"] or "agent",
        options=read_options(own["option"] or [], False, True),
        system=own["system"],
        max_steps=own["max_steps"],
        approval=own["approval"] or "ask_for_destructive",
        journal="",
        trace=own["trace"],
    )


@contextmanager
def opened_rows(
    path: str | None, kind: Format | None, template: str | None, id_column: str | None
) -> Iterator[Rows]:
    """The rows of a file or stdin.

    Raises:
        ConfigError: There are none.
    """
    if path is None and not stdin_is_fed():
        raise ConfigError("There are no rows: agentkit batch FILE, or pipe them in.")
    rows = Rows(path or "-", kind, template, id_column)
    try:
        yield rows
    finally:
        rows.close()
