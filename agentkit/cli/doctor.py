"""`agentkit doctor`: whether an interface can be used, a line for each check."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from textwrap import wrap
from typing import Annotated

import typer

from agentkit.cli.errors import FAILED
from agentkit.cli.options import InterfaceName, Model
from agentkit.cli.output import write, write_json
from agentkit.cli.text import one_line
from agentkit.doctor import Check, diagnose

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red", "skipped": "dim"}
_VERDICT, _NAME = 9, 15  # the columns' widths: the checks come one by one


def doctor(
    *,
    interface: InterfaceName = None,
    model: Model = "agent",
    json: Annotated[
        bool, typer.Option("--json", help="Print all checks as one line of JSON, at the end.")
    ] = False,
) -> None:
    """Check an interface: settings, key, models, and calls in both dialects.

    Without a key nothing is sent. With one, the server is asked for its models, and a model for a
    few small calls, which cost some hundred tokens. No key is ever shown. The exit code is 0 where
    there is no problem, and 1 where there is one.
    """
    show = _shower()
    checks = []
    for check in diagnose(interface, model=model):
        checks.append(check)
        if not json:
            show(check)
    fine = all(check.verdict != "problem" for check in checks)
    if json:
        write_json({"ok": fine, "checks": [asdict(check) for check in checks]})
    if not fine:
        raise typer.Exit(FAILED)


def _shower() -> Callable[[Check], None]:
    """What shows a check: a line in a pipe; in colour and within the edges on a terminal."""
    if not sys.stdout.isatty():
        return lambda check: write(f"{_head(check)}{one_line(check.text)}\n")
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    width = max(shutil.get_terminal_size((100, 24)).columns - _VERDICT - _NAME, 40)

    def show(check: Check) -> None:
        lines = wrap(one_line(check.text), width, break_on_hyphens=False) or [""]
        text = Text(_head(check))  # as Text it is not read as markup
        text.stylize(_STYLES[check.verdict], 0, len(check.verdict))
        console.print(text.append(("\n" + " " * (_VERDICT + _NAME)).join(lines)))

    return show


def _head(check: Check) -> str:
    return f"{check.verdict:{_VERDICT}}{check.name:{_NAME - 2}}  "
