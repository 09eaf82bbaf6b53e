"""`MCPServer`: tools and agents for any MCP client."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mcp.server import Server

from agentkit.agent import Agent
from agentkit.guard import Guard, Keys, address_of, check_reach, is_here, listen, served_by_uvicorn
from agentkit.mcp.extra import own_version
from agentkit.mcp.serving import http, stdio
from agentkit.mcp.serving.agents import agent_tool
from agentkit.mcp.serving.calls import Approval, Calls
from agentkit.toolbox import Toolbox, ToolSource

if TYPE_CHECKING:
    from starlette.applications import Starlette

_STOPS = ("SIGTERM", "SIGINT", "SIGHUP")
_MOST = 2_000  # connections over HTTP; others are told to come later
_GRACE = 2  # seconds that connections have to end once the server is told to


class MCPServer:
    """Serves tools, and agents as tools, to MCP clients.

    Args:
        tools: What a `Toolbox` takes; an agent among them is one tool, as `agent_tool` makes it.
        name: What clients see.
        version: The version that clients see; if not given, that of agentkit.
        instructions: What clients may tell their model of the tools.
        deps: What tools find as `Context.deps`.
        approval: Which calls the client's user is asked about, by elicitation. "client" leaves it
            to the client, which is told what each tool may do, and asks for tools that say
            `approve` alone; "ask_for_destructive" and "always" ask more; "never" asks nothing.
        side_by_side: Calls that run at once; others wait for their turn.

    Raises:
        ConfigError: There is no such approval, or no call could run.
        DefinitionError: Two tools have one name, or one cannot be offered.
    """

    def __init__(
        self,
        tools: ToolSource = (),
        *,
        name: str = "agentkit",
        version: str = "",
        instructions: str | None = None,
        deps: Any = None,
        approval: Approval = "client",
        side_by_side: int = 64,
    ) -> None:
        each = tools if isinstance(tools, list | tuple) else [tools]
        found = [agent_tool(one) if isinstance(one, Agent) else one for one in each]
        self.toolbox = Toolbox(*found)
        self.name, self._version, self._instructions = name, version, instructions
        self._deps, self._approval, self._side_by_side = deps, approval, side_by_side
        Calls.check(approval, side_by_side)
        if self.toolbox.is_ready:
            _ = self.toolbox.definitions

    def run(self) -> None:
        """Serve over stdin and stdout until the client closes them, or a signal comes."""
        with stdio.wire() as line:
            self.run_on(line)

    async def arun(self) -> None:
        """`run`, awaited; signals are left to the caller."""
        with stdio.wire() as line:
            await stdio.serve(self.sdk_server(), line)

    def run_on(self, line: stdio.Wire) -> None:
        """`run` on a wire that was taken before, as before tools were imported that print."""
        _run(lambda: stdio.serve(self.sdk_server(), line))

    def run_http(
        self,
        host: str = "127.0.0.1",
        port: int = 8000,
        *,
        path: str = "/mcp",
        keys: Iterable[str] | Keys = (),
        no_key: bool = False,
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
        ready: Callable[[str], object] = lambda address: None,
    ) -> None:
        """Serve over HTTP until a signal comes.

        Args:
            host: The name or number to listen at.
            port: The port; 0 takes one that is free.
            path: Where clients find it.
            keys: Clients must bring one of these as `Authorization: Bearer KEY`.
            no_key: Serve other machines without any key.
            hosts: Further names that the `Host` of a request may have, where there are no keys.
            origins: Web pages that may send requests.
            ready: Is called with the address once it listens.

        Raises:
            ConfigError: It would be open to other machines without a key, or cannot listen.
        """
        known = keys if isinstance(keys, Keys) else Keys(keys)
        check_reach(host, known, no_key=no_key)
        names = tuple(hosts)
        any_host = not (is_here(host) or names)
        app = self.http_app(path=path, keys=known, hosts=names, origins=origins, any_host=any_host)
        with listen(host, port) as socket:
            ready(f"{address_of(host, socket)}{path}")
            _run(lambda: _serve(app, socket))

    def http_app(
        self,
        *,
        path: str = "/mcp",
        keys: Iterable[str] | Keys = (),
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
        any_host: bool = False,
    ) -> Starlette:
        """The ASGI application, for a server of your own.

        Where it is mounted in another, that one's lifespan must run its own:
        `async with app.router.lifespan_context(app)`.

        Args:
            path: Where clients find it; "/" where it is mounted at a path.
            keys: Clients must bring one of these as `Authorization: Bearer KEY`.
            hosts: Further names that the `Host` of a request may have, where there are no keys.
            origins: Web pages that may send requests.
            any_host: Whether any `Host` will do without keys, as behind a proxy that checks it.
        """
        known = keys if isinstance(keys, Keys) else Keys(keys)
        guard = Guard(any_host or bool(known), tuple(hosts), tuple(origins))
        return http.application(self.sdk_server(), path, known, guard)

    def sdk_server(self) -> Server[Calls]:
        """A server of the official `mcp` package, for transports of your own."""

        @asynccontextmanager
        async def lifespan(_: Server[Calls]) -> AsyncIterator[Calls]:
            calls = Calls(self.toolbox, self._approval, self._deps, self._side_by_side)
            try:
                yield calls
            finally:
                await calls.close()

        return Server(
            self.name,
            version=self._version or own_version(),
            instructions=self._instructions,
            lifespan=lifespan,
            on_list_tools=lambda context, _: context.lifespan_context.list_tools(),
            on_call_tool=lambda context, given: context.lifespan_context.call_tool(context, given),
        )


def _run(serve: Callable[[], Awaitable[None]]) -> None:
    """Run until it ends by itself, or a signal comes; a second one is not waited for."""

    async def until_stopped() -> None:
        task = asyncio.ensure_future(serve())
        loop, stopped = asyncio.get_running_loop(), False

        def stop() -> None:
            nonlocal stopped
            stopped = True
            task.cancel()
            for each in _STOPS:
                with suppress(Exception):
                    loop.remove_signal_handler(getattr(signal, each))

        for each in _STOPS:
            with suppress(Exception):  # on Windows, and in another thread than the main one
                loop.add_signal_handler(getattr(signal, each), stop)
        try:
            await task
        except asyncio.CancelledError:
            if not stopped:
                raise

    asyncio.run(until_stopped())


async def _serve(app: Starlette, socket: Any) -> None:
    import uvicorn

    class Quiet(uvicorn.Server):
        """Leaves signals to others: uvicorn's own would end the process, and leave programs."""

        @contextmanager
        def capture_signals(self) -> Any:
            yield

    config = served_by_uvicorn(app, limit_concurrency=_MOST, timeout_graceful_shutdown=_GRACE)
    server = Quiet(config)
    serving = asyncio.ensure_future(server.serve(sockets=[socket]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
