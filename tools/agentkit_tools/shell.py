"""Command lines that a model writes, each approved by a person before it runs."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from agentkit import ToolError, tool

__all__ = ["run_command"]

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control and format characters, halves, separators
_MAX_OUTPUT = 1_000_000  # bytes; a program is stopped there, and a result is cut long before


def _visible(command: str) -> str:
    """The command, if whoever approves it can see all of it."""
    for character in command:
        if unicodedata.category(character) in _UNSEEN and character not in "\n\t":
            raise PydanticCustomError(
                "unseen",
                "it holds an invisible character, {code}; make it with printf",
                {"code": f"U+{ord(character):04X}"},
            )
    return command


class Shell:
    """Runs command lines with /bin/sh; there is none on Windows.

    This is no sandbox: a command does whatever the user may do. What protects is that a person
    approves each one, under every policy. The environment has no keys but those that `env` adds.

    Args:
        timeout: Seconds until a command is stopped.
        env: What is added to its environment.
    """

    def __init__(self, timeout: float = 60.0, env: Mapping[str, str] | None = None) -> None:
        self._timeout = timeout
        self._env = dict(env or {})

    @tool(destructive=True, open_world=True, approve=True)
    def run_command(self, command: Annotated[str, AfterValidator(_visible)]) -> str:
        """Run a command line with /bin/sh in the current directory, and get what it prints.

        A person sees it first and may refuse it. There is no input and no terminal: give options
        that ask no questions. It is stopped after a minute or so; what it leaves in the background
        is ended too. An exit code other than 0 is told first.

        Args:
            command: A command line, such as "ls -l | head".
        """
        from agentkit.safe import run_program

        if os.name != "posix":
            raise ToolError("run_command needs /bin/sh, which this machine does not have.")
        return run_program(
            ["/bin/sh", "-c", "--", command],
            env=self._env,
            timeout=self._timeout,
            max_output=_MAX_OUTPUT,
            processes=1_000,
        ).text


run_command = Shell().run_command
