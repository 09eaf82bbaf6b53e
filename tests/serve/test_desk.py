"""Runs that are carried out, watched and stopped at a certain moment."""

from __future__ import annotations

import asyncio

from serve.stage import House, Model

from agentkit import Agent
from agentkit.errors import StoppedError
from agentkit.journal import Journal
from agentkit.serve.desk import Desk


def test_a_run_that_is_cancelled_between_two_events_is_cancelled(tmp_path):
    agent = Agent(House(), Model(lambda request: "one two three"), options={"stream": True})

    async def main():
        told = []
        desk = Desk(
            {"helper": agent}, Journal(tmp_path / "runs.db"), most=1, on_told=lambda *_: ...
        )
        live = await desk.begin("helper", "Go.", {})
        async for each in live.watch():
            told.append(each.type)
            if each.type == "text":  # the run waits for nothing now, but for its turn
                live.stop(StoppedError("enough", for_good=True))
        return told, live, desk.listed(live.id).state

    told, live, state = asyncio.run(main())
    assert "text" in told
    assert (live.state, state) == ("cancelled", "cancelled")
    assert live.run is not None
