"""`agentkit tools lint`: what is wrong with tools, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from agentkit import DefinitionError, Tool, Toolbox
from agentkit.cli.errors import FAILED
from agentkit.cli.loading import load_tools
from agentkit.cli.options import Mcp, Tools
from agentkit.cli.output import write, write_json
from agentkit.cli.text import columns, one_line
from agentkit.lint import Finding, tokens

Interface = Annotated[
    str,
    typer.Option(
        "--interface",
        "-i",
        metavar="NAME",
        help="The interface whose refusals and limits count, by name or address.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Let warnings fail too.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print findings and costs as one line of JSON.")
]


def lint(
    *,
    tools: Tools = None,
    mcp: Mcp = None,
    interface: Interface = "groq",
    strict: Strict = False,
    json: AsJson = False,
) -> None:
    """Check tools without calling them, and tell what each costs in every request.

    An error is a tool that will be refused or cannot work; a warning, one that models will use
    worse than they could. Tokens are estimates.

    \b
    Exit codes:
      0  no errors; with --strict, no warnings either
      1  there are some
      2  wrong use: tools that cannot be loaded, or no such interface
    """
    toolbox = load_tools(tools, mcp)
    findings = toolbox.lint(interface)
    costs = {name: _cost(each) for name, each in toolbox.items()}
    if json:
        _print_json(interface, findings, costs)
    else:
        write(_costs(costs) + "\n\n" + _findings(findings) + "\n")
    if any(strict or each.kind == "error" for each in findings):
        raise typer.Exit(FAILED)


def cost(toolbox: Toolbox) -> int:
    """The tokens that the definitions of a toolbox take in each request."""
    return sum(_cost(each) or 0 for each in toolbox.values())


def _cost(tool: Tool[..., object]) -> int | None:
    try:
        return tokens(tool)
    except DefinitionError:  # a finding tells
        return None


def _print_json(interface: str, findings: Sequence[Finding], costs: dict[str, int | None]) -> None:
    write_json(
        {
            "interface": interface,
            "findings": [asdict(each) for each in findings],
            "tokens": costs,
            "total_tokens": sum(each or 0 for each in costs.values()),
        }
    )


def _costs(costs: dict[str, int | None]) -> str:
    rows = [(name, "?" if each is None else f"{each:,}") for name, each in costs.items()]
    rows.append(("all", f"{sum(each or 0 for each in costs.values()):,}"))
    width = max(len(number) for _, number in [*rows, ("", "TOKENS")])
    return columns([("TOOL", "TOKENS"), *((name, n.rjust(width)) for name, n in rows)])


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing to put right."
    rows = [(e.kind, e.tool or "all", f"{one_line(e.text)} ({e.rule})") for e in findings]
    errors = sum(each.kind == "error" for each in findings)
    return f"{columns(rows)}\n\n{_count(errors, 'error')}, {_count(len(rows) - errors, 'warning')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
