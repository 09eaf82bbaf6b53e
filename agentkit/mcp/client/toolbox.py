"""`mcp`: the tools of servers that speak the Model Context Protocol, as a toolbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from agentkit.errors import ConfigError
from agentkit.function_tool import Tool
from agentkit.live import Derived, Live
from agentkit.mcp.client.places import places
from agentkit.mcp.client.servers import Servers
from agentkit.toolbox import Toolbox

if TYPE_CHECKING:
    from agentkit.mcp.client.server import Server


class MCPToolbox(Toolbox):
    """The tools of one or more servers, which are started when the tools are first needed.

    As a context manager it starts them at once, and ends them at the end of the block; else they
    end with the process, or when nobody has the toolbox any more. A server that ended is started
    again by the next call.
    """

    def __init__(self, servers: Servers, source: Live | None = None) -> None:
        super().__init__(source or servers)
        self._servers = servers

    @property
    def servers(self) -> tuple[Server, ...]:
        """The servers."""
        return self._servers.all

    @property
    def problems(self) -> list[str]:
        """What is wrong with tools that are left out, or wait to be accepted.

        Raises:
            MCPError: A server cannot be asked.
        """
        self._servers.tools()
        return [f"{each.name}: {problem}" for each in self.servers for problem in each.problems]

    def accept(self) -> None:
        """Accept the definitions as the servers have them now, for this file of pins.

        Raises:
            MCPError: A server cannot be asked.
        """
        for each in self.servers:
            each.accept()

    def close(self) -> None:
        """End the servers; calls are refused from then on."""
        self._servers.close()

    async def aclose(self) -> None:
        """`close`, awaited."""
        await self._servers.aclose()

    def __enter__(self) -> Self:
        try:
            self._servers.tools()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        try:
            await self.aready()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _changed(self, change: Callable[[Toolbox], Iterable[Tool[..., Any]]]) -> Toolbox:
        return MCPToolbox(self._servers, Derived(self, change))


class MCPSettings(TypedDict, total=False):
    """What can be given to `mcp` beside the server.

    Args:
        name: What the server is called in errors; taken from the command or address if not given.
        env: Variables for the command. Of this process's own it gets PATH, HOME and the like, and
            no key.
        cwd: The command's working directory.
        headers: Sent to the address, and to no other that it redirects to.
        auth: An `httpx2.Auth` for the address, such as `mcp.client.auth.OAuthClientProvider`.
        start_timeout: Seconds for a server to start and to list its tools; 60 if not given.
        timeout: Seconds for a call; 120 if not given, None for no limit.
        trust_hints: What is believed of the server's hints. None: what its tools may destroy, and
            not that their results are nobody else's text. True: that too. False: nothing, so that
            each call is one that may destroy something.
        pins: The file of accepted definitions. True, if not given, is the one in the user's
            settings; False is none, so that definitions may change unasked.
        elicit: Is called with what a server wants to know of the user and the JSON schema of the
            answer; gives the answer as a dict, or None to refuse. Without it, all is refused.
        roots: The directories that servers are told of.
    """

    name: str
    env: Mapping[str, str]
    cwd: str | os.PathLike[str]
    headers: Mapping[str, str]
    auth: Any
    start_timeout: float
    timeout: float | None
    trust_hints: bool | None
    pins: str | os.PathLike[str] | bool
    elicit: Callable[[str, dict[str, Any]], Any] | None
    roots: Sequence[str | os.PathLike[str]]


def mcp(
    source: str | os.PathLike[str] | Sequence[str] | Mapping[str, Any],
    *arguments: str,
    servers: Iterable[str] | None = None,
    **given: Unpack[MCPSettings],
) -> MCPToolbox:
    """The tools of MCP servers: `Agent(tools=[mcp("uvx mcp-server-time")])`.

    Nothing is started before the tools are needed: by the first run, or by whoever looks at them.

    Args:
        source: A command line, a command whose words follow or are in a list, an address of
            streamable HTTP, a file such as `mcp.json` (`mcp.json:NAME` for one of its servers), or
            what is in one. The tools of a file have the server's name before theirs.
        arguments: The other words of the command.
        servers: The servers of the file that are wanted, also disabled ones; all others if not
            given.
        given: See `MCPSettings`.

    Raises:
        ConfigError: There is no such server, or no such setting.
    """
    own = {name: v for name, v in given.items() if name in _OF_A_PLACE and v is not None}
    if "cwd" in own:
        own["cwd"] = os.fspath(given["cwd"])
    found = places(source, arguments, servers, own)
    settings = {
        "start": given.get("start_timeout", 60.0),
        "timeout": given.get("timeout", 120.0),
        "elicit": given.get("elicit"),
        "roots": [Path(each) for each in given.get("roots", ())],
    }
    if unknown := given.keys() - MCPSettings.__annotations__.keys():
        raise ConfigError(f"mcp() has no setting {min(unknown)!r}, only those of MCPSettings.")
    return MCPToolbox(Servers(found, settings, given.get("trust_hints"), given.get("pins", True)))


_OF_A_PLACE = ("name", "env", "cwd", "headers", "auth")
