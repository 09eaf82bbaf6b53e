"""Commands are listed without being imported, and then are as the list says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from cli.command import Command

from agentkit import Toolbox
from agentkit.cli.app import app
from agentkit.cli.loading import _OUR_USUAL, is_usual, load_pack, packs
from agentkit.cli.tools import listing

HELP = """\
Usage: agentkit [OPTIONS] COMMAND [ARGS]...

  Plain Python functions as tools of a function-calling agent.

  Exit codes:
    0    an answer
    1    the run failed: the model gave no usable reply, or a tool raised; or lint found errors
    2    wrong use: arguments, options, settings, or tools that cannot be offered
    3    a limit was reached
    4    a call needs approval, and there is no terminal to ask on
    130  Ctrl-C
    141  the reader of the output went away

Options:
  --version   Print the version.
  -h, --help  Show this message and exit.

Commands:
  doctor      Check an interface: settings, key, models, and calls in...
  run         Ask once, with tools, and print the answer.
  chat        Hold a conversation, a line at a time.
  batch       Run an agent for each row of a file, side by side.
  eval        Measure whether a model picks the right one of your tools,...
  tools       List tools and packs, show, call and check tools without a...
  mcp         Use tools of MCP servers, and serve yours to MCP clients.
  interfaces  List the interfaces, show all about one, or add and remove...
  runs        The runs of a journal.
  serve       Serve agents over HTTP: a page, OpenAI's chat completions,...
  worker      Carry out durable runs until it is stopped.
  submit      Put a durable run into a queue, and print its id.
  durable     Durable runs, which workers carry out.
"""
HEAVY = set(
    ["pydantic_core", "httpx", "jsonschema", "docstring_parser", "rich", "asyncio", "agentkit.http"]
)
AND_PYDANTIC = HEAVY - {"pydantic_core"}  # which typer loads for the options of any command


def loaded_by(command: Command, *arguments: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    code = (
        "import sys\nfrom agentkit.cli import main\ntry:\n    main(sys.argv[1:])\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=command.place,
        env=command.environment({"COVERAGE_PROCESS_START": ""}),
        check=False,
    )
    return set(done.stderr.split())


def groups(group: Any, path: str = "agentkit") -> Iterator[Any]:
    """Each lazy group, with what stands in its table."""
    for name in group.table:
        real = group.loaded(name)
        yield pytest.param(group, name, real, id=f"{path} {name}")
        if hasattr(real, "table"):
            yield from groups(real, f"{path} {name}")


def test_the_help_is_what_it_was_with_all_commands_imported(command):
    assert command("--help").out == HELP
    assert command().out == HELP


@pytest.mark.parametrize(("group", "name", "real"), [*groups(typer.main.get_command(app))])
def test_the_line_of_a_command_is_the_beginning_of_its_help(group, name, real):
    listed = group.commands[name]
    widths = range(10, 120)

    assert [listed.get_short_help_str(width) for width in widths] == [
        real.get_short_help_str(width) for width in widths
    ]
    assert real.callback is not None


@pytest.mark.parametrize("option", ["--help", "-h", "--version", "--nonsense"])
def test_what_runs_no_command_loads_little_more_than_typer(command, option):
    loaded = loaded_by(command, option)

    assert "typer" in loaded
    assert not loaded & HEAVY
    assert not {each for each in loaded if each.startswith(("agentkit.cli.r", "agentkit.agent"))}


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (["run", "--help"], {"agentkit.agent", "agentkit.toolbox"}),
        (["tools", "list"], {"agentkit.agent", "agentkit.schema", "agentkit_tools.sqlite"}),
        (["tools", "new", "mine"], {"agentkit.agent", "agentkit.lint", "agentkit.cli.packs"}),
        (["interfaces"], {"agentkit.agent", "agentkit.toolbox", "agentkit.offline.model"}),
        (["runs", "list", "--journal", "runs.db"], {"agentkit.agent", "agentkit.replay"}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_command_loads_what_it_needs_alone(command, arguments, more):
    (command.place / "runs.db").touch()
    loaded = loaded_by(command, *arguments)

    assert "agentkit.cli.app" in loaded
    assert not loaded & (AND_PYDANTIC | more)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rn"], "No such command 'rn'. Did you mean 'run', 'runs'? See: agentkit --help"),
        (
            ["tools", "lst"],
            "No such command 'lst'. Did you mean 'list'? See: agentkit tools --help",
        ),
        (["runs", "dif"], "No such command 'dif'. Did you mean 'diff'? See: agentkit runs --help"),
    ],
    ids=["rn", "tools lst", "runs dif"],
)
def test_an_unknown_command_is_told_what_is_near(inside, arguments, said):
    assert inside(*arguments).err == f"agentkit: {said}\n"


def test_the_packs_that_are_offered_unasked_are_known_without_importing_the_others():
    ours = {name: load_pack(name) for name, (point, *_) in packs().items() if _is_ours(point)}

    assert {name for name, pack in ours.items() if is_usual(name, pack)} == set(_OUR_USUAL)


def test_the_summaries_of_our_tools_are_those_of_their_definitions(monkeypatch):
    ours = Toolbox(*(load_pack(name) for name, (point, *_) in packs().items() if _is_ours(point)))
    listed = listing(ours)
    monkeypatch.setattr("agentkit.cli.tools.is_ours", lambda tool: False)

    assert listed == listing(ours)


def _is_ours(point: Any) -> bool:
    return bool(point.value.startswith("agentkit_tools."))
