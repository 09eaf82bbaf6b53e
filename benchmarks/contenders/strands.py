"""The contender Strands Agents: ``OpenAIModel`` with a client of its own, no printing.

An agent holds one conversation, so each run has its own; the tools are shared. No window drops
messages of the conversation. A sync tool runs in the default threads of asyncio. A step is nested
in the step before, so the limit of recursion is raised: a run of 320 steps would fail otherwise.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from openai import AsyncOpenAI
from strands import Agent, tool
from strands.agent.conversation_manager import NullConversationManager
from strands.models.openai import OpenAIModel

_FRAMES = 20_000


class Contender:
    """Runs agents of Strands against a chat completions server."""

    lacks: tuple[str, ...] = ()

    def __init__(self, base_url: str) -> None:
        """Make the client and the models, a plain and a streaming one, once."""
        sys.setrecursionlimit(_FRAMES)
        client = AsyncOpenAI(base_url=base_url, api_key="bench")
        self._plain = OpenAIModel(client=client, model_id="bench", stream=False)
        self._streaming = OpenAIModel(client=client, model_id="bench")
        self._tools: dict[tuple[Callable[..., Any], ...], list[Any]] = {}

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """Give the final answer of one run."""
        agent = self._agent(self._plain, tools)
        result = await agent.invoke_async(prompt, limits={"turns": limit})
        return "".join(block.get("text", "") for block in result.message["content"])

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """Give the number of characters of text that the events of one run brought."""
        seen = 0
        async for event in self._agent(self._streaming, tools).stream_async(prompt):
            if "data" in event:
                seen += len(event["data"])
        return seen

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the JSON schema of the function's parameters."""
        return tool(function).tool_spec["inputSchema"]["json"]

    def _agent(self, model: OpenAIModel, tools: Sequence[Callable[..., Any]]) -> Agent:
        """Make an agent; its tools are made at the first call."""
        key = tuple(tools)
        if key not in self._tools:
            self._tools[key] = [tool(function) for function in key]
        return Agent(
            model=model,
            tools=self._tools[key],
            callback_handler=None,
            conversation_manager=NullConversationManager(),
        )
