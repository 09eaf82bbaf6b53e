"""The options of commands about durable runs."""

from __future__ import annotations

from typing import Annotated

import typer

DatabaseAddress = Annotated[
    str,
    typer.Option(
        "--database",
        "-d",
        envvar="AGENTKIT_DATABASE",
        metavar="ADDRESS",
        show_default=False,
        help="A path for one machine, or postgresql://USER:PASSWORD@HOST/NAME for many.",
    ),
]
Queue = Annotated[
    str | None,
    typer.Option("--queue", "-q", show_default=False, help="The queue. Default: agentkit."),
]
Version = Annotated[
    str, typer.Option(help="The version of the agents: workers take the runs of their own alone.")
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The id of a run.")]
Call = Annotated[
    str | None,
    typer.Argument(
        show_default=False, help="The id of a call that waits; not needed where only one does."
    ),
]
AgentsPlace = Annotated[
    str,
    typer.Argument(
        metavar="AGENTS",
        help="Where the agents are: file.py or module for all of it, file.py:name or "
        "module:name for one. An agent is called as its name= says, or else as its variable.",
    ),
]
Queues = Annotated[
    list[str] | None,
    typer.Option("--queue", "-q", show_default=False, help="A queue to take runs from; repeat it."),
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", "-c", min=1, help="The most runs at once.")
]
Grace = Annotated[
    float, typer.Option(min=0, help="Seconds that calls in flight have to end when it is stopped.")
]
Connections = Annotated[
    int,
    typer.Option(
        min=1, help="The most connections to the database for its runs; it has 16 others."
    ),
]
NewId = Annotated[
    str | None,
    typer.Option("--id", show_default=False, help="The run's id: the same one twice is one run."),
]
Deps = Annotated[
    str | None, typer.Option(metavar="JSON", show_default=False, help="For the tools' context.")
]
After = Annotated[
    str | None,
    typer.Option(
        metavar="RUN", show_default=False, help="A run that has its answer, to go on from."
    ),
]
