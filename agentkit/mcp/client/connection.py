"""One connection to a server, from its start to its end: a task owns it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

from mcp.client import Client
from mcp.shared.exceptions import MCPError as ProtocolError
from mcp_types import (
    CallToolResult,
    Implementation,
    LoggingMessageNotificationParams,
    ToolListChangedNotification,
)

from agentkit.errors import MCPError
from agentkit.log import log
from agentkit.mcp.client.answers import Answers
from agentkit.mcp.client.cleaning import clean
from agentkit.mcp.client.places import Place
from agentkit.mcp.client.program import Program
from agentkit.mcp.client.spoken import (
    Listing,
    is_connection_lost,
    is_modern,
    is_session_lost,
    plain,
)
from agentkit.mcp.extra import own_version
from agentkit.redact import redact

_PAGES = 100  # of a listing; a server that never comes to an end is cut there
_TOOLS = 1_000  # of a server
_PAUSE = 0.1  # seconds between two listings, however often a server says that it changed
_CLOSING = 6.0  # seconds for a server to end
_LEVELS = {"debug": 10, "info": 20, "notice": 20, "warning": 30}

Tell = Callable[[str, float | None], None]
"""Tells a call's progress: words, and the fraction that is done, where it is known."""

for _name in ("mcp", "client"):  # the package logs tracebacks of what servers do wrong
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Lost(Exception):  # noqa: N818 - it says what became of a call
    """The connection ended before the call had a result."""


