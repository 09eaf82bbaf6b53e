"""The transport for asyncio: cancelled, crowded, closed, and in other loops."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest
from raw_server import PATIENCE, Peer, RawServer, answers

from agentkit.direct import AsyncDirectTransport, async_transport
from agentkit.direct.async_line import AsyncLine
from agentkit.direct.outgoing import Origin

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
BIG = 32 * 1024 * 1024

Make = Callable[[], AsyncDirectTransport]


async def fetch(sender: AsyncDirectTransport, url: str, **timeout: float) -> str:
    given = {"timeout": {"connect": PATIENCE, "read": PATIENCE, **timeout}}
    reply = await sender.handle_async_request(httpx.Request("GET", url, extensions=given))
    await reply.aread()
    return reply.text


def in_a_loop(make: Make, work: Callable[[AsyncDirectTransport], Awaitable[Any]]) -> Any:
    """What the work gives; the transport is closed behind it."""

    async def main() -> Any:
        sender = make()
        try:
            return await asyncio.wait_for(work(sender), PATIENCE)
        finally:
            await sender.aclose()

    return asyncio.run(main())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


async def cancelled(work: asyncio.Task[Any]) -> None:
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    assert work.cancelled()


@pytest.mark.parametrize("said", [b"", OK, OK + b"Content-Length: 5\r\n\r\nhel"])
def test_a_request_that_is_cancelled_closes_its_connection(atransport, said):
    reached = threading.Event()

    def stall(peer: Peer) -> None:
        peer.request()
        peer.send(said)
        reached.set()
        peer.wait_for_end()

    async def work(sender: AsyncDirectTransport) -> str:
        task = asyncio.create_task(fetch(sender, server.url))
        await until(reached.is_set)
        await asyncio.sleep(0.01)
        await cancelled(task)
        text = await fetch(sender, server.url)
        await until(lambda: server.open == 1)
        return text

    with RawServer(stall, answers(HELLO)) as server:
        text = in_a_loop(atransport, work)

    assert (text, server.connections) == ("hello", 2)


def test_a_request_that_is_cancelled_while_it_is_sent_closes_its_connection(atransport):
    async def work(sender: AsyncDirectTransport) -> str:
        request = httpx.Request("POST", server.url, content=bytes(BIG))
        task = asyncio.create_task(sender.handle_async_request(request))
        await until(lambda: server.open == 1)
        await asyncio.sleep(0.02)
        await cancelled(task)
        done.set()
        return await fetch(sender, server.url)

    done = threading.Event()
    with RawServer(lambda peer: done.wait(PATIENCE) and None, answers(HELLO)) as server:
        text = in_a_loop(atransport, work)

    assert text == "hello"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_that_is_cancelled_while_it_connects_leaves_nothing(atransport, scheme):
    async def work(sender: AsyncDirectTransport) -> int:
        for steps in range(12):
            task = asyncio.create_task(fetch(sender, f"{scheme}://127.0.0.1:{server.port}/"))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await until(lambda: server.open == len(sender._lines))
        return len(sender._lines)

    with RawServer(answers(HELLO)) as server:
        left = in_a_loop(atransport, work)

    assert left <= 1


def test_a_cancel_that_comes_with_the_reply_keeps_its_count(atransport):
    async def work(sender: AsyncDirectTransport) -> int:
        for steps in range(30):
            task = asyncio.create_task(fetch(sender, server.url))
            await asyncio.sleep(steps / 20_000)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return sender._turns._value - sender._most

    with RawServer(answers(*[HELLO] * 40)) as server:
        missing = in_a_loop(atransport, work)

    assert missing == 0


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(async_transport, "most_connections", lambda: 8)
    return 8


def test_requests_beyond_the_limit_wait_for_their_turn(atransport, few):
    async def work(sender: AsyncDirectTransport) -> list[str]:
        return await asyncio.gather(*(fetch(sender, server.url) for _ in range(300)))

    with RawServer(answers(*[HELLO] * 300)) as server:
        texts = in_a_loop(atransport, work)

    assert texts == ["hello"] * 300
    assert server.most_open <= few


def held(peer: Peer) -> None:
    """Answers when its `gate` is set."""
    while peer.request():
        assert GATE.wait(PATIENCE)
        peer.send(HELLO)


GATE = threading.Event()


@pytest.fixture(autouse=True)
def _gate() -> None:
    GATE.clear()


def test_a_turn_that_does_not_come_is_a_pool_timeout(atransport, few):
    async def work(sender: AsyncDirectTransport) -> list[str]:
        first = [asyncio.create_task(fetch(sender, server.url)) for _ in range(few)]
        await until(lambda: len(server.requests) == few)
        with pytest.raises(httpx.PoolTimeout) as raised:
            await fetch(sender, server.url, pool=0.02)
        assert raised.value.request.url == server.url
        GATE.set()
        return [*await asyncio.gather(*first), await fetch(sender, server.url)]

    with RawServer(held) as server:
        texts = in_a_loop(atransport, work)

    assert texts == ["hello"] * (few + 1)


def test_turns_come_in_the_order_of_the_requests_and_cancelled_ones_lose_none(
    atransport, few, monkeypatch
):
    sent = []  # as they go out: threads of the server may change places
    write = AsyncLine.write

    async def noted(line: AsyncLine, head: bytes, body: bytes, timeout: float | None) -> None:
        sent.append(int(head.split(b" ")[1][1:]))
        await write(line, head, body, timeout)

    monkeypatch.setattr(AsyncLine, "write", noted)

    async def numbered(sender: AsyncDirectTransport, number: int) -> None:
        await fetch(sender, f"{server.url}{number}")

    async def work(sender: AsyncDirectTransport) -> None:
        tasks = []
        for number in range(few + 12):
            tasks.append(asyncio.create_task(numbered(sender, number)))
            await asyncio.sleep(0)
        await until(lambda: len(server.requests) == few)
        await cancelled(tasks.pop(few + 3))
        GATE.set()
        await asyncio.gather(*tasks)

    with RawServer(held) as server:
        in_a_loop(atransport, work)

    assert sorted(sent[:few]) == [*range(few)]  # these open their connections side by side
    assert sent[few:] == [*range(few, few + 3), *range(few + 4, few + 12)]


def test_a_turn_that_is_given_to_a_cancelled_request_goes_on(atransport, monkeypatch):
    monkeypatch.setattr(async_transport, "most_connections", lambda: 1)

    async def work(sender: AsyncDirectTransport) -> str:
        first = await sender.handle_async_request(httpx.Request("GET", server.url))
        waiting = [asyncio.create_task(fetch(sender, server.url)) for _ in range(3)]
        await asyncio.sleep(0.01)
        await first.aclose()  # gives the turn to the first who waits
        await cancelled(waiting[0])
        return "".join(await asyncio.gather(*waiting[1:]))

    begun = OK + b"Content-Length: 5\r\n\r\n"
    with RawServer(answers(begun), answers(*[HELLO] * 3)) as server:
        text = in_a_loop(atransport, work)

    assert text == "hellohello"


def test_idle_connections_to_others_make_room(atransport, monkeypatch):
    monkeypatch.setattr(async_transport, "most_connections", lambda: 2)

    async def work(sender: AsyncDirectTransport) -> int:
        most = 0
        for server in servers:
            await fetch(sender, server.url)
            await asyncio.sleep(0)
            most = max(most, len(sender._lines))
        return most

    with ExitStack() as running:
        servers = [running.enter_context(RawServer(answers(HELLO))) for _ in range(3)]
        most = in_a_loop(atransport, work)

    assert most == 2


def test_closing_ends_the_requests_under_way(atransport):
    async def work(sender: AsyncDirectTransport) -> BaseException | str:
        task = asyncio.create_task(fetch(sender, server.url))
        await until(lambda: len(server.requests) == 1)
        await sender.aclose()
        [result] = await asyncio.gather(task, return_exceptions=True)
        return result

    with RawServer(_stall) as server:
        result = in_a_loop(atransport, work)

    assert isinstance(result, httpx.ReadError | httpx.RemoteProtocolError)


def _stall(peer: Peer) -> None:
    peer.request()
    peer.wait_for_end()


def test_a_forgotten_reply_is_closed_with_the_transport(atransport):
    async def work(sender: AsyncDirectTransport) -> None:
        replies.append(await sender.handle_async_request(httpx.Request("GET", server.url)))

    replies: list[httpx.Response] = []
    with RawServer(answers(OK + b"Content-Length: 5\r\n\r\n")) as server:
        in_a_loop(atransport, work)

    assert server.connections == 1


def test_a_forgotten_reply_gives_its_turn_back(atransport, monkeypatch):
    monkeypatch.setattr(async_transport, "most_connections", lambda: 1)

    async def work(sender: AsyncDirectTransport) -> str:
        await sender.handle_async_request(httpx.Request("GET", server.url))
        gc.collect()
        return await fetch(sender, server.url)

    with RawServer(answers(OK + b"Content-Length: 5\r\n\r\n"), answers(HELLO)) as server:
        text = in_a_loop(atransport, work)

    assert text == "hello"


def test_closing_leaves_nothing_for_the_garbage_collector(atransport):
    async def work(sender: AsyncDirectTransport) -> None:
        await asyncio.gather(*(fetch(sender, server.url) for _ in range(3)))

    with warnings.catch_warnings(record=True) as caught, RawServer(answers(HELLO)) as server:
        warnings.simplefilter("always")
        in_a_loop(atransport, work)
        gc.collect()

    assert [str(each.message) for each in caught] == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_connections_of_a_closed_loop_are_not_used(atransport):
    sender = atransport()
    with RawServer(answers(HELLO)) as server:

        async def once() -> str:
            return await fetch(sender, server.url)

        async def last() -> str:
            text = await once()
            await sender.aclose()
            return text

        texts = [asyncio.run(once()), asyncio.run(last())]
        server.collect_until_closed()  # which warns, and closes what nobody can close any more

    assert (texts, server.connections) == (["hello"] * 2, 2)


def test_a_connection_that_asyncio_closed_once_all_was_sent_can_be_closed():
    reading, forgotten = threading.Event(), []

    def hang_up(peer: Peer) -> None:
        peer.line.recv(1000)
        peer.line.shutdown(socket.SHUT_WR)
        assert reading.wait(PATIENCE)
        peer.wait_for_end()

    async def main() -> None:
        to = Origin("http", "127.0.0.1", server.port)
        line = await AsyncLine.connect(to, None, PATIENCE, forgotten.append)
        await line.write(b"", bytes(BIG), PATIENCE)  # what it is given before the server hangs up
        reading.set()
        await line.lost
        line.close()

    with RawServer(hang_up) as server:
        asyncio.run(main())

    assert len(forgotten) == 1


def test_an_outer_timeout_stays_one(atransport):
    async def expire(limit: asyncio.Timeout) -> None:
        await until(lambda: len(server.requests) == 1)
        limit.reschedule(0)  # long ago

    async def work(sender: AsyncDirectTransport) -> None:
        limit = asyncio.timeout(None)
        expiring = asyncio.create_task(expire(limit))
        with pytest.raises(TimeoutError):
            async with limit:
                await fetch(sender, server.url)
        await expiring

    with RawServer(_stall) as server:
        in_a_loop(atransport, work)

    assert server.connections == 1


def test_a_connection_that_was_closed_while_the_loop_was_busy_is_not_used(atransport):
    async def work(sender: AsyncDirectTransport) -> list[str]:
        first = await fetch(sender, server.url)
        server.join()  # blocks the loop, as a slow tool does
        return [first, await fetch(sender, server.url)]

    with RawServer(answers(HELLO, close=True)) as server:
        texts = in_a_loop(atransport, work)

    assert (texts, server.connections) == (["hello"] * 2, 2)


def test_what_came_ahead_can_be_read_when_the_transport_is_closed(atransport):
    uvloop = pytest.importorskip("uvloop")
    size = 1 << 22

    async def main() -> int:
        sender = atransport()
        reply = await sender.handle_async_request(httpx.Request("GET", server.url))
        [line] = sender._lines
        await until(lambda: line._is_paused)
        task = asyncio.create_task(reply.aread())
        await sender.aclose()
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await task
        return server.connections

    with RawServer(answers(OK + b"Content-Length: %d\r\n\r\n" % size + bytes(size))) as server:
        done = [asyncio.run(main()), uvloop.run(main())]

    assert done == [1, 2]


def test_it_works_in_uvloop(atransport):
    uvloop = pytest.importorskip("uvloop")
    stalled = OK + b"Content-Length: 5\r\n\r\n"

    async def main() -> list[Any]:
        sender = atransport()
        texts = [await fetch(sender, server.url) for _ in range(2)]
        with pytest.raises(httpx.ReadTimeout):
            await fetch(sender, server.url, read=0.05)
        large = httpx.Request("POST", server.url, content=bytes(BIG))
        reply = await sender.handle_async_request(large)
        texts.append((await reply.aread()).decode())
        await sender.aclose()
        return texts

    with RawServer(answers(HELLO, HELLO, stalled), answers(HELLO)) as server:
        texts = uvloop.run(main())
        gc.collect()

    assert texts == ["hello"] * 3
