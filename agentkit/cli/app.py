"""How the command line is started, and which commands there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from agentkit.cli.errors import WRONG_USE, reported
from agentkit.cli.lazy import LazyGroup, new_app
from agentkit.cli.output import forgive_encodings, note, write

_COMMANDS = {
    "doctor": (
        "agentkit.cli.doctor:doctor",
        "Check an interface: settings, key, models, and calls in both dialects.",
    ),
    "run": ("agentkit.cli.talking:run", "Ask once, with tools, and print the answer."),
    "chat": ("agentkit.cli.talking:chat", "Hold a conversation, a line at a time."),
    "batch": (
        "agentkit.cli.batch.command:batch",
        "Run an agent for each row of a file, side by side.",
    ),
    "eval": (
        "agentkit.cli.evals:app",
        "Measure whether a model picks the right one of your tools, with the right arguments.",
    ),
    "tools": (
        "agentkit.cli.tools:app",
        "List tools and packs, show, call and check tools without a model, or begin a new one.",
    ),
    "mcp": ("agentkit.cli.mcp:app", "Use tools of MCP servers, and serve yours to MCP clients."),
    "interfaces": (
        "agentkit.cli.interfaces:app",
        "List the interfaces, show all about one, or add and remove pages of your own.",
    ),
    "runs": ("agentkit.cli.runs:app", "The runs of a journal."),
    "serve": (
        "agentkit.cli.serving:serve",
        "Serve agents over HTTP: a page, OpenAI's chat completions, and an API for runs.",
    ),
    "worker": ("agentkit.cli.working:worker", "Carry out durable runs until it is stopped."),
    "submit": ("agentkit.cli.working:submit", "Put a durable run into a queue, and print its id."),
    "durable": ("agentkit.cli.durable:app", "Durable runs, which workers carry out."),
}


class _Reporting(LazyGroup):
    """Turns the errors of all commands into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with reported():
            return super().invoke(ctx)


app = new_app(_COMMANDS, _Reporting, context_settings={"help_option_names": ["-h", "--help"]})


def start(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    forgive_encodings()
    command: Any = typer.main.get_command(app)
    try:
        return command.main(arguments, prog_name="agentkit", standalone_mode=False) or 0
    except Exception as error:
        if not hasattr(error, "format_message"):  # not the parser's word on wrong use
            raise
        context = getattr(error, "ctx", None)
        place = context.command_path if context else "agentkit"
        said = error.format_message()
        note(f"{said}{'' if said.endswith(('.', '?')) else '.'} See: {place} --help")
        return WRONG_USE


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            write(f"agentkit {version('agentkit')}\n")
        except PackageNotFoundError:
            write("agentkit, run from a source tree\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def agentkit(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Plain Python functions as tools of a function-calling agent.

    \b
    Exit codes:
      0    an answer
      1    the run failed: the model gave no usable reply, or a tool raised; or lint found errors
      2    wrong use: arguments, options, settings, or tools that cannot be offered
      3    a limit was reached
      4    a call needs approval, and there is no terminal to ask on
      130  Ctrl-C
      141  the reader of the output went away
    """
    if context.invoked_subcommand is None:
        write(context.get_help() + "\n")
