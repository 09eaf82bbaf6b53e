"""`agentkit tools`: what tools there are, and what can be done with them without a model."""

from __future__ import annotations

from typing import Annotated

import typer

from agentkit import AgentkitError, ConfigError, FunctionCall, Tool, Toolbox
from agentkit.cli.errors import FAILED, named
from agentkit.cli.lazy import new_app
from agentkit.cli.loading import is_ours, load_tools
from agentkit.cli.options import Mcp, Tools
from agentkit.cli.output import apart, note, say, write, write_json
from agentkit.cli.prompts import read_stdin
from agentkit.cli.text import columns, one_line
from agentkit.docstrings import summary_of
from agentkit.errors import closest
from agentkit.hints import docstring_of

_COMMANDS = {
    "lint": (
        "agentkit.cli.linting:lint",
        "Check tools without calling them, and tell what each costs in every request.",
    ),
    "new": (
        "agentkit.cli.making:new",
        "Write a small tool and its test, NAME.py and test_NAME.py, to begin with.",
    ),
    "packs": (
        "agentkit.cli.packs:list_packs",
        "List the installed packs, which `--tools NAME` offers.",
    ),
}

app = new_app(_COMMANDS)

Name = Annotated[str, typer.Argument(help="The tool's name.", show_default=False)]


@app.callback(invoke_without_command=True)
def tools(context: typer.Context) -> None:
    """List tools and packs, show, call and check tools without a model, or begin a new one."""
    if context.invoked_subcommand is None:
        write(listing(load_tools(None)) + "\n")


@app.command("list")
def list_tools(tools: Tools = None, mcp: Mcp = None) -> None:
    """List the tools, one a line."""
    write(listing(load_tools(tools, mcp)) + "\n")


@app.command()
def show(name: Name, tools: Tools = None, mcp: Mcp = None) -> None:
    """Print a tool's definition as the model gets it, as JSON."""
    write_json(_known(load_tools(tools, mcp), name).definition.to_dict(), indent=2)


@app.command()
def call(
    name: Name,
    arguments: Annotated[
        str, typer.Argument(help="A JSON object with the arguments; - reads it from stdin.")
    ] = "{}",
    tools: Tools = None,
    mcp: Mcp = None,
) -> None:
    """Call a tool and print its result. The exit code is 1 where the result is an error."""
    toolbox = load_tools(tools, mcp)
    given = read_stdin() if arguments == "-" else arguments
    try:
        with apart():
            result = toolbox.call(FunctionCall(_known(toolbox, name).name, given))
    except AgentkitError:
        raise
    except (Exception, SystemExit) as error:  # the tool says on_error="raise"
        note(f"{name} failed: {named(error)}")
        raise typer.Exit(FAILED) from None
    if result.is_error:
        say(result.content)
        raise typer.Exit(FAILED)
    write(result.content + "\n")


def listing(toolbox: Toolbox) -> str:
    """The tools with the summary of what they do."""
    if not toolbox:
        return "There are no tools."
    return columns([(name, _summary(each)) for name, each in toolbox.items()])


def _summary(tool: Tool[..., object]) -> str:
    summary = one_line(_first_words(tool)).removesuffix(".")
    marks = [
        word
        for word, said in (("read-only", tool.read_only), ("destructive", tool.destructive))
        if said
    ]
    return f"{summary} ({', '.join(marks)})" if marks else summary


def _first_words(tool: Tool[..., object]) -> str:
    """What a definition begins with; one that is known to be fit is not made for that."""
    if is_ours(tool) and tool.description is None:
        return summary_of(docstring_of(tool.function))
    return tool.definition.description.partition("\n\n")[0]


def _known(toolbox: Toolbox, name: str) -> Tool[..., object]:
    if name not in toolbox:
        names = ", ".join(toolbox) or "none"
        raise ConfigError(
            f"There is no tool {name!r}.{closest(name, toolbox)} The tools are: {names}."
        )
    return toolbox[name]
