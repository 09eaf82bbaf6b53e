"""A host with several addresses is reached at one that answers."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest

from agentkit.direct.dialing import dial

Place = tuple[str, int]


def dialled(*places: Place, wait: float = 20.0) -> Place:
    """The address that was connected to, of a host that has these."""

    async def look_up(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

    async def main() -> Place:
        asyncio.get_running_loop().getaddrinfo = look_up  # type: ignore[method-assign]
        async with asyncio.timeout(wait):
            line = await dial("host.example", 80)
        with line:
            return line.getpeername()

    return asyncio.run(main())


@pytest.fixture
def open_place():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()


@pytest.fixture
def closed_place():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        yield silent.getsockname()


@pytest.fixture
def mute_place():
    """Nobody accepts there, and the queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(4):
            line = socket.socket()
            line.setblocking(False)
            assert line.connect_ex(full.getsockname()) in (0, errno.EINPROGRESS)
            waiting.append(line)
        yield full.getsockname()
        for line in waiting:
            line.close()


def test_the_first_address_is_taken_if_it_answers(open_place, mute_place):
    assert dialled(open_place, mute_place) == open_place


def test_the_next_is_tried_where_one_refuses(open_place, closed_place):
    assert dialled(closed_place, closed_place, open_place) == open_place


def test_the_next_is_tried_where_one_does_not_answer(open_place, mute_place):
    assert dialled(mute_place, open_place) == open_place


def test_where_all_refuse_the_first_error_is_raised(closed_place):
    with pytest.raises(ConnectionRefusedError):
        dialled(closed_place, closed_place)


def test_a_host_that_does_not_answer_is_given_up_in_time(mute_place):
    with pytest.raises(TimeoutError):
        dialled(mute_place, mute_place, wait=0.3)


def test_a_number_is_looked_up_nowhere(open_place):
    async def main() -> Place:
        asyncio.get_running_loop().getaddrinfo = None  # type: ignore[assignment,method-assign]
        with await dial(*open_place) as line:
            return line.getpeername()

    assert asyncio.run(main()) == open_place
