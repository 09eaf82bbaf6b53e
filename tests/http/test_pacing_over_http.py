"""Fifty runs at once against a server with Groq's limits, through real threads and sockets.

How well the limits are used is looked at in virtual time, in test_pacing_rates.py: here a minute is
a second, so that what is refused also depends on the machine.
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
MINUTE = 1.0  # seconds


@tool(read_only=True)
def look(at: int) -> str:
    """Look at something."""
    return f"{at}: nothing"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(agentkit.pace, "MINUTE", MINUTE)
    with LimitedServer(minute=MINUTE, steps=2) as running:
        yield running
    running.check()


def _opened(server: LimitedServer, **given: Any) -> Interface:
    """An interface with a key of its own, so that it knows nothing of the server yet."""
    key = "gsk_" + os.urandom(20).hex()
    return open_interface("groq", api_key=key, base_url=server.url, timeout=30.0, **given)


def _side_by_side(mode: str, interface: Interface) -> list[Run[str]]:
    agent = Agent([look], interface)
    try:
        return asyncio.run(_gathered(agent)) if mode == "async" else _threaded(agent)
    finally:
        interface.close()


async def _gathered(agent: Agent[str]) -> list[Run[str]]:
    try:
        return await asyncio.gather(*(agent.arun(f"Run {n}.") for n in range(RUNS)))
    finally:
        await agent.interface.aclose()


def _threaded(agent: Agent[str]) -> list[Run[str]]:
    done: list[Run[str]] = []
    threads = [
        threading.Thread(target=lambda n=n: done.append(agent.run(f"Run {n}.")))
        for n in range(RUNS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def test_paced_or_not_each_run_has_its_answer_and_pacing_saves_refusals(server, mode):
    paced = _side_by_side(mode, _opened(server))
    few = len(server.account.refused)
    server.accounts.clear()
    unpaced = _side_by_side(mode, _opened(server, pacing=False, attempts=200))
    many = len(server.account.refused)

    assert [run.output for run in paced + unpaced] == ["Done."] * 2 * RUNS
    assert few < many
