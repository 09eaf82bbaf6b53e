"""`agentkit runs`: the runs of a journal, and what can be done with them."""

from __future__ import annotations

import typer

from agentkit.cli.lazy import new_app

_COMMANDS = {
    "list": ("agentkit.cli.stored_runs:list_runs", "List the newest runs."),
    "show": ("agentkit.cli.stored_runs:show", "Show what happened in a run, and when."),
    "resume": (
        "agentkit.cli.resuming:resume",
        "Go on with a run that was cut short; give it the same tools.",
    ),
    "replay": ("agentkit.cli.again:replay", "Run it again from what is recorded."),
    "diff": ("agentkit.cli.comparing:diff_runs", "Show in what two runs differ."),
    "export": ("agentkit.cli.exporting:export", "Write runs as lines of JSON."),
    "prune": ("agentkit.cli.stored_runs:prune", "Forget old runs, and give the space back."),
}


app = new_app(_COMMANDS)


@app.callback(invoke_without_command=True)
def runs(context: typer.Context) -> None:
    """The runs of a journal.

    A RUN is its id, or what that begins with, or "last".
    """
    if context.invoked_subcommand is None:
        from agentkit.cli.stored_runs import list_runs

        list_runs()
