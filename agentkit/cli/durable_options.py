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
