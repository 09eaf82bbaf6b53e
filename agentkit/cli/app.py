"""The commands `run` and `chat`, and how all commands are started."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from agentkit.cli import interfaces, runs, tools
from agentkit.cli.chat import Chat
from agentkit.cli.doctor import doctor
from agentkit.cli.errors import WRONG_USE, reported
from agentkit.cli.options import (
    Approve,
    Conversation,
    InterfaceName,
    JournalPath,
    Json,
    MaxSteps,
    Model,
    Options,
    Stream,
    System,
    Tools,
)
from agentkit.cli.output import forgive_encodings, note, write
from agentkit.cli.prompts import read_prompt
from agentkit.cli.running import build_agent, follow, read_options
from agentkit.cli.screen import screen_for


class _Reporting(TyperGroup):
    """Turns the errors of all commands into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with reported():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Reporting,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(tools.app, name="tools")
app.add_typer(interfaces.app, name="interfaces")
app.add_typer(runs.app, name="runs")
app.command()(doctor)


def start(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    forgive_encodings()
    # A failed tool is shown as a result; its traceback would come on top of that.
    logging.getLogger("agentkit").addHandler(logging.NullHandler())
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


@app.command()
def run(
    prompt: Annotated[
        str | None,
        typer.Argument(
            show_default=False,
            help="What to ask; - or nothing reads it from stdin. With both, what stdin brings "
            "follows the prompt.",
        ),
    ] = None,
    *,
    tools: Tools = None,
    interface: InterfaceName = None,
    model: Model = "agent",
    option: Options = None,
    system: System = None,
    stream: Stream = None,
    json: Json = False,
    max_steps: MaxSteps = None,
    approval: Approve = "ask_for_destructive",
    journal: JournalPath = None,
    conversation: Conversation = None,
) -> None:
    """Ask once, with tools, and print the answer.

    On a terminal the calls show as they happen. In a pipe the answer comes alone on stdout, and
    all else on stderr.

    \b
    agentkit run "What is 17 * 23?"
    git diff | agentkit run "What changed here?" --tools none
    agentkit run "Book the kitchen" --tools house.py --json
    """
    asked = read_prompt(prompt)
    options = read_options(option or [], stream, json)
    more: dict[str, Any] = {"system": system, "max_steps": max_steps, "journal": journal}
    agent = build_agent(tools, interface, model, options=options, approval=approval, **more)
    screen = screen_for(json=json, stream="stream" in options)
    follow(agent, screen, asked, conversation=conversation)


@app.command()
def chat(
    *,
    tools: Tools = None,
    interface: InterfaceName = None,
    model: Model = "agent",
    option: Options = None,
    system: System = None,
    stream: Stream = None,
    json: Json = False,
    max_steps: MaxSteps = None,
    approval: Approve = "ask_for_destructive",
    journal: JournalPath = None,
    conversation: Conversation = None,
) -> None:
    """Hold a conversation, a line at a time.

    /tools lists the tools, /undo takes the last exchange back, /compact has the model sum up what
    was said before it, /help lists the commands, /quit or Ctrl-D leaves. Ctrl-C stops a reply, and
    the conversation goes on. What goes wrong in one exchange is shown and ends nothing: the exit
    code is 0.
    """
    options = read_options(option or [], stream, json)
    agent = build_agent(
        tools,
        interface,
        model,
        options=options,
        system=system,
        max_steps=max_steps,
        approval=approval,
        journal=journal,
    )
    screen = partial(screen_for, json=json, stream="stream" in options)
    Chat(agent, screen, conversation).talk()
