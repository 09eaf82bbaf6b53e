"""Each test of a transport runs with both parsers, sync and awaited."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any

import httpx
import pytest
from raw_server import PATIENCE

from agentkit.direct import AsyncDirectTransport, DirectTransport, async_transport, transport
from agentkit.direct.parsing import Parser

TIMEOUT = dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE)
_CLASSES = {"h11": "H11Parser", "httptools": "HttptoolsParser"}


def parser_named(name: str) -> type[Parser]:
    pytest.importorskip(name, reason=f"{name} is not installed")
    module = importlib.import_module(f"agentkit.direct.by_{name}")
    return getattr(module, _CLASSES[name])


@pytest.fixture(params=["h11", "httptools"])
def parser(request: pytest.FixtureRequest) -> type[Parser]:
    return parser_named(request.param)


class Stage:
    """A transport of either kind, used in the same way: awaited where it must be.

    The loop runs only in calls, so what happens between them is not seen before the next.
    """

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._runner = asyncio.Runner() if mode == "async" else None

    def open(self, **given: Any) -> Stage:
        make = DirectTransport if self._runner is None else AsyncDirectTransport
        self.transport: Any = make(**given)
        return self

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        assert self._runner is not None
        return self._runner.run(work)

    def send(self, url: str, method: str = "GET", **given: Any) -> httpx.Response:
        """The reply as soon as its head is there."""
        timeout = {**TIMEOUT, **given.pop("timeout", {})}
        return self.handle(httpx.Request(method, url, extensions={"timeout": timeout}, **given))

    def handle(self, request: httpx.Request) -> httpx.Response:
        if self._runner is None:
            return self.transport.handle_request(request)
        return self.run(self.transport.handle_async_request(request))

    def read(self, reply: httpx.Response) -> bytes:
        return reply.read() if self._runner is None else self.run(reply.aread())

    def fetch(self, url: str, method: str = "GET", **given: Any) -> httpx.Response:
        """The whole reply."""
        reply = self.send(url, method, **given)
        self.read(reply)
        return reply

    def pieces(self, reply: httpx.Response) -> Iterator[bytes]:
        """The body as it comes."""
        if self._runner is None:
            yield from reply.stream
            return
        stream = aiter(reply.stream)
        while piece := self.run(_next(stream)):
            yield piece

    def end(self, reply: httpx.Response) -> None:
        """Close a reply."""
        reply.close() if self._runner is None else self.run(reply.aclose())

    def close(self) -> None:
        """Close the transport."""
        self.transport.close() if self._runner is None else self.run(self.transport.aclose())

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if hasattr(self, "transport"):
            self.close()
        if self._runner is not None:
            self._runner.close()


async def _next(stream: Any) -> bytes:
    return await anext(stream, b"")


@pytest.fixture
def bare_stage(mode: str, parser: type[Parser], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """One whose transport the test opens."""
    for module in (transport, async_transport):
        monkeypatch.setattr(module, "parser_class", lambda name: parser)
    with Stage(mode) as stage:
        yield stage


@pytest.fixture
def stage(bare_stage: Stage) -> Stage:
    return bare_stage.open()


@pytest.fixture
def atransport(
    parser: type[Parser], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AsyncDirectTransport]:
    """Makes transports in the loop of a test of its own."""
    monkeypatch.setattr(async_transport, "parser_class", lambda name: parser)
    return AsyncDirectTransport
