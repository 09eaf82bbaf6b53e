"""Tools of other programs over the Model Context Protocol, and ours for them: `agentkit[mcp]`.

Each name is imported when it is first asked for: a client loads nothing of a server.
"""

TYPE_CHECKING = False  # typing's own would cost an import
if TYPE_CHECKING:
    from agentkit.mcp.client.toolbox import MCPToolbox as MCPToolbox
    from agentkit.mcp.client.toolbox import mcp as mcp
    from agentkit.mcp.serving.agents import agent_tool as agent_tool
    from agentkit.mcp.serving.server import MCPServer as MCPServer

_HOMES = {
    "client.toolbox": "MCPToolbox mcp",
    "serving.agents": "agent_tool",
    "serving.server": "MCPServer",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # noqa: PLE0605 - one list of names is enough


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'agentkit.mcp' has no attribute {name!r}")
    from agentkit.mcp.extra import needing_mcp

    with needing_mcp():
        module = __import__(f"agentkit.mcp.{_HOME[name]}", fromlist=[name])
    value: object = getattr(module, name)
    globals()[name] = value
    return value
