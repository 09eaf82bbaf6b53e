"""Connecting to whichever address of a host answers first ("happy eyeballs", RFC 8305).

asyncio can do so as well, but a cancel at the wrong moment makes it lose an open socket, and uvloop
cannot.
"""

from __future__ import annotations

import asyncio
import socket
from itertools import zip_longest
from typing import Any

_NEXT = 0.25  # seconds, after which another address is tried as well

_Address = tuple[Any, ...]  # of getaddrinfo: family, kind, protocol, name, address


async def dial(host: str, port: int) -> socket.socket:
    """A connected socket.

    Raises:
        OSError: Why the first address, or the look-up, failed.
    """
    tries: set[asyncio.Task[socket.socket]] = set()
    failed: list[BaseException] = []
    try:
        addresses = await _addresses(host, port)
        while addresses or tries:
            if addresses:
                tries.add(asyncio.create_task(_connected(addresses.pop(0))))
            wait = _NEXT if addresses else None
            done, _ = await asyncio.wait(tries, timeout=wait, return_when="FIRST_COMPLETED")
            for each in done:
                error = each.exception()
                if error is None:
                    tries.discard(each)
                    return each.result()
                failed.append(error)
            tries -= done
    finally:
        for each in tries:
            each.cancel()
            each.add_done_callback(_close)
    raise failed[0]


async def _addresses(host: str, port: int) -> list[_Address]:
    """All addresses; those of the two families by turns."""
    stream = socket.SOCK_STREAM
    try:  # needs no thread
        found: list[_Address] = [
            *socket.getaddrinfo(host, port, type=stream, flags=socket.AI_NUMERICHOST)
        ]
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        found = [*await loop.getaddrinfo(host, port, type=stream)]
    ours = [each for each in found if each[0] == found[0][0]]
    others = [each for each in found if each[0] != found[0][0]]
    return [each for pair in zip_longest(ours, others) for each in pair if each]


async def _connected(address: _Address) -> socket.socket:
    family, kind, protocol, _, place = address
    line = socket.socket(family, kind, protocol)
    try:
        line.setblocking(False)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(line, place)
    except BaseException:
        line.close()
        raise
    return line


def _close(attempt: asyncio.Task[socket.socket]) -> None:
    """Close what came too late."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
