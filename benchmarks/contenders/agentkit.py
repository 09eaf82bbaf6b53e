"""agentkit by its public API, with all that is on by default but the waiting for limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from functools import cache
from typing import Any

from agentkit import Agent, Delta, Limits, Tool, open_interface, tool


class Contender:
    """One interface for all runs, and an agent for each list of tools.

    It speaks `tools`, as all others do. The tools are `read_only`, because only such calls run side
    by side.
    """

    lacks = ()

    def __init__(self, base_url: str) -> None:
        self._interface = open_interface(base_url, api_key="bench", pacing=False, dialect="tools")
        self._agent = cache(self._made)

    def _made(self, limit: int, *tools: Callable[..., Any]) -> Agent[str]:
        made: list[Tool] = [tool(read_only=True)(each) for each in tools]
        return Agent(
            made, self._interface, model="bench-model", limits=Limits(steps=limit), journal=""
        )

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """`Agent.arun`."""
        return (await self._agent(limit, *tools).arun(prompt)).output

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """`Agent.aiter`, and the text of its deltas."""
        seen = 0
        agent = self._agent(2000, *tools)
        async with aclosing(agent.aiter(prompt, options={"stream": True})) as events:
            async for event in events:
                if isinstance(event, Delta):
                    seen += len(event.text)
        return seen

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """What `tool` makes of the function."""
        return dict(tool(function).definition.parameters)
