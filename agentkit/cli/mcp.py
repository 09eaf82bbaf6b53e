"""`agentkit mcp`: our tools for MCP clients."""

from __future__ import annotations

from agentkit.cli.lazy import new_app

_COMMANDS = {
    "serve": (
        "agentkit.cli.serving_mcp:serve",
        "Give tools, or an agent, to an MCP client, over stdio or HTTP.",
    )
}

app = new_app(_COMMANDS)


@app.callback()
def mcp() -> None:
    """Use tools of MCP servers, and serve yours to MCP clients."""
