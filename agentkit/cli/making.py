"""`agentkit tools new`: a tool of one's own to begin with, and its test."""

from __future__ import annotations

import builtins
import importlib.util
import keyword
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from agentkit import ConfigError
from agentkit.cli.output import write

Name = Annotated[
    str, typer.Argument(help="The tool's name, such as order_status.", show_default=False)
]
Directory = Annotated[
    Path, typer.Option("--to", metavar="DIRECTORY", help="Where to write the two files.")
]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")

_TOOL = '''\
"""The tool `{name}`, for agents: `agentkit run --tools {name}.py`."""

from agentkit import ToolError, tool

_MOST = 20  # words of one answer


@tool(read_only=True)
def {name}(text: str, limit: int = 3) -> list[str]:
    """List the longest words of a text, the longest first.

    Args:
        text: The text to look at.
        limit: How many words to list, 1 to 20.
    """
    if not 1 <= limit <= _MOST:
        raise ToolError(f"limit is 1 to {{_MOST}}, not {{limit}}.")
    words = dict.fromkeys(text.split())
    return sorted(words, key=len, reverse=True)[:limit]
'''

_TEST = '''\
"""Tests of the tool `{name}`: run them with pytest."""

import pytest
from agentkit import Agent, ToolError
from agentkit.testing import ScriptedInterface, call

from {name} import {name}


def test_the_longest_words_come_first() -> None:
    assert {name}("a quick brown elephant", limit=2) == ["elephant", "quick"]


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ToolError, match="1 to 20"):
        {name}("a quick brown elephant", limit=0)


def test_an_agent_gets_the_words() -> None:
    arguments = {{"text": "a quick brown elephant", "limit": 1}}
    model = ScriptedInterface(call("{name}", arguments), "Elephant.")

    run = Agent([{name}], model).run("What is the longest word?")

    assert run.steps[0].results[0].content == '["elephant"]'
    assert run.output == "Elephant."
'''

_NEXT = """\
Wrote {tool} and {test}. Next:

  pytest {test}
  agentkit tools lint --tools {tool}
  agentkit run --tools {tool} "Use {name} with the text 'a quick brown elephant'"

Then make it your own: models read its docstring and its types.
"""


def new(name: Name, *, to: Directory = Path()) -> None:
    """Write a small tool and its test, NAME.py and test_NAME.py, to begin with.

    Nothing is overwritten.
    """
    _check(name, to)
    texts = {
        to / f"{name}.py": _TOOL.format(name=name),
        to / f"test_{name}.py": _TEST.format(name=name),
    }
    for path in texts:
        if path.exists() or path.is_symlink():
            raise ConfigError(f"{path} is there already, and nothing is overwritten.")
    for path, text in texts.items():
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
    tool, test = texts
    write(_NEXT.format(name=name, tool=_shown(tool), test=_shown(test)))


def _check(name: str, to: Path) -> None:
    """Refuse names that a file, a module or a function could not have without trouble."""
    if not _NAME.match(name):
        raise ConfigError(
            f"{name!r} is no name for a tool: begin with a small letter, then small letters, "
            "digits and _, at most 64."
        )
    if keyword.iskeyword(name) or hasattr(builtins, name):
        raise ConfigError(f"{name!r} is a word of Python's own: take a name that says more.")
    if name in sys.stdlib_module_names or _is_installed(name):
        raise ConfigError(f"{name!r} is the name of a module, which {name}.py would hide.")
    if name.startswith("test_"):
        raise ConfigError(f"pytest would take {name}.py for tests: leave out test_.")
    if not to.is_dir():
        raise ConfigError(f"There is no directory {str(to)!r}.")


def _is_installed(name: str) -> bool:
    """Whether a module of that name comes from elsewhere than the working directory."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return True  # something of that name is there, and broken
    origin = found.origin if found else None
    return origin is not None and Path(origin).parent.resolve() != Path.cwd()


def _shown(path: Path) -> str:
    """The path as a command line takes it."""
    text = str(path)
    return text if re.fullmatch(r"[\w./-]+", text) else f"'{text}'"