class Connection:
    """A connection that a task of its own opens, keeps and closes.

    The scopes of the `mcp` package must be left in the task that entered them, so that whoever
    wants the end only says so. All of this runs on the loop for connections.

    Args:
        place: Where the server is.
        answers: Answers what the server asks.
        start: Seconds to start and to list the tools.
        timeout: Seconds for a call; None for no limit.
    """

    def __init__(self, place: Place, answers: Answers, start: float, timeout: float | None) -> None:
        self.listing: Listing | None = None  # what was listed last
        self.problem = ""
        self.pid = os.getpid()
        self._is_stale, self._listing_now = False, asyncio.Lock()
        self._place, self._answers = place, answers
        self._start_limit, self._timeout = start, timeout
        self._stop = asyncio.Event()
        self._telling: dict[object, Tell] = {}  # of the calls that are under way
        self._client: Client | None = None
        if place.url:
            from agentkit.mcp.client.web import Web

            self._way: Any = Web(place, timeout)
        else:
            self._way = Program(place, self._stop.set)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # In a context of its own: what is set for one run is not for the life of a connection.
        self._task = asyncio.create_task(self._own(), context=contextvars.Context())

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._stop.is_set()

    @property
    def never_sent(self) -> bool:
        """Whether it ended without a server at the other end, so that no call came there."""
        return "ConnectError" in self.problem or "ConnectTimeout" in self.problem

    def is_forgotten(self, error: ProtocolError) -> bool:
        """Whether a server was begun anew, and refused a call of a session that it does not know.

        Some answer so with no more than a status, which is sure to be this call's where there was
        no other.
        """
        if not self._place.url:
            return False
        alone = not self._telling and self._way.how in ("HTTP 400", "HTTP 404")
        return is_session_lost(error, alone)

    async def opened(self) -> None:
        """Wait until the tools are known.

        Raises:
            MCPError: It cannot be opened; it says why.
        """
        await asyncio.shield(self._ready)

    async def closed(self) -> None:
        """End it, and wait until it has ended."""
        self.stop()
        done, _ = await asyncio.wait([self._task], timeout=_CLOSING)
        if not done:  # as one that does not answer to the end of its session
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_CLOSING)

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        if not self._ready.done():
            self._task.cancel()

    async def call(self, name: str, arguments: dict[str, Any], tell: Tell) -> CallToolResult:
        """Call a tool; whoever cancels this cancels it at the server too.

        Raises:
            Lost: The connection ended.
            TimeoutError: It took too long.
            Exception: What the server or the `mcp` package says is wrong.
        """
        if self._client is None:
            raise Lost
        key = object()
        self._telling[key] = tell

        async def on_progress(
            progress: float, total: float | None = None, message: str | None = None
        ) -> None:
            tell(message or "", progress / total if total and 0 <= progress <= total else None)

        try:
            async with asyncio.timeout(self._timeout):
                return await self._client.call_tool(name, arguments, progress_callback=on_progress)
        except ProtocolError as error:
            if not is_connection_lost(error):
                raise
            await self.closed()  # then it is known why
            raise Lost from None
        finally:
            del self._telling[key]

    async def _own(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._start_limit) as limit:
                    client = await stack.enter_async_context(self._new_client())
                    await self._list(client)
                self._client = client
                if self._is_stale:
                    await self._relist(client)
                self._ready.set_result(None)
                stack.push_async_callback(_ended, asyncio.create_task(self._watch(client)))
                await self._stop.wait()
        except asyncio.CancelledError:
            self._note("it was closed" if self._stop.is_set() else "the connection broke")
        except BaseException as error:
            late = f"it did not answer in {self._start_limit:g} seconds"
            self._note(late if limit.expired() else error)
        finally:
            self._stop.set()
            self._client = None
            if not self._ready.done():
                what = "cannot be used" if self.problem else "ended before it could be used"
                self._ready.set_exception(MCPError(self.told(what)))
                self._ready.exception()  # nobody may wait for it

    def _new_client(self) -> Client:
        return Client(
            self._way.streams(),
            mode="auto",
            cache=None,
            log_level="info",
            client_info=Implementation(name="agentkit", version=own_version()),
            logging_callback=self._logged,
            message_handler=self._heard,
            elicitation_callback=self._answers.elicit,
            list_roots_callback=self._answers.roots,
        )

    async def _list(self, client: Client) -> None:
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += map(plain, page.tools)
            cursor = page.next_cursor
            if cursor is None or len(found) > _TOOLS:
                break
        self.listing = tuple(found[:_TOOLS])

    async def _watch(self, client: Client) -> None:
        """List the tools again when a server of the newer protocol says that they changed."""
        tools = client.server_capabilities.tools
        if is_modern(client) and tools and tools.list_changed:
            with suppress(Exception):  # it is no worse than a server that never says so
                async with client.listen(tools_list_changed=True) as events:
                    async for _ in events:
                        await self._relist(client)

    async def _heard(self, message: Any) -> None:
        """List the tools again when a server of the older protocol says that they changed."""
        if isinstance(message, ToolListChangedNotification):
            self._is_stale = True
            if self._client and not is_modern(self._client):
                await self._relist(self._client)

    async def _relist(self, client: Client) -> None:
        """List the tools again, once at a time."""
        self._is_stale = True
        async with self._listing_now:
            if self._is_stale:
                self._is_stale = False
                try:
                    await self._list(client)
                except Exception as error:  # its tools stay as they were
                    log.warning(
                        "%s: it does not list its tools again: %s",
                        self._place.name,
                        self.hidden(clean(str(error), 500)),
                    )
                await asyncio.sleep(_PAUSE)

    async def _logged(self, params: LoggingMessageNotificationParams) -> None:
        """Tell what the server logs as progress where it is about one call, else log it."""
        text = params.data if isinstance(params.data, str) else str(params.data)
        level = _LEVELS.get(params.level, 40)
        if len(self._telling) == 1 and level > logging.DEBUG:
            next(iter(self._telling.values()))(text, None)
        else:
            log.log(level, "%s: %s", self._place.name, self.hidden(clean(text, 2_000)))

    def _note(self, problem: BaseException | str) -> None:
        """Remember why it ended: the innermost cause, and what the server had to say."""
        while isinstance(problem, BaseExceptionGroup):
            problem = problem.exceptions[0]
        if isinstance(problem, ProtocolError):  # of which it is known how it ended
            problem = "" if is_connection_lost(problem) else str(problem)
        elif isinstance(problem, MCPError):
            problem = str(problem)
        elif isinstance(problem, BaseException):
            problem = f"{type(problem).__name__}: {problem}".partition("\n    For further")[0]
        self.problem = " ".join(problem.split()).rstrip(".")

    def told(self, what: str, more: str = "") -> str:
        """What became of the server, and why.

        Args:
            what: What it is or did.
            more: A sentence on what that means.
        """
        why = f": {clean(self.problem, 500)}" if self.problem else ""
        how = f" ({self._way.how})" if self._way.how else ""
        said = f"It said: {clean(self._way.said, 1_500)}" if self._way.said else ""
        first = f"The MCP server {self._place.name} {what}{why}{how}."
        return self.hidden(" ".join(filter(None, (first, more, said))))

    def hidden(self, text: str) -> str:
        """The text without secrets."""
        return redact(text, *self._place.secrets)


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])
