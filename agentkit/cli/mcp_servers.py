"""MCP servers by the names that the command line has for them, and the commands about them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from agentkit import ConfigError
from agentkit.cli.errors import FAILED
from agentkit.cli.output import note, say, write
from agentkit.cli.text import exact, one_line

if TYPE_CHECKING:
    from agentkit.mcp import MCPToolbox
    from agentkit.mcp.client.server import Server

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SERVER...",
        show_default=False,
        help='A command ("uvx mcp-server-time"), an address of streamable HTTP, a file with '
        "mcpServers, or FILE.json:NAME for one of its servers.",
    ),
]
PinsFile = Annotated[
    str | None,
    typer.Option(
        "--pins",
        metavar="FILE",
        show_default=False,
        help="The file of accepted definitions. Default: mcp-pins.json in the settings of "
        "agentkit.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Accept without asking, as in CI.")]


def load_mcp(given: Sequence[str]) -> list[MCPToolbox]:
    """The tools that `--mcp` names, whose servers are started.

    On a terminal one is asked whether definitions that changed are accepted; elsewhere the calls
    of such tools wait, and new tools are left out.

    Raises:
        ConfigError: There is no such server.
        MCPError: A server cannot be started.
    """
    return [_opened(each, None, ask=_is_terminal()) for each in given]


def list_tools(servers: Sources, pins: PinsFile = None) -> None:
    """List the tools of MCP servers, with what they may do and what is wrong with them.

    \b
    agentkit mcp list "uvx mcp-server-time"
    agentkit mcp list mcp.json
    """
    for source in servers:
        toolbox = _opened(source, pins, ask=False)
        from agentkit.cli.tools import listing

        write(listing(toolbox) + "\n")


def accept(servers: Sources, pins: PinsFile = None, yes: Yes = False) -> None:
    """Show what changed in the definitions of MCP servers, and accept it.

    The first time that a server is seen its definitions are accepted as they are. The exit code is
    1 where something is not accepted.

    \b
    agentkit mcp accept "uvx mcp-server-time"
    agentkit mcp accept mcp.json --pins mcp-pins.json --yes
    """
    if not (yes or _is_terminal()):
        raise ConfigError("There is no terminal to ask on: --yes accepts without asking.")
    for source in servers:
        toolbox = _toolbox(source, pins)
        if not _has_changes(toolbox):
            note(f"nothing changed: {source}")
        elif not _accepted(toolbox, yes):
            raise typer.Exit(FAILED)


def _opened(source: str, pins: str | None, *, ask: bool) -> MCPToolbox:
    toolbox = _toolbox(source, pins)
    if ask and _has_changes(toolbox):
        _accepted(toolbox, False)
    for problem in toolbox.problems:
        note(problem)
    return toolbox


def _toolbox(source: str, pins: str | None) -> MCPToolbox:
    from agentkit.mcp import mcp

    toolbox = mcp(source, pins=pins or True)
    _ = list(toolbox)  # which starts the servers
    return toolbox


def _has_changes(toolbox: MCPToolbox) -> bool:
    return any(each.changes for each in toolbox.servers)


def _accepted(toolbox: MCPToolbox, yes: bool) -> bool:
    for server in toolbox.servers:
        for line in _changes(server):
            say(line)
    if not yes and not typer.confirm("Accept these definitions?", err=True):
        return False
    toolbox.accept()
    return True


def _changes(server: Server) -> Iterator[str]:
    """What a person is to see of the definitions that changed: all of it, and nothing hidden."""
    from agentkit.replay.lines import difference

    for name, (old, new) in server.changes.items():
        yield f"{one_line(server.name)}: {one_line(name)} {'changed' if old else 'is new'}"
        lines = [exact(each).split("\n") if each else [] for each in (old, new)]
        yield difference(*lines, most=200)


def _is_terminal() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())
