"""A service on loopback with agents whose model does what a test says."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from agentkit import Agent, Context, Response, tool
from agentkit.guard import listen
from agentkit.interface import Interface
from agentkit.messages import AssistantMessage, Delta, FunctionCall, Request, Usage
from agentkit.serve import Service
from agentkit.serve.server import server

KEY = "a-key-of-the-tests"
Reply = str | FunctionCall | list[FunctionCall] | Exception


class Model(Interface):
    """Replies what a function makes of the transcript, in pieces where a stream is asked for.

    Args:
        reply: From a request to a reply.
    """

    name = "staged"

    def __init__(self, reply: Callable[[Request], Reply]) -> None:
        self.reply = reply
        self.requests: list[Request] = []

    def send(self, request: Request) -> Response:
        raise AssertionError("a service awaits")

    async def asend(self, request: Request) -> Response:
        self.requests.append(request)
        reply = self.reply(request)
        if isinstance(reply, Exception):
            raise reply
        calls = [reply] if isinstance(reply, FunctionCall) else reply
        message = (
            AssistantMessage(reply)
            if isinstance(reply, str)
            else AssistantMessage(None, tuple(calls))
        )
        return Response(message=message, model="staged-1", usage=Usage(10, 5), cost=0.001)

    async def astream(self, request: Request) -> AsyncGenerator[Any, None]:
        response = await self.asend(request)
        text = response.message.content or ""
        if request.options.get("stream"):
            for word in text.split(" "):
                yield Delta(text=word if text.startswith(word) else f" {word}")
                await asyncio.sleep(0)
        yield response


def last_of(request: Request) -> str:
    """What the last message of a request says."""
    return str(request.messages[-1].content)


def calls_then_says(*calls: FunctionCall) -> Callable[[Request], Reply]:
    """First the calls, and then the last result."""

    def reply(request: Request) -> Reply:
        return last_of(request) if request.messages[-1].role == "function" else list(calls)

    return reply


class House:
    """Tools that note what they do, and one that a test lets end."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.may_end = threading.Event()

    @tool(read_only=True)
    def add(self, a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @tool(destructive=True)
    def wipe(self, name: str) -> str:
        """Wipe a thing."""
        self.done.append(name)
        return f"wiped {name}"

    @tool
    def note(self, text: str) -> str:
        """Note a text."""
        self.done.append(text)
        return f"noted {text}"

    @tool
    async def wait(self, context: Context[Any]) -> str:
        """Wait until the test says so."""
        self.done.append("waits")
        context.progress("waiting", 0.5)
        while not self.may_end.is_set():
            await asyncio.sleep(0.01)
        self.done.append("waited")
        return "waited"


class Staged:
    """A service that runs in a thread.

    Args:
        service: The service.
    """

    def __init__(self, service: Service) -> None:
        self.service = service

    @contextmanager
    def running(self) -> Iterator[Staged]:
        """Serve, and stop."""
        up = threading.Event()
        with listen("127.0.0.1", 0) as door:
            self.url = f"http://127.0.0.1:{door.getsockname()[1]}"
            self.server = server(self.service, up.set)
            thread = threading.Thread(target=lambda: self.server.run(sockets=[door]), daemon=True)
            thread.start()
            assert up.wait(20)
            headers = {"Authorization": f"Bearer {KEY}"} if self.service.keys else {}
            with httpx.Client(base_url=self.url, headers=headers, timeout=20.0) as self.http:
                yield self
            self.server.handle_exit(15, None)
            thread.join(20)
            assert not thread.is_alive()

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """What comes back, read."""
        given = {} if body is None else {"json": body}
        reply = self.http.request(method, path, **given, **more)
        assert reply.is_success, reply.text
        return reply.json()

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """The status and the code of a refusal, which has the form of OpenAI's."""
        given = {} if body is None else {"json": body}
        reply = self.http.request(method, path, **given, **more)
        error = reply.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return reply.status_code, error["code"]

    def events(self, run_id: str, after: str = "") -> list[tuple[str, str, dict[str, Any]]]:
        """All that is told of a run, to its end: id, type and data."""
        headers = {"Last-Event-ID": after} if after else {}
        with self.http.stream("GET", f"/api/runs/{run_id}/events", headers=headers) as reply:
            assert reply.status_code == 200, reply.read()
            return list(read_events(reply.iter_lines()))

    def ended(self, run_id: str) -> dict[str, Any]:
        """A run, once it has ended."""
        self.events(run_id)
        return self.call("GET", f"/api/runs/{run_id}")


def read_events(lines: Iterator[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Server-sent events."""
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            found[name] = value
        elif "data" in found:
            yield found.get("id", ""), found.get("event", ""), json.loads(found["data"])
            found = {}


def staged(
    path: Path, reply: Callable[[Request], Reply], house: House | None = None, **given: Any
) -> Staged:
    """A service with one agent.

    Args:
        path: A directory for its journal.
        reply: What its model replies.
        house: Its tools.
        given: Settings of the service; those of the agent under `agent`.
    """
    agent = Agent(house or House(), Model(reply), **given.pop("agent", {}))
    settings = {"journal": path / "runs.db", "keys": [KEY], "rate": None, "grace": 0.5, **given}
    return Staged(Service({"helper": agent}, **settings))
