"""The command `eval run`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agentkit.cli.batch.command import Concurrency, OwnOptions, OwnSteps, OwnSystem
from agentkit.cli.options import Mcp, Tools

Cases = Annotated[
    str,
    typer.Argument(
        metavar="CASES",
        show_default=False,
        help="The cases: JSON lines, or JSON or YAML by the name's ending.",
    ),
]
Agents = Annotated[
    list[str] | None,
    typer.Option(
        "--agent",
        "-a",
        metavar="SOURCE",
        show_default=False,
        help="The agent: file.py:name or module:name. Without it --tools, --system and the like "
        "make one, as in `agentkit run`. Repeat it to compare several.",
    ),
]
Interfaces = Annotated[
    list[str] | None,
    typer.Option(
        "--interface",
        "-i",
        metavar="NAME",
        show_default=False,
        help="The way to the model; see `run`. Repeat it to compare several.",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        show_default=False,
        help="An alias of the interface, or a model's full name. Repeat it to compare several.",
    ),
]
Dialects = Annotated[
    list[str] | None,
    typer.Option(
        "--dialect",
        metavar="NAME",
        show_default=False,
        help="How requests are spelled: functions or tools. Repeat it to compare both.",
    ),
]
Wordings = Annotated[
    list[str] | None,
    typer.Option(
        "--wording",
        metavar="FILE",
        show_default=False,
        help='Other descriptions of tools, as JSON or YAML: {"tool": {"description": "...", '
        '"parameters": {"name": "..."}}}; none is their own. Repeat it to compare.',
    ),
]
Repeat = Annotated[
    int, typer.Option("--repeat", "-n", min=1, help="How often each case is run, or looked for.")
]
Results = Annotated[
    str | None,
    typer.Option(
        "--results",
        "-r",
        metavar="FILE",
        show_default=False,
        help="A file of outcomes, a line of JSON for each. Started again with it, nothing is asked "
        "twice, and all is judged anew by the cases as they are now.",
    ),
]
RetryErrors = Annotated[
    bool, typer.Option("--retry-errors", help="Run again what an error ended before.")
]
RunTools = Annotated[
    Literal["none", "read_only", "all"],
    typer.Option(
        "--run-tools",
        help="Which tools run: none, those that are read_only, or all that nobody must approve. "
        "Calls of the others are judged, and answered as if they had run.",
    ),
]
FirstReply = Annotated[
    bool,
    typer.Option(
        "--first-reply",
        help="Judge the calls of the model's first reply alone: one request a case, no tool runs.",
    ),
]
Threshold = Annotated[
    float,
    typer.Option(
        "--threshold",
        min=0,
        max=1,
        help="The share of runs that must pass in each variant; below it the exit code is 1.",
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", show_default=False, help="Only cases with this tag. Repeat it for more."),
]
Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--case", metavar="ID", show_default=False, help="Only this case. Repeat it for more."
    ),
]
RunsOf = Annotated[
    str | None,
    typer.Option(
        "--runs",
        metavar="JOURNAL",
        show_default=False,
        help="Judge the recorded runs of a journal that have the cases' prompts, without a model.",
    ),
]
Replayed = Annotated[
    str | None,
    typer.Option(
        "--replay",
        metavar="FILE",
        show_default=False,
        help="A recording that answers in place of the model; AGENTKIT_REPLAY=missing records.",
    ),
]
JsonFile = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", show_default=False, help="Write all as JSON; - stdout."),
]
JUnitFile = Annotated[
    str | None,
    typer.Option("--junit", metavar="FILE", show_default=False, help="Write JUnit XML, for CI."),
]
HtmlFile = Annotated[
    str | None,
    typer.Option("--html", metavar="FILE", show_default=False, help="Write a page for people."),
]


def run(
    context: typer.Context,
    cases: Cases,
    *,
    tools: Tools = None,
    mcp: Mcp = None,
    agent: Agents = None,
    interface: Interfaces = None,
    model: Models = None,
    dialect: Dialects = None,
    wording: Wordings = None,
    repeat: Repeat = 1,
    concurrency: Concurrency = 10,
    results: Results = None,
    retry_errors: RetryErrors = False,
    run_tools: RunTools = "read_only",
    first_reply: FirstReply = False,
    threshold: Threshold = 1.0,
    tag: Tags = None,
    case: Ids = None,
    runs: RunsOf = None,
    replay: Replayed = None,
    json: JsonFile = None,
    junit: JUnitFile = None,
    html: HtmlFile = None,
    option: OwnOptions = None,
    system: OwnSystem = None,
    max_steps: OwnSteps = None,
) -> None:
    """Run cases, and tell whether a model picks the right tools with the right arguments.

    Exit codes: 0 the threshold is met, 1 it is not, 2 wrong use, as also a mistake in the cases.
    """
    from agentkit.cli.evals.carrying import run_eval

    raise typer.Exit(run_eval(context.params))
