"""`agentkit serve`: agents over HTTP."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Any, NamedTuple

import typer

from agentkit.cli.options import (
    Approve,
    Hosts,
    InterfaceName,
    MaxSteps,
    Mcp,
    Model,
    NoKey,
    Options,
    Origins,
    System,
    Tools,
)
from agentkit.cli.output import apart, note, write
from agentkit.errors import ConfigError

KEYS = "AGENTKIT_SERVE_KEYS"

Place = Annotated[
    str | None,
    typer.Argument(
        metavar="AGENTS",
        show_default=False,
        help="Where the agents are: file.py or module for all of it, file.py:name or "
        "module:name for one. If not given, one agent is made as `agentkit run` makes it.",
    ),
]
Host = Annotated[str, typer.Option(help="Where to listen; other machines need a key.")]
Port = Annotated[int, typer.Option("--port", "-p", help="0 takes one that is free.")]
KeyFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        show_default=False,
        help=f"Keys that clients must bring, one a line. {KEYS} has more, with commas between.",
    ),
]
JournalPath = Annotated[
    str | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        show_default=False,
        help="The file in which all runs are kept. Default: AGENTKIT_JOURNAL, or "
        "agentkit/service.db among your data.",
    ),
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", "-c", min=1, help="The most runs at once.")
]
Rate = Annotated[
    float,
    typer.Option(
        min=0, help="The most requests a minute that change something, of one key; 0: any."
    ),
]
MostBytes = Annotated[int, typer.Option(min=1, help="The largest body of a request.")]
Grace = Annotated[
    float,
    typer.Option(min=0, help="Seconds that runs have to end when it stops; the rest go on later."),
]
Resume = Annotated[
    bool, typer.Option("--resume/--no-resume", help="Go on with runs that were interrupted before.")
]
OpenMetrics = Annotated[bool, typer.Option("--open-metrics", help="Give /metrics without a key.")]


def serve(
    agents: Place = None,
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    key_file: KeyFile = None,
    no_key: NoKey = False,
    allow_host: Hosts = None,
    allow_origin: Origins = None,
    tools: Tools = None,
    mcp: Mcp = None,
    interface: InterfaceName = None,
    model: Model = "agent",
    option: Options = None,
    system: System = None,
    max_steps: MaxSteps = None,
    approval: Approve = "ask_for_destructive",
    journal: JournalPath = None,
    concurrency: Concurrency = 200,
    rate: Rate = 600.0,
    most_bytes: MostBytes = 10_000_000,
    grace: Grace = 30.0,
    resume: Resume = True,
    open_metrics: OpenMetrics = False,
) -> None:
    """Serve agents over HTTP: a page, OpenAI's chat completions, and an API for runs.

    SIGTERM or Ctrl-C begins no more runs and gives the others time to end; what has not ended by
    then goes on when it is started again. A second one does not wait.
    """
    made = {
        "tools": tools, "mcp": mcp, "interface": interface, "option": option,
        "system": system, "max_steps": max_steps, "model": model, "approval": approval,
    }  # fmt: skip
    settings = {
        "journal": journal, "hosts": allow_host or (), "origins": allow_origin or (),
        "concurrency": concurrency, "rate": rate or None, "most_bytes": most_bytes,
        "grace": grace, "resume": resume, "open_metrics": open_metrics,
    }  # fmt: skip
    _serve(agents, made, settings, Listening(host, port, key_file, no_key))


class Listening(NamedTuple):
    """Where to listen, and to whom."""

    host: str
    port: int
    key_file: str | None
    no_key: bool


def _serve(
    place: str | None, made: dict[str, Any], settings: dict[str, Any], where: Listening
) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")  # of warnings
    stdout = sys.stdout
    with apart():
        from agentkit.guard import Keys
        from agentkit.serve import Service

        keys = Keys.read(where.key_file, KEYS)
        service = Service(_agents(place, **made), keys=keys, **settings)
        if where.no_key and not keys:
            note("there is no key: whoever reaches this service may use it.")

        def ready(address: str) -> None:
            names = ", ".join(service.agents)
            write(f"serving {names} at {address} (journal: {service.journal.path})\n", stdout)

        service.run(where.host, where.port, no_key=where.no_key, ready=ready)
        note("stopped.")


def _agents(place: str | None, **made: Any) -> Any:
    """The agents of a file, or one that is made of the options.

    Raises:
        ConfigError: There are none, or both are given.
    """
    if place is None:
        from agentkit.cli.running import build_agent, read_options

        options = read_options(made.pop("option") or [], False, False)
        return {"agent": build_agent(options=options, **made)}
    usual = {"model": "agent", "approval": "ask_for_destructive"}
    if given := [name for name, value in made.items() if value != usual.get(name)]:
        raise ConfigError(f"--{given[0].replace('_', '-')} is what the agents of {place} say.")
    from agentkit.cli.agents import load_agents

    return load_agents(place)
