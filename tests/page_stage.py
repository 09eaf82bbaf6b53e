"""A service whose page is looked at: tools, a model that says what a prompt asks for, a server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from agentkit import Agent, Context, Delta, Request, Response, ToolError, Usage, tool
from agentkit.interface import Interface
from agentkit.media import Image
from agentkit.messages import AssistantMessage, FunctionCall, Message
from agentkit.serve import Service
from agentkit.serve.server import server
from agentkit.testing import call

ATTACK = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> "
    "[look](javascript:document.title='owned') \x1b[31mred\x1b[0m a\u202egnp.exe "
)
MEGABYTE = ATTACK + "long" * 250_000
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)
ANSWER = """It stays **dry** in Oslo. See [the institute](https://www.yr.no/en).

- Take `boots`.

<b>No</b> [umbrella](javascript:alert(1))."""


class Place(BaseModel):
    """A place."""

    name: str
    height: float | None = None


class Stage:
    """The agents of a service, and what became of their calls."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.begun = 0  # slow calls
        self.gate = threading.Event()  # lets slow calls end

        @tool(read_only=True, open_world=True)
        def forecast(city: str, days: int = 1) -> str:
            """The forecast for a city.

            Args:
                city: Where.
                days: How many.
            """
            if city == "Rome":
                raise ToolError("There is no station in Rome.")
            return f"{city}: dry for {days} d."

        @tool(destructive=True)
        def delete(path: str) -> str:
            """Delete a file."""
            self.deleted.append(path)
            return f"{path} is gone."

        @tool
        async def slow(what: str, context: Context[None]) -> str:
            """Take some time."""
            self.begun += 1
            context.progress("half of it", 0.5)
            await asyncio.to_thread(self.gate.wait, 30)
            return f"{what} is done."

        @tool(read_only=True, open_world=True, max_chars=None)
        def page(at: str) -> list[Any]:
            """Read a page."""
            return [MEGABYTE, Image(PIXEL)]

        @tool(read_only=True)
        def route(
            start: Place,
            mode: Literal["train", "foot"],
            stops: list[Place] | None = None,
            tags: list[str] | None = None,
            fast: bool = False,
        ) -> str:
            """Find a way."""
            names = [start.name, *(each.name for each in stops or ())]
            return f"{' - '.join(names)} by {mode}, {tags}, fast: {fast}, {start.height}"

        tools = [forecast, delete, slow, page, route]
        self.agents = {"guide": Agent(tools, Talker()), "other": Agent([forecast], Talker())}


class Talker(Interface):
    """A model that calls what the last prompt names, and then answers, in pieces."""

    name = "talker"
    calls = {  # noqa: RUF012
        "weather": [call("forecast", city="Oslo"), call("forecast", city="Rome", days=2)],
        "delete": [call("delete", path="/a"), call("delete", path="/b")],
        "slow": [call("slow", what="It")],
        "page": [call("page", at="x")],
    }

    def send(self, request: Request) -> Response:
        raise NotImplementedError  # the service is async

    async def asend(self, request: Request) -> Response:
        return _reply(request.messages, self.calls)

    async def astream(self, request: Request) -> AsyncIterator[Delta | Response]:
        reply = _reply(request.messages, self.calls)
        for word in (reply.message.content or "").split(" "):
            yield Delta(text=f"{word} ")
            await asyncio.sleep(0)
        yield reply


def _reply(messages: Sequence[Message], calls: dict[str, list[FunctionCall]]) -> Response:
    last = messages[-1]
    wanted = calls.get(last.content or "", []) if last.role == "user" else []
    message = AssistantMessage("Let me see." if wanted else ANSWER, tuple(wanted))
    return Response(message=message, model="talker-1", usage=Usage(100, 20), cost=0.001)


@dataclass(frozen=True)
class Served:
    """A service that runs.

    Args:
        at: Its address.
        server: What serves it.
    """

    at: str
    server: Any

    def cut(self) -> None:
        """Break all connections."""

        def work() -> None:
            for each in list(self.server.server_state.connections):
                each.transport.abort()

        self.server.servers[0].get_loop().call_soon_threadsafe(work)


@contextmanager
def served(agents: Any, journal: Path, port: int = 0, **settings: Any) -> Iterator[Served]:
    """A service that runs in a thread."""
    with socket.create_server(("127.0.0.1", port)) as door:
        service = Service(agents, journal=journal, grace=0, rate=None, **settings)
        running = server(service)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{door.getsockname()[1]}", running)
        finally:
            running.should_exit = True
            thread.join(20)
