"""Connections: kept alive, one pool for each event loop, and yours left alone."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from typing import Any

import httpx
import pytest
from conftest import KEY
from model_server import ModelServer, Raw
from waiting import until

from agentkit import (
    Agent,
    CallEnded,
    CallStarted,
    ConfigError,
    Delta,
    HTTPInterface,
    RequestSent,
    ResponseReceived,
    RunEnded,
    tool,
)
from agentkit.errors import ConnectError
from agentkit.testing import call

SYNC = pytest.mark.parametrize("mode", ["sync"])
ASYNC = pytest.mark.parametrize("mode", ["async"])
STREAMED = pytest.mark.parametrize("stream", [True])
TOOLS = pytest.mark.parametrize("dialect", ["tools"])


@tool(read_only=True)
def look(at: int) -> int:
    """Looks."""
    return at


def _events(way: Any, agent: Agent[Any]) -> list[Any]:
    if way.mode == "sync":
        return list(agent.iter("Go."))

    async def collect() -> list[Any]:
        return [event async for event in agent.aiter("Go.")]

    return way.awaited(collect)


@pytest.mark.usefixtures("lingering")
@TOOLS
def test_the_requests_of_a_run_share_one_connection(way, server):
    server.script(*(call("look", at=at) for at in range(5)), "Done.")
    way.run(way.agent(look))
    assert (len(server.requests), server.connections) == (6, 1)


@TOOLS
def test_events_come_in_order_and_hold_what_happened(way, server):
    server.script(call("look", at=1), "Done.")
    events = _events(way, way.agent(look))
    kinds = [type(each) for each in events if not isinstance(each, Delta)]
    turn = [RequestSent, ResponseReceived]
    assert kinds == [*turn, CallStarted, CallEnded, *turn, RunEnded]
    text = "".join(each.text for each in events if isinstance(each, Delta))
    assert text == ("Done." if way.stream else "")
    assert events[-1].run.output == "Done."


@pytest.mark.usefixtures("lingering")
@TOOLS
@SYNC
def test_runs_of_one_interface_share_the_connection_until_it_is_closed(way, server):
    server.script("one", "two", "three")
    way.run(way.agent())
    way.run(way.agent())
    assert server.connections == 1
    way.interface.close()
    assert way.run(way.agent()).output == "three"
    assert server.connections == 2


@pytest.mark.usefixtures("lingering")
@TOOLS
@ASYNC
def test_awaited_runs_in_one_event_loop_share_the_connection(way, server):
    async def two() -> list[Any]:
        agent = way.agent()
        return [await agent.arun("Go."), await agent.arun("Go.")]

    server.script("one", "two")
    assert [run.output for run in way.awaited(two)] == ["one", "two"]
    assert server.connections == 1


@TOOLS
def test_a_connection_that_the_server_ends_is_replaced(way, server):
    body = b'{"choices":[{"message":{"role":"assistant","content":"one"}}]}'
    server.script(Raw([body], headers={"Connection": "close"}), "two")
    outputs = [way.run(way.agent()).output for _ in range(2)]
    assert (outputs, server.connections) == (["one", "two"], 2)


@TOOLS
def test_a_cut_connection_spoils_no_later_run(way, server):
    server.script(Raw(cut=True), "two")
    agent = way.agent()
    with pytest.raises(ConnectError):
        way.run(agent)
    assert way.run(agent).output == "two"


@TOOLS
@STREAMED
@SYNC
def test_a_stream_that_is_left_early_is_closed(way, server):
    server.script("A rather long answer.", "two")
    with closing(way.agent().iter("Go.")) as events:
        assert next(event for event in events if isinstance(event, Delta)).text == "A r"
    assert way.run(way.agent()).output == "two"


@TOOLS
@STREAMED
@ASYNC
def test_an_awaited_stream_that_is_left_early_is_closed(way, server):
    async def leave() -> str:
        async with aclosing(way.agent().aiter("Go.")) as events:
            async for event in events:
                if isinstance(event, Delta):
                    return event.text
        raise AssertionError("no piece came")

    server.script("A rather long answer.", "two")
    assert way.awaited(leave) == "A r"
    assert way.run(way.agent()).output == "two"


def test_one_interface_serves_many_threads(server, interface):
    server.always = "Hi."
    agent = Agent(interface=interface())
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(agent.run, [f"{n}" for n in range(24)]))
    assert [run.output for run in runs] == ["Hi."] * 24
    assert [run.messages[0].content for run in runs] == [f"{n}" for n in range(24)]
    assert server.connections <= 8


def test_a_client_of_your_own_is_used_and_left_open(server):
    server.script("Hi.")
    with httpx.Client(headers={"X-Mine": "1"}) as client:
        with_it = HTTPInterface("groq", api_key=KEY, base_url=server.url, client=client)
        assert Agent(interface=with_it).run("Hi.").output == "Hi."
        with_it.close()
        assert not client.is_closed
    assert server.requests[0].headers["X-Mine"] == "1"


def test_an_async_client_of_your_own_is_used_and_left_open(server):
    async def main() -> str:
        async with httpx.AsyncClient(headers={"X-Mine": "1"}) as client:
            given = {"api_key": KEY, "base_url": server.url, "async_client": client}
            with_it = HTTPInterface("groq", **given)
            run = await Agent(interface=with_it).arun("Hi.")
            await with_it.aclose()
            assert not client.is_closed
            return run.output

    server.script("Hi.")
    assert asyncio.run(main()) == "Hi."
    assert server.requests[0].headers["X-Mine"] == "1"


# Whoever does not close leaves sockets to the collector; that it warns is right.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestWithoutClosing:
    @pytest.fixture
    def agent(self, server: ModelServer) -> Iterator[Agent[str]]:
        agent = Agent(interface=HTTPInterface("groq", api_key=KEY, base_url=server.url))
        yield agent
        agent.interface.close()
        vars(agent).clear()
        assert _soon_at_most(server, 0)  # its sockets are to warn here, not in another test

    def test_one_agent_works_in_one_event_loop_after_the_other(self, server, agent):
        server.script("one", "two", "three")
        outputs = [asyncio.run(agent.arun("Go.")).output for _ in range(2)]
        assert [*outputs, agent.run("Go.").output] == ["one", "two", "three"]

    def test_the_connections_of_ended_event_loops_are_let_go(self, server, agent):
        server.always = "Hi."
        for _ in range(6):
            asyncio.run(agent.arun("Go."))
        assert _soon_at_most(server, 2)


def _soon_at_most(server: ModelServer, number: int) -> bool:
    """Whether so few connections are open once the server has noticed those that are garbage."""

    def are_few() -> bool:
        gc.collect()
        return server.open_connections <= number

    return until(are_few)


@TOOLS
@SYNC
@STREAMED
def test_a_line_that_stays_open_after_the_end_is_hung_up(way, server):
    pieces = [b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n', b"data: [DONE]\n\n"]
    threads = threading.active_count()
    server.script(*[Raw(pieces, kind="text/event-stream", stall=True)] * 3)
    for _ in range(3):
        assert way.run(way.agent()).output == "Hi"

    def are_gone() -> bool:
        return all(each.name != "agentkit rest" for each in threading.enumerate())

    assert until(are_gone), threading.active_count() - threads


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_client_of_yours_that_is_closed_is_one_clear_error(server, mode):
    client, async_client = httpx.Client(), httpx.AsyncClient()
    client.close()
    asyncio.run(async_client.aclose())
    agent = Agent([], HTTPInterface("groq", api_key=KEY, client=client, async_client=async_client))
    with pytest.raises(ConfigError, match="that was given for this interface is closed"):
        agent.run("Hi.") if mode == "sync" else asyncio.run(agent.arun("Hi."))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"timeout": 0}, "above 0 and below 10 million, not 0"),
        ({"timeout": -1.0}, "not -1.0"),
        ({"timeout": None}, "10 million, not None"),
        ({"timeout": "5"}, "10 million, not '5'"),
        ({"timeout": float("inf")}, "10 million, not inf"),
        ({"timeout": float("nan")}, "10 million, not nan"),
        ({"client": httpx.AsyncClient()}, "client is an httpx.Client"),
        ({"async_client": httpx.Client()}, "async_client is an httpx.AsyncClient"),
    ],
)
def test_what_is_no_client_or_time_is_refused_at_once(given, words):
    with pytest.raises(ConfigError, match=words):
        HTTPInterface("groq", **given)


def test_an_interface_that_is_closed_while_a_request_begins_is_one_clear_error(server, interface):
    made = interface()
    client = made._clients.sync()
    client.close()  # as `close` of another thread would, between taking the client and using it
    with pytest.raises(ConnectError, match="was closed while a request to it began") as raised:
        Agent([], made).run("Hi.")

    assert not raised.value.retryable


@pytest.mark.usefixtures("lingering")
@TOOLS
@SYNC
@STREAMED
def test_a_stream_may_be_ended_where_a_lock_of_the_connections_is_held(way, server, monkeypatch):
    """As the garbage collector ends one that was left, wherever it runs."""
    monkeypatch.setenv("AGENTKIT_TRANSPORT", "httpx")  # the others hold no locks
    pieces = [b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n']
    server.script(Raw(pieces, kind="text/event-stream", stall=True), "Hello.")
    agent = way.agent()
    events = agent.iter("Go.")
    next(each for each in events if isinstance(each, Delta))
    pool = way.interface._clients.sync().client._transport._pool

    def end():
        with pool._optional_thread_lock:
            events.close()

    ending = threading.Thread(target=end, daemon=True)
    ending.start()
    ending.join(10)

    assert not ending.is_alive()
    assert way.run(way.agent()).output == "Hello."
    assert len(pool.connections) == 1
