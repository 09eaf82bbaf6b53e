"""`agentkit mcp`: tools of MCP servers, and ours for MCP clients."""

from __future__ import annotations

from agentkit.cli.lazy import new_app

_COMMANDS = {
    "serve": (
        "agentkit.cli.mcp_serving:serve",
        "Give tools, or an agent, to an MCP client, over stdio or HTTP.",
    ),
    "list": (
        "agentkit.cli.mcp_servers:list_tools",
        "List the tools of MCP servers, with what they may do and what is wrong with them.",
    ),
    "accept": (
        "agentkit.cli.mcp_servers:accept",
        "Show what changed in the definitions of MCP servers, and accept it.",
    ),
}

app = new_app(_COMMANDS)


@app.callback()
def mcp() -> None:
    """Use tools of MCP servers, and serve yours to MCP clients."""
