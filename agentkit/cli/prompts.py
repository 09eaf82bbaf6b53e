"""The prompt: from the argument, from stdin, or from both."""

from __future__ import annotations

import os
import stat
import sys

from agentkit import ConfigError


def read_prompt(argument: str | None) -> str:
    """What the user says.

    Args:
        argument: The prompt; `-` or None stands for stdin.

    Raises:
        ConfigError: There is none.
    """
    if argument == "-":
        parts = [read_stdin()]
    else:
        parts = [argument or "", read_stdin() if stdin_is_fed() else ""]
    if prompt := "\n\n".join(part for part in parts if part.strip()):
        return prompt
    raise ConfigError('There is no prompt. Give one: agentkit run "...", or pipe it in.')


def read_stdin() -> str:
    """All of stdin, without the last line's end."""
    return sys.stdin.read().rstrip("\r\n") if sys.stdin else ""


def stdin_is_fed() -> bool:
    """Whether stdin is a pipe or a file: a terminal or /dev/null has nothing to read."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # there is no stdin
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)
