"""Fixtures for tests that talk to a model through sockets; see `model_server`."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import pytest
import warm
from choosing import chosen, measured
from hypothesis import HealthCheck, settings
from model_server import ModelServer
from postgres import Postgres
from xdist.scheduler import LoadScopeScheduling

from agentkit import Agent, Delta, HTTPInterface, Request, Response, Run, prices
from agentkit.memory import memory_of
from agentkit.notices import say_once
from agentkit.paced import shared_pace

KEY = "gsk_test0123456789abcdefABCDEF"

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # a machine that is busy makes no example slow

GROUPS = {
    "tests/servers/": "gateway",
    "test_page_in_chromium.py": "browser",
    "tests/durable/test_kills.py": "campaigns",
    "tests/durable/test_outages.py": "campaigns",
    "tests/durable/test_processes.py": "campaigns",
}
"""What is to run in one process, one after the other, by a part of the ids of its tests: what only
one is to install and start, and what is about how things go while much else is not going on."""


class Together(LoadScopeScheduling):
    """Sends the ids of a test to the next process that is free, and those of a group to the same.

    The marks that pytest-xdist has for groups are not seen by the pytest of today. To send each id by
    itself would cost more than most tests, as whatever is assigned is looked through at each step.
    """

    def _split_scope(self, nodeid: str) -> str:
        test = nodeid.partition("[")[0]
        return next((group for part, group in GROUPS.items() if part in nodeid), test)


ABOUT_PROCESSES = (
    *(
        "tests/cli/",
        "tests/durable/",
        "tests/journal/",
        "tests/safe/",
        "tests/test_pytest_plugin.py",
    ),
)
"""Tests whose processes run what nothing else runs, so that coverage is measured in them too."""

MEASURED = pytest.StashKey[bool]()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_configure(config: pytest.Config) -> None:
    line = "unmeasured: does with much what other tests do with little; coverage looks away"
    config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = chosen(items)
    config.hook.pytest_deselected(items=[*{*items} - {*kept}])
    items[:] = kept
    to_measure = measured(items)
    for item in items:
        item.stash[MEASURED] = item in to_measure


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    if _is_measuring():
        warm.import_all()  # so that all that is run by importing is measured, and nothing else
    with unmeasured():
        return (yield)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # else what was collected is looked through whenever there may be garbage


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    with nullcontext() if item.stash[MEASURED] else unmeasured():
        return (yield)


@contextmanager
def unmeasured() -> Iterator[None]:
    """Coverage looks away, also from threads that begin meanwhile; a debugger goes on."""
    if not _is_measuring():
        yield
        return
    mine, others = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(others)
        sys.settrace(mine)


def _is_measuring() -> bool:
    return type(sys.gettrace()).__module__.startswith("coverage")


@pytest.fixture(scope="session")
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with one authority: reading all of them costs each new client 40 ms."""
    first, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----\n")
    path = tmp_path_factory.mktemp("tls") / "one.pem"
    path.write_text(first + end)
    return str(path)


@pytest.fixture(autouse=True)
def _clean_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, one_certificate: str
) -> None:
    is_measured = request.node.stash[MEASURED]
    if not (is_measured and request.node.nodeid.startswith(ABOUT_PROCESSES)):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    for name in os.environ:
        if name.startswith(("AGENTKIT_", "GROQ_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SSL_CERT_FILE", one_certificate)
    monkeypatch.setenv("NO_PROXY", "*")  # loopback needs no proxy


@pytest.fixture(autouse=True)
def _nothing_learned() -> None:
    """Ports come again, and what was learned of a server with them."""
    for learned in (memory_of, shared_pace, say_once):
        learned.cache_clear()
    prices._unknown.clear()


@pytest.fixture(scope="session", autouse=True)
def _ended_springs() -> Iterator[None]:
    yield
    warm.end_all()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for each process of the suite; a test may kill it, the next one starts it again."""
    with Postgres() as running:
        yield running


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The address of a new, empty database of PostgreSQL."""
    return postgres.fresh_database()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running
    running.check()


@pytest.fixture
def interface(server: ModelServer) -> Iterator[Callable[..., HTTPInterface]]:
    """Makes an interface to the server; its sync connections are closed at the end."""
    made: list[HTTPInterface] = []

    def make(**given: Any) -> HTTPInterface:
        settings = {"api_key": KEY, "base_url": server.url, "timeout": 20.0, **given}
        made.append(HTTPInterface("groq", **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["functions", "tools"])
def dialect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(params=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@dataclass(frozen=True)
class Way:
    """A way to talk to the server: a dialect, streamed or whole, sync or async."""

    server: ModelServer
    interface: HTTPInterface
    dialect: str
    stream: bool
    mode: str

    def agent(self, *tools: Any, options: dict[str, Any] | None = None, **given: Any) -> Agent[Any]:
        options = {**(options or {}), **({"stream": True} if self.stream else {})}
        return Agent(list(tools), self.interface, options=options, **given)

    def run(self, agent: Agent[Any], prompt: str | None = "Go.", **given: Any) -> Run[Any]:
        if self.mode == "sync":
            return agent.run(prompt, **given)
        return self.awaited(lambda: agent.arun(prompt, **given))

    def send(self, request: Request) -> Response:
        if self.mode == "sync":
            return self.interface.send(request)
        return self.awaited(lambda: self.interface.asend(request))

    def pieces(self, request: Request) -> list[Delta | Response]:
        if self.mode == "sync":
            return list(self.interface.stream(request))

        async def collect() -> list[Delta | Response]:
            return [piece async for piece in self.interface.astream(request)]

        return self.awaited(collect)

    def awaited(self, work: Callable[[], Any]) -> Any:
        """Run a coroutine in a loop of its own and close what the interface opened in it."""

        async def main() -> Any:
            try:
                return await work()
            finally:
                await self.interface.aclose()

        return asyncio.run(main())


@pytest.fixture
def way(
    server: ModelServer,
    interface: Callable[..., HTTPInterface],
    dialect: str,
    stream: bool,
    mode: str,
) -> Way:
    return Way(server, interface(dialect=dialect), dialect, stream, mode)
