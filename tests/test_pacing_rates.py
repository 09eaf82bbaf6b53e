"""Fifty runs against a server with Groq's limits: nothing is refused, and next to nothing wasted.

Time is virtual, so that the figures are those of the pacing and not of the machine.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from choosing import WHOLE
from limited_server import LimitedServer
from virtual_time import in_virtual_time, virtual_now

from agentkit import Agent, Run, tool
from agentkit.interfaces import open_interface
from agentkit.outcomes import Outcome
from agentkit.pace import Pace

RUNS = 50
SHARE = 0.95
"""How much of what the limits allow is used at least."""

BINDS = {
    "requests": ({"steps": 3}, "Look."),
    "tokens": ({"steps": 2}, "Look at this: " + "word " * 220),
}
"""What a run needs so that it is this limit that it meets."""


@tool(read_only=True)
async def look(at: int) -> str:
    """Look at something."""
    return f"{at}: nothing"


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes a server that counts in virtual time, as all of pacing does then.

    Chance is the same each time too: that of the pauses before a request is asked again.
    """
    monkeypatch.setattr("agentkit.paced.Pace", partial(Pace, clock=virtual_now))
    before = random.getstate()
    random.seed(0)
    yield partial(LimitedServer, minute=60.0, clock=virtual_now)
    random.setstate(before)


class Far(httpx.AsyncBaseTransport):
    """The way to a server, which takes each request some time."""

    def __init__(self, server: LimitedServer, seed: int) -> None:
        self._server, self._chance = server, random.Random(seed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._some_time()
        reply, _ = self._server.answer(request.url.path, request.headers, request.content)
        await self._some_time()
        headers = {"Content-Type": reply.kind, **reply.headers}
        return httpx.Response(reply.status, headers=headers, content=b"".join(reply.pieces))

    async def _some_time(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.01, 0.5))


def side_by_side(
    server: LimitedServer,
    prompt: str,
    *,
    seed: int = 0,
    models: tuple[str, ...] = ("agent",),
    options: dict[str, Any] | None = None,
    **given: Any,
) -> list[Run[str]]:
    """Fifty runs at once, over one model after the other."""

    async def main() -> list[Run[str]]:
        async with httpx.AsyncClient(transport=Far(server, seed)) as client:
            key = "gsk_" + os.urandom(20).hex()
            interface = open_interface(
                "groq", api_key=key, base_url=server.url, async_client=client, **given
            )
            agents = [Agent([look], interface, model=each, options=options) for each in models]
            todo = ((agents[n % len(agents)], f"Run {n}. {prompt}") for n in range(RUNS))
            return await asyncio.gather(*(agent.arun(text) for agent, text in todo))

    runs: list[Run[str]] = in_virtual_time(main())
    server.check()
    return runs


@pytest.mark.parametrize("seed", range(5 if WHOLE else 2))
@pytest.mark.parametrize("kind", BINDS)
def test_the_limits_are_used_and_not_met(limited, kind, seed):
    needs, prompt = BINDS[kind]
    with limited(**needs) as server:
        runs = side_by_side(server, prompt, seed=seed)
    assert [run.output for run in runs] == ["Done."] * RUNS
    assert server.account.refused == []
    assert server.account.share(kind) >= SHARE


@pytest.mark.parametrize("kind", BINDS)
def test_limits_set_by_hand_hold_where_the_server_tells_none(limited, kind):
    needs, prompt = BINDS[kind]
    with limited(tells=False, **needs) as server:
        side_by_side(server, prompt, requests_per_minute=30, tokens_per_minute=8_000)
    assert server.account.refused == []
    assert server.account.share(kind) >= SHARE


@pytest.mark.parametrize("kind", BINDS)
def test_limits_that_only_a_429_tells_hold_from_then_on(limited, kind):
    needs, prompt = BINDS[kind]
    with limited(tells=False, **needs) as server:
        runs = side_by_side(server, prompt)
    account = server.account
    assert [run.output for run in runs] == ["Done."] * RUNS
    assert 1 <= len(account.refused) < RUNS  # those that were on their way at the first
    assert account.refused[-1] - account.began < 10  # seconds of many minutes
    assert account.share(kind) >= SHARE


def test_room_for_a_long_answer_is_not_counted_as_used(limited):
    needs, prompt = BINDS["tokens"]
    with limited(**needs) as server:
        side_by_side(server, prompt, options={"max_tokens": 1_000})
    assert server.account.refused == []
    assert server.account.share("tokens") >= SHARE


def test_models_do_not_wait_for_one_anothers_limits(limited):
    with limited() as server:
        side_by_side(server, "Look.", models=("lab/one", "lab/two"))
    shares = [account.share("requests") for account in server.accounts.values()]
    assert len(shares) == 2
    assert min(shares) >= SHARE


def test_without_pacing_requests_are_refused_and_asked_again(limited):
    with limited(steps=1) as server:
        runs = side_by_side(server, "Look.", pacing=False, attempts=200)
    assert [run.output for run in runs] == ["Done."] * RUNS
    assert len(server.account.refused) > 1


def test_many_runs_wait_for_one_another_as_long_as_it_takes(limited):
    """Two hundred rows, of which a server takes two a minute: each waits for those before it."""

    async def main(count: int) -> list[Outcome[str]]:
        async with httpx.AsyncClient(transport=Far(server, 0)) as client:
            key = "gsk_" + os.urandom(20).hex()
            interface = open_interface(
                "groq", api_key=key, base_url=server.url, async_client=client
            )
            prompts = (f"Run {n}. {'word ' * 300}" for n in range(count))
            agent = Agent([look], interface)
            return [each async for each in agent.amap(prompts, concurrency=50)]

    with limited(steps=1, tokens=1_200) as server:
        found = in_virtual_time(main(200))
        server.check()
    assert [each.error for each in found] == [None] * 200
    assert max(each.run.waited for each in found) > 600
    assert server.account.refused == []
    assert server.account.share("tokens") >= SHARE
