"""The contender OpenAI Agents SDK, on its chat completions model, with tracing off.

A schema is strict, as the library advises; a function that no strict schema can describe (one
with a free ``dict``) gets a plain one. A sync tool runs in the default threads of asyncio.
"""

from collections.abc import Callable, Sequence
from typing import Any

from agents import (
    Agent,
    FunctionTool,
    OpenAIChatCompletionsModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from agents.exceptions import UserError
from openai import AsyncOpenAI


class Contender:
    """Runs agents of the OpenAI Agents SDK against a chat completions server."""

    lacks: tuple[str, ...] = ()

    def __init__(self, base_url: str) -> None:
        """Make the model and its client once."""
        set_tracing_disabled(True)
        client = AsyncOpenAI(base_url=base_url, api_key="bench")
        self._model = OpenAIChatCompletionsModel("bench", openai_client=client)
        self._agents: dict[tuple[Callable[..., Any], ...], Agent[None]] = {}

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """Give the final answer of one run."""
        result = await Runner.run(self._agent(tools), prompt, max_turns=limit)
        return str(result.final_output)

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """Give the number of characters of text that the events of one run brought."""
        seen = 0
        result = Runner.run_streamed(self._agent(tools), prompt, max_turns=None)
        async for event in result.stream_events():
            if event.type != "raw_response_event":
                continue
            if event.data.type == "response.output_text.delta":
                seen += len(event.data.delta)
        return seen

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the JSON schema of the function's parameters."""
        return self._tool(function).params_json_schema

    def _agent(self, tools: Sequence[Callable[..., Any]]) -> Agent[None]:
        """Give the agent of these tools, made at the first call."""
        key = tuple(tools)
        if key not in self._agents:
            made = [self._tool(function) for function in key]
            self._agents[key] = Agent(name="bench", model=self._model, tools=[*made])
        return self._agents[key]

    @staticmethod
    def _tool(function: Callable[..., Any]) -> FunctionTool:
        """Make a tool of a function, a strict one where that can be."""
        try:
            return function_tool(function)
        except UserError:
            return function_tool(function, strict_mode=False)
