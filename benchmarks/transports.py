"""What a request costs by what sends it, against the benchmark's own server.

    python benchmarks/transports.py            # 7 rounds of 300 requests each

The body has 6 KB, as that of a run of some fifty steps; its reply has half a kilobyte.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from statistics import median

import httpx
from bench import serving

from agentkit.direct import AsyncDirectTransport
from agentkit.senders import VARIABLE, AsyncSender, Sender, async_sender, sender

_HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer bench"}
_TIMEOUT = httpx.Timeout(60.0)
_BODY = b'{"messages":[{"role":"user","content":"run-%06d; go"}],"tools":[],"text":"%s"}'


def body() -> bytes:
    """A request of a run that does not end."""
    return _BODY % (1, b"x" * 6_000)


def check(reply: bytes) -> None:
    """Fail where it is not the reply."""
    if b'"tool_calls"' not in reply:
        raise ValueError(f"the reply is {reply[:100]!r}")


def cost(rounds: int, requests: int, ask: Callable[[], object]) -> float:
    """CPU ms of a request."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(requests):
            ask()
        found.append((time.process_time() - begun) / requests * 1e3)
    return median(found)


async def acost(rounds: int, requests: int, ask: Callable[[], Awaitable[object]]) -> float:
    """`cost`, awaited."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(requests):
            await ask()
        found.append((time.process_time() - begun) / requests * 1e3)
    return median(found)


async def awaited(url: str, *size: int) -> dict[str, float]:
    """What awaited requests cost."""
    found = {}
    async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
        found["httpx's client"] = await acost(
            *size, lambda: client.post(url, content=body(), headers=_HEADERS)
        )
    async with httpx.AsyncClient(timeout=_TIMEOUT, transport=AsyncDirectTransport()) as client:
        found["httpx's client over the lean transport"] = await acost(
            *size, lambda: client.post(url, content=body(), headers=_HEADERS)
        )
    for name in ("h11", "httptools"):
        os.environ[VARIABLE] = name
        made = async_sender(_TIMEOUT, http2=False)

        async def ask(made: AsyncSender = made) -> None:
            async with made.stream("POST", url, _HEADERS, body()) as reply:
                check(b"".join([chunk async for chunk in reply.chunks]))

        found[f"the lean transport with {name}"] = await acost(*size, ask)
        await made.aclose()
    return found


def waited_for(url: str, *size: int) -> dict[str, float]:
    """What requests cost that are waited for."""
    found = {}
    with httpx.Client(timeout=_TIMEOUT) as client:
        found["httpx's client"] = cost(
            *size, lambda: client.post(url, content=body(), headers=_HEADERS)
        )
    for name in ("h11", "httptools"):
        os.environ[VARIABLE] = name
        with closing(sender(_TIMEOUT, http2=False)) as made:

            def ask(made: Sender = made) -> None:
                with made.stream("POST", url, _HEADERS, body()) as reply:
                    check(b"".join(reply.chunks))

            found[f"the lean transport with {name}"] = cost(*size, ask)
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=300)
    given = parser.parse_args()
    with serving() as address:
        url = f"{address}/steps/100000000/v1/chat/completions"
        size = (given.rounds, given.requests)
        for kind, found in (
            ("awaited", asyncio.run(awaited(url, *size))),
            ("waited for", waited_for(url, *size)),
        ):
            for name, figure in found.items():
                print(f"{kind}, {name}: {figure:.3f} ms of CPU")


if __name__ == "__main__":
    main()
