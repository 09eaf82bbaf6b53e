"""The command `batch`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agentkit.cli.durable_options import Version
from agentkit.cli.options import Mcp, Tools, TracePath

Input = Annotated[
    str | None,
    typer.Argument(
        metavar="INPUT",
        show_default=False,
        help="The rows: JSON lines, CSV with a header, or a prompt a line; - or nothing is stdin.",
    ),
]
AgentName = Annotated[
    str | None,
    typer.Option(
        "--agent",
        "-a",
        metavar="SOURCE",
        show_default=False,
        help="The agent: file.py:name or module:name. Without it --tools, --interface, --model, "
        "--system and the like make one, as in `agentkit run`.",
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write: JSON lines, or CSV where the name ends in .csv; - is stdout. The "
        "journal beside it, FILE.db, is what a batch goes on from.",
    ),
]
JournalFile = Annotated[
    str | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        show_default=False,
        help="Another file to keep the runs in. Default: OUTPUT.db, or none for stdout.",
    ),
]
RowFormat = Annotated[
    Literal["jsonl", "csv", "tsv", "text"] | None,
    typer.Option(
        "--format",
        show_default=False,
        help="How the rows are written. Default: what the name's ending, or the first line, tells.",
    ),
]
TemplateText = Annotated[
    str | None,
    typer.Option(
        "--template",
        show_default=False,
        help="A row's prompt, with {name} where a column goes; {{ and }} are braces. Default: the "
        "column prompt, or the only one.",
    ),
]
IdColumn = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        show_default=False,
        help="The column that names a row, so that rows may move. Default: the row's number.",
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", "-c", min=1, help="The most rows at once; a server's limits are kept."
    ),
]
Unordered = Annotated[
    bool, typer.Option("--unordered", help="Write rows as they come, not in the input's order.")
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Go on with rows that failed before, too.")
]
UnfinishedCalls = Annotated[
    Literal["wait", "repeat", "skip"],
    typer.Option(
        "--unfinished",
        help="What to do with a call of which nobody knows whether it ran when the batch was "
        "killed: the row waits for your decision, it is repeated with the same call_key, or "
        "skipped, and the model is told so.",
    ),
]
OwnInterface = Annotated[
    str | None,
    typer.Option("--interface", "-i", metavar="NAME", show_default=False, help="See `run`."),
]
OwnModel = Annotated[
    str | None, typer.Option("--model", "-m", show_default=False, help="See `run`.")
]
OwnOptions = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", show_default=False, help="See `run`."),
]
OwnSystem = Annotated[
    str | None, typer.Option("--system", "-s", show_default=False, help="See `run`.")
]
OwnSteps = Annotated[
    int | None, typer.Option("--max-steps", min=1, show_default=False, help="See `run`.")
]
OwnApproval = Annotated[
    str | None, typer.Option("--approval", metavar="POLICY", show_default=False, help="See `run`.")
]
RowQueue = Annotated[
    str | None,
    typer.Option(
        "--queue",
        "-q",
        show_default=False,
        help="Have durable workers run the rows, which take them from this queue; --agent is then "
        "the agent's name. See `worker`.",
    ),
]
RowDatabase = Annotated[
    str | None,
    typer.Option(
        "--database",
        "-d",
        metavar="ADDRESS",
        show_default=False,
        help="Where the queue is: a path, or postgresql://USER:PASSWORD@HOST/NAME.",
    ),
]


def batch(
    context: typer.Context,
    rows: Input = None,
    *,
    agent: AgentName = None,
    output: Output = "-",
    concurrency: Concurrency = 10,
    template: TemplateText = None,
    id_column: IdColumn = None,
    unordered: Unordered = False,
    retry_failed: RetryFailed = False,
    unfinished: UnfinishedCalls = "wait",
    journal: JournalFile = None,
    trace: TracePath = None,
    kind: RowFormat = None,
    tools: Tools = None,
    mcp: Mcp = None,
    interface: OwnInterface = None,
    model: OwnModel = None,
    option: OwnOptions = None,
    system: OwnSystem = None,
    max_steps: OwnSteps = None,
    approval: OwnApproval = None,
    queue: RowQueue = None,
    database: RowDatabase = None,
    version: Version = "1",
) -> None:
    """Run an agent for each row of a file, side by side.

    Started again it goes on where it was: rows that are done are not asked again. Exit codes: 0 all
    are done, 1 some failed or it could not go on, 4 none failed and some wait for a decision.

    \b
    agentkit batch prompts.jsonl --agent my_agent.py:agent -o results.jsonl --concurrency 50
    agentkit batch cities.csv --template "What is {city} known for?" -o results.csv
    agentkit batch prompts.jsonl --queue support --agent support --database runs.db -o out.jsonl
    """
    from agentkit.cli.batch.making import run_batch

    raise typer.Exit(run_batch(context.params))
