"""The journal that a command is told, and runs in it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from agentkit import ConfigError
from agentkit.journal.store import Journal

RunId = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help='Its id, or what that begins with (`agentkit runs list` has them), or "last".',
    ),
]


def opened(path: str | None) -> Journal:
    """The journal of `--journal`, or the one that the environment names.

    Raises:
        ConfigError: There is none.
    """
    given = path or os.environ.get("AGENTKIT_JOURNAL")
    if not given:
        raise ConfigError("There is no journal: give --journal FILE, or set AGENTKIT_JOURNAL.")
    if not os.path.exists(os.path.expanduser(given)):
        raise ConfigError(f"There is no journal {given!r}.")
    return Journal(given)
