"""`agentkit serve`: agents over HTTP."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, Any

import typer

from agentkit.cli.options import Approve, InterfaceName, MaxSteps, Model, Options, System, Tools
from agentkit.cli.output import apart, note, write
from agentkit.cli.serving_mcp import Hosts, NoKey, Origins
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

    SIGTERM or Ctrl-C begins no more runs and lets the others end; what has not ended by then goes
    on when it is started again. A second one does not wait.

    \b
    agentkit serve my_agent.py
    agentkit serve --tools house.py --system "You are the house."
    agentkit serve my_agent.py --host 0.0.0.0 --key-file keys.txt
    """
    made = (tools, interface, option, system, max_steps)
    if agents and (any(each is not None for each in made) or model != "agent"):
        raise ConfigError("Tools, interface, model and such are what the agents of a file say.")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")  # of warnings
    stdout = sys.stdout
    with apart():
        from agentkit.guard import Keys
        from agentkit.serve import Service

        keys = Keys.read(key_file, KEYS)
        os.environ.pop(KEYS, None)  # no tool is to find it there
        service = Service(
            _agents(agents, tools, interface, model, option, system, max_steps, approval),
            journal=journal,
            keys=keys,
            hosts=allow_host or (),
            origins=allow_origin or (),
            concurrency=concurrency,
            rate=rate or None,
            most_bytes=most_bytes,
            grace=grace,
            resume=resume,
            open_metrics=open_metrics,
        )
        if no_key and not keys:
            note("there is no key: whoever reaches this service may use it.")
        service.run(host, port, no_key=no_key, ready=lambda at: _ready(service, at, stdout))
        note("stopped.")


def _ready(service: Any, address: str, stdout: Any) -> None:
    names = ", ".join(service.agents)
    write(f"serving {names} at {address} (journal: {service.journal.path})\n", stdout)


def _agents(place: str | None, tools: Any, interface: Any, model: str, *rest: Any) -> Any:
    """The agents of a file, or one that is made of the options."""
    if place:
        from agentkit.cli.agents import load_agents

        return load_agents(place)
    from agentkit.cli.running import build_agent, read_options

    option, system, max_steps, approval = rest
    agent = build_agent(
        tools,
        interface,
        model,
        options=read_options(option or [], False, False),
        system=system,
        max_steps=max_steps,
        approval=approval,
    )
    return {"agent": agent}
