"""`Service`: agents over HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from agentkit.agent import Agent
from agentkit.errors import AgentkitError, ConfigError
from agentkit.guard import Guard, Keys, check_reach
from agentkit.journal import Journal
from agentkit.journal.tables import unusable
from agentkit.serve import page
from agentkit.serve.chat_api import ChatApi
from agentkit.serve.desk import Desk
from agentkit.serve.guarding import Door, Rules
from agentkit.serve.health_api import HealthApi
from agentkit.serve.metrics import Metrics
from agentkit.serve.operations import Operation
from agentkit.serve.problems import Problem, tell_problem, tell_status
from agentkit.serve.runs_api import RunsApi
from agentkit.serve.sessions import COOKIE, Sessions
from agentkit.serve.tools_api import ToolsApi

Agents = Agent[Any] | Iterable[Agent[Any]] | Mapping[str, Agent[Any]]


class Service:
    """Agents over HTTP: an API that OpenAI's clients speak, one for runs, and a page.

    `app` is a Starlette application; `run` and `running` serve it. Where it is mounted in another
    one, that one's lifespan enters `lifespan`.

    Args:
        agents: One agent, several with names of their own, or a mapping by name.
        journal: The file in which all runs are kept; if not given, AGENTKIT_JOURNAL, or
            `agentkit/service.db` among the user's data.
        keys: The keys that are taken. Without one, only requests that say a name of this machine as
            their `Host` are taken.
        deps: What tools find as `Context.deps`.
        hosts: Names that `Host` may have without keys, beside those of this machine.
        origins: Web pages that may send requests, such as `https://chat.example`.
        concurrency: The most runs at once.
        rate: The most requests a minute, of one key, that begin or change something; None for any
            number.
        most_bytes: The largest body.
        grace: Seconds that runs have to end when it stops; the others go on when it starts again.
        resume: Whether it begins by going on with runs that were interrupted.
        open_metrics: Whether `/metrics` needs no key.

    Raises:
        ConfigError: There is no agent, or two have one name.
    """

    def __init__(
        self,
        agents: Agents,
        *,
        journal: Journal | str | os.PathLike[str] | None = None,
        keys: Keys | Iterable[str] = (),
        deps: Any = None,
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
        concurrency: int = 200,
        rate: float | None = 600.0,
        most_bytes: int = 10_000_000,
        grace: float = 30.0,
        resume: bool = True,
        open_metrics: bool = False,
    ) -> None:
        self.journal = journal if isinstance(journal, Journal) else Journal(_place(journal))
        self._lock = _lock(self.journal)
        self.keys = keys if isinstance(keys, Keys) else Keys(keys)
        self.sessions, self.cookie = Sessions(), COOKIE
        self.grace, self._resume = grace, resume
        self.agents = _named(agents)
        self.metrics = Metrics(self.agents, lambda: len(self.desk))
        told = self.metrics.told
        self.desk = Desk(self.agents, self.journal, most=concurrency, deps=deps, on_told=told)
        guard = Guard(bool(self.keys), tuple(hosts), tuple(origins))
        self.rules = Rules(
            keys=self.keys, guard=guard, sessions=self.sessions, most_bytes=most_bytes, rate=rate,
            open_metrics=open_metrics, count=self._count,
        )  # fmt: skip
        self.by_hand = ToolsApi(self.desk, deps)
        self.operations = self._operations(open_metrics)
        self._patterns = {each.handler: each.path for each in self.operations}
        self.app = Starlette(
            routes=[*(each.route() for each in self.operations), *page.routes(self)],
            middleware=[Middleware(Door, self.rules)],
            exception_handlers=_HANDLERS,
            lifespan=self.lifespan,
        )

    @asynccontextmanager
    async def lifespan(self, app: Any = None) -> AsyncIterator[None]:
        """Begin, and at the end leave no run behind that cannot be gone on with.

        Raises:
            ConfigError: Another service has the journal.
        """
        with self.owned():
            self.journal.interrupt()
            recovery = asyncio.create_task(self.desk.recover()) if self._resume else None
            try:
                yield
            finally:
                if recovery:
                    recovery.cancel()
                await self.desk.close(self.grace)

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Have the journal for this service alone: whatever runs in it and is not here has died.

        Raises:
            ConfigError: Another service has it.
        """
        try:
            self._lock.acquire()
        except Timeout:
            raise ConfigError(
                f"Another service keeps its runs in {os.fspath(self.journal.path)!r}: give each a "
                "journal of its own, and serve it with one process."
            ) from None
        except OSError as error:
            raise unusable(self.journal.path, error) from error
        try:
            yield
        finally:
            self._lock.release()

    def run(
        self,
        host: str = "127.0.0.1",
        port: int = 8000,
        *,
        no_key: bool = False,
        ready: Callable[[str], object] = lambda address: None,
    ) -> None:
        """Serve until it is stopped by SIGTERM or Ctrl-C; a second one does not wait.

        Args:
            host: Where to listen.
            port: Where to listen; 0 takes a port that is free.
            no_key: Whether to serve other machines without any key.
            ready: Called with the address when requests are taken.

        Raises:
            ConfigError: Others could use it without a key, it cannot listen there, or another
                service has the journal.
        """
        from agentkit.serve.server import serve

        check_reach(host, self.keys, no_key=no_key)
        serve(self, host, port, ready)

    @contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """Serve this machine from a thread, as in a notebook, until the end; gives the address.

        Args:
            port: Where to listen; 0 takes a port that is free.

        Raises:
            ConfigError: It cannot listen there, or another service has the journal.
        """
        from agentkit.serve.server import aside

        with aside(self, port) as address:
            yield address

    def _count(self, scope: Mapping[str, Any], status: int) -> None:
        """Count a request by the pattern of its path, of which there are few."""
        endpoint: Any = scope.get("endpoint")
        route = self._patterns.get(endpoint, "page" if endpoint else "none")
        self.metrics.request(route, scope["method"], status)

    def _operations(self, open_metrics: bool) -> list[Operation]:
        apis = (ChatApi(self.desk), RunsApi(self.desk), self.by_hand)
        found = [each for api in apis for each in api.operations()]
        health = HealthApi(self.desk, self.metrics, found, open_metrics)
        return [*found, *health.operations()]


_HANDLERS: dict[Any, Any] = {
    Problem: tell_problem,
    AgentkitError: tell_problem,
    HTTPException: tell_status,
}


def _lock(journal: Journal) -> FileLock:
    """Held by the service whose runs the journal has."""
    place = os.path.realpath(journal.path)  # whichever name it is known by
    return FileLock(f"{place}.service", blocking=False, thread_local=False)


def _named(agents: Agents) -> dict[str, Agent[Any]]:
    """The agents by name, each checked before anything is asked."""
    if isinstance(agents, Mapping):
        named = dict(agents)
    elif isinstance(agents, Agent):
        named = {agents.name or "agent": agents}
    else:
        given = list(agents)
        named = {each.name or "agent": each for each in given}
        if len(named) < len(given):
            raise ConfigError("Two agents have one name: give each its own, Agent(name=...).")
    if not named:
        raise ConfigError("A service needs an agent.")
    for agent in named.values():
        agent.check()
    return named


def _place(given: str | os.PathLike[str] | None) -> str | os.PathLike[str]:
    """Where the journal is."""
    if found := given or os.environ.get("AGENTKIT_JOURNAL"):
        return found
    base = Path(os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA") or "")
    home = base if base.is_absolute() else Path.home() / ".local" / "share"  # as XDG wants it
    return home / "agentkit" / "service.db"
