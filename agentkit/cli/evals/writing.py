"""A report on the terminal, and in files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agentkit import ConfigError
from agentkit.cli.output import note, say, write, write_json
from agentkit.cli.text import json_text
from agentkit.evals.as_json import as_json
from agentkit.evals.junit import junit
from agentkit.evals.page import page
from agentkit.evals.report import Report
from agentkit.evals.table import table

_FILES: dict[str, Callable[[Report], str]] = {
    "json": lambda report: json_text(as_json(report), ascii_only=False, indent=2) + "\n",
    "junit": junit,
    "html": page,
}


def check_files(given: Mapping[str, Any]) -> None:
    """See that the report can be written, before anything is asked.

    Raises:
        ConfigError: It cannot.
    """
    taken: dict[str, str] = {os.path.abspath(given["cases"]): "the cases"}
    for name in ("results", *_FILES):
        if given[name] is None or given[name] == "-":
            continue
        path = Path(os.path.expanduser(given[name]))
        if other := taken.get(os.path.abspath(path)):
            raise ConfigError(f"--{name}: {path} is {other} too.")
        taken[os.path.abspath(path)] = f"--{name}"
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise ConfigError(f"--{name}: {path} cannot be written.")


def write_report(report: Report, given: Mapping[str, Any]) -> None:
    """Write the report as a table, and to the files that are named.

    Raises:
        ConfigError: A file cannot be written.
    """
    if given["json"] == "-":
        write_json(as_json(report))
        say(table(report))
    else:
        write(table(report))
    for name, made in _FILES.items():
        if given[name] is None or given[name] == "-":
            continue
        path = Path(os.path.expanduser(given[name]))
        try:
            path.write_text(made(report), encoding="utf-8")
        except OSError as error:
            why = error.strerror or error
            raise ConfigError(f"{path} cannot be written: {why}.") from error
        note(f"wrote {path}.")
