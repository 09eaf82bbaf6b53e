"""The contender Pydantic AI: one agent for a list of tools, shared by all runs.

A sync tool runs in a thread of anyio, forty at once at most.
"""

from collections.abc import AsyncIterable, Callable, Sequence
from typing import Any

from pydantic_ai import (
    Agent,
    PartDeltaEvent,
    PartStartEvent,
    RunContext,
    TextPart,
    TextPartDelta,
    Tool,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import UsageLimits


class Contender:
    """Runs agents of Pydantic AI against a chat completions server."""

    lacks: tuple[str, ...] = ()

    def __init__(self, base_url: str) -> None:
        """Make the model and its client once."""
        provider = OpenAIProvider(base_url=base_url, api_key="bench")
        self._model = OpenAIChatModel("bench", provider=provider)
        self._agents: dict[tuple[Callable[..., Any], ...], Agent[None, str]] = {}

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """Give the final answer of one run."""
        limits = UsageLimits(request_limit=limit)
        return (await self._agent(tools).run(prompt, usage_limits=limits)).output

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """Give the number of characters of text that the events of one run brought."""
        seen = 0

        async def count(_: RunContext[None], events: AsyncIterable[Any]) -> None:
            nonlocal seen
            async for event in events:
                if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                    seen += len(event.delta.content_delta)
                elif isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                    seen += len(event.part.content)

        limits = UsageLimits(request_limit=None)
        await self._agent(tools).run(prompt, usage_limits=limits, event_stream_handler=count)
        return seen

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the JSON schema of the function's parameters."""
        return Tool(function).function_schema.json_schema

    def _agent(self, tools: Sequence[Callable[..., Any]]) -> Agent[None, str]:
        """Give the agent of these tools, made at the first call."""
        key = tuple(tools)
        if key not in self._agents:
            self._agents[key] = Agent(self._model, tools=key)
        return self._agents[key]
