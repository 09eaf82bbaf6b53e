"""`agentkit eval`: does a model pick the right one of the tools, with the right arguments?"""

from __future__ import annotations

from typing import Any

from agentkit.cli.lazy import LazyGroup, new_app

_COMMANDS = {
    "run": (
        "agentkit.cli.evals.command:run",
        "Run cases, and tell whether a model picks the right tools with the right arguments.",
    ),
    "init": ("agentkit.cli.evals.init:init", "Write cases to begin with, as lines of JSON."),
}


class _RunsByDefault(LazyGroup):
    """Takes what is no command's name for the cases of `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The command and its arguments."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = new_app(_COMMANDS, _RunsByDefault)


@app.callback()
def evals() -> None:
    """Measure whether a model picks the right one of your tools, with the right arguments.

    \b
    agentkit eval cases.jsonl --tools tools.py
    agentkit eval cases.jsonl --tools tools.py --model large --model small --html report.html
    agentkit eval cases.jsonl --tools tools.py --runs runs.db

    `agentkit eval init` writes cases to begin with. `agentkit eval run cases.jsonl` is the same as
    `agentkit eval cases.jsonl`.
    """
