"""`agentkit mcp serve`: tools, or an agent, for an MCP client."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, Any, cast

import typer

from agentkit.cli.loading import load_tools
from agentkit.cli.options import Hosts, Mcp, NoKey, Origins, Tools
from agentkit.cli.output import apart, note
from agentkit.errors import ConfigError
from agentkit.guard import Keys, is_here

KEYS = "AGENTKIT_MCP_KEYS"
_HERE = "127.0.0.1"

Agents = Annotated[
    list[str] | None,
    typer.Option(
        "--agent",
        "-a",
        metavar="AGENT",
        show_default=False,
        help="An agent to serve as one tool: file.py:name or module:name. Repeat it for more. "
        "The usual tools are then served only where --tools names them.",
    ),
]
Http = Annotated[
    str | None,
    typer.Option(
        "--http",
        metavar="[HOST:]PORT",
        show_default=False,
        help="Serve over streamable HTTP, at /mcp, instead of stdin and stdout. The host is "
        "127.0.0.1 if it is not given; another one needs a key.",
    ),
]
KeyFile = Annotated[
    str | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        show_default=False,
        help=f"Keys that clients must bring over HTTP, one a line. {KEYS} has more, with commas "
        "between.",
    ),
]
Approval = Annotated[
    str,
    typer.Option(
        "--approval",
        metavar="POLICY",
        help="Which calls the client's user is asked about: client, those of tools that say so, as "
        "the client itself knows which others to ask about; ask_for_destructive; always; never.",
    ),
]
Name = Annotated[str, typer.Option("--name", help="What clients call the server.")]


def serve(
    *,
    tools: Tools = None,
    mcp: Mcp = None,
    agent: Agents = None,
    http: Http = None,
    approval: Approval = "client",
    name: Name = "agentkit",
    key_file: KeyFile = None,
    no_key: NoKey = False,
    allow_host: Hosts = None,
    allow_origin: Origins = None,
) -> None:
    """Give tools, or an agent, to an MCP client, over stdio or HTTP.

    An MCP client starts it over stdio and ends it. What tools print goes to stderr. Over HTTP it
    serves until Ctrl-C or SIGTERM.
    """
    load = partial(_server, tools, mcp, agent, approval, name)
    if http is not None:
        place = _place(http)
        keys = Keys.read(key_file, KEYS)
        more: Any = {"no_key": no_key, "hosts": allow_host or (), "origins": allow_origin or ()}
        with apart():
            load().run_http(*place, keys=keys, ready=partial(_ready, keys, place[0]), **more)
        return
    if key_file or no_key or allow_host or allow_origin:
        raise ConfigError("--key-file, --no-key, --allow-host and --allow-origin go with --http.")
    from agentkit.mcp.extra import needing_mcp

    with needing_mcp():
        from agentkit.mcp.serving.stdio import wire
    if sys.stdin and sys.stdin.isatty():
        note(
            "an MCP client is to start this, and talks over stdin and stdout; or give --http 8000."
        )
    with wire() as line:  # before the tools are imported, as these may print
        load().run_on(line)


def _ready(keys: Keys, host: str, address: str) -> None:
    note(f"serving MCP clients at {address}")
    if not keys and not is_here(host):
        note("whoever reaches this address can use it: there is no key.")


def _server(
    tools: list[str] | None,
    mcp: list[str] | None,
    agents: list[str] | None,
    approval: str,
    name: str,
) -> Any:
    from agentkit.cli.agents import load_agent
    from agentkit.mcp import MCPServer, agent_tool

    named = tools or (["none"] if agents or mcp else None)
    found: list[Any] = [load_tools(named, mcp)]
    for each in agents or ():
        loaded = load_agent(each)
        found.append(agent_tool(loaded, loaded.name or each.rpartition(":")[2].replace(".", "_")))
    return MCPServer(found, name=name, approval=cast(Any, approval))


def _place(text: str) -> tuple[str, int]:
    """The host and the port of `[HOST:]PORT`."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit():
        raise ConfigError(
            f"--http takes [HOST:]PORT, such as 8000 or 127.0.0.1:8000, not {text!r}."
        )
    return host.strip("[]") or _HERE, int(port)
