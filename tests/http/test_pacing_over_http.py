"""Fifty runs against a server with Groq's limits: nothing is refused, and next to nothing wasted.

These tests look at a rate, which is what pacing is for; a minute is shortened to seconds.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest
from limited_server import LimitedServer

import agentkit.pace
from agentkit import Agent, Interface, Run, tool
from agentkit.interfaces import open_interface

RUNS = 50
SHARE = 0.9
"""How much of what the limits allow is used at least."""

BINDS = {
    "requests": ({"steps": 3}, "Look."),
    "tokens": ({"steps": 2}, "Look at this: " + "word " * 220),
}
"""What a run needs so that it is this limit that it meets."""


@tool(read_only=True)
def look(at: int) -> str:
    """Look at something."""
    return f"{at}: nothing"


@pytest.fixture
def minute(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    seconds = getattr(request, "param", 2.0)
    monkeypatch.setattr(agentkit.pace, "MINUTE", seconds)
    return seconds


def _opened(server: LimitedServer, **given: Any) -> Interface:
    """An interface with a key of its own, so that it knows nothing of the server yet."""
    key = "gsk_" + os.urandom(20).hex()
    return open_interface("groq", api_key=key, base_url=server.url, timeout=30.0, **given)


def _side_by_side(
    mode: str,
    interface: Interface,
    prompt: str,
    models: tuple[str, ...] = ("agent",),
    options: dict[str, Any] | None = None,
) -> list[Run[str]]:
    """Fifty runs at once, over one model after the other."""
    agents = [Agent([look], interface, model=model, options=options) for model in models]
    todo = [(agents[n % len(agents)], f"Run {n}. {prompt}") for n in range(RUNS)]
    try:
        if mode == "async":
            return asyncio.run(_gathered(interface, todo))
        return _threaded(todo)
    finally:
        interface.close()


async def _gathered(interface: Interface, todo: list[tuple[Agent[str], str]]) -> list[Run[str]]:
    try:
        return await asyncio.gather(*(agent.arun(prompt) for agent, prompt in todo))
    finally:
        await interface.aclose()


def _threaded(todo: list[tuple[Agent[str], str]]) -> list[Run[str]]:
    done: list[Run[str]] = []

    def work(agent: Agent[str], prompt: str) -> None:
        done.append(agent.run(prompt))

    threads = [threading.Thread(target=work, args=each) for each in todo]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


@pytest.mark.parametrize("kind", BINDS)
def test_the_limits_are_used_and_not_met(minute, mode, kind):
    needs, prompt = BINDS[kind]
    with LimitedServer(minute=minute, **needs) as server:
        runs = _side_by_side(mode, _opened(server), prompt)
    server.check()
    assert [run.output for run in runs] == ["Done."] * RUNS
    assert len(server.account.refused) <= 1
    assert server.account.share(kind) >= SHARE


# All go at once, and the way of so many takes a moment: it is to be short beside a minute.
@pytest.mark.parametrize(
    ("minute", "kind"), [(6.0, "requests"), (3.0, "tokens")], indirect=["minute"]
)
def test_limits_set_by_hand_hold_where_the_server_tells_none(minute, kind):
    needs, prompt = BINDS[kind]
    with LimitedServer(minute=minute, tells=False, **(needs | {"steps": 2})) as server:
        interface = _opened(server, requests_per_minute=30, tokens_per_minute=8_000)
        _side_by_side("sync", interface, prompt)
    server.check()
    assert len(server.account.refused) <= 1
    assert server.account.share(kind) >= SHARE


@pytest.mark.parametrize("kind", BINDS)
def test_limits_that_only_a_429_tells_hold_from_then_on(minute, kind):
    needs, prompt = BINDS[kind]
    with LimitedServer(minute=minute, tells=False, **(needs | {"steps": 2})) as server:
        runs = _side_by_side("async", _opened(server), prompt)
    server.check()
    assert [run.output for run in runs] == ["Done."] * RUNS
    account = server.account
    assert 1 <= len(account.refused) < RUNS  # those that were on their way at the first
    assert account.refused[-1] - account.began < (account.ended - account.began) / 2
    assert account.share(kind) >= SHARE


def test_room_for_a_long_answer_is_not_counted_as_used(minute):
    needs, prompt = BINDS["tokens"]
    with LimitedServer(minute=minute, **needs) as server:
        _side_by_side("async", _opened(server), prompt, options={"max_tokens": 1_000})
    server.check()
    assert len(server.account.refused) <= 1
    assert server.account.share("tokens") >= SHARE


def test_models_do_not_wait_for_one_anothers_limits(minute):
    with LimitedServer(minute=minute) as server:
        _side_by_side("async", _opened(server), "Look.", ("lab/one", "lab/two"))
    server.check()
    shares = [account.share("requests") for account in server.accounts.values()]
    assert len(shares) == 2
    assert min(shares) >= SHARE


@pytest.mark.parametrize("minute", [4.0], indirect=True)  # also a slow machine is too fast for it
def test_without_pacing_requests_are_refused_and_asked_again(minute, mode):
    with LimitedServer(minute=minute, steps=1) as server:
        interface = _opened(server, pacing=False, attempts=200)
        runs = _side_by_side(mode, interface, "Look.")
    server.check()
    assert [run.output for run in runs] == ["Done."] * RUNS
    assert len(server.account.refused) > 1
