"""The contender LLM: an ``AsyncChat`` model and its chains of responses.

The library makes a client of the SDK, and so a connection, for each request. A sync tool runs
in the event loop, calls of one response one after another. Arguments are not validated: a tool
gets what the JSON holds. A schema holds no descriptions of parameters.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llm import Tool
from llm.default_plugins.openai_models import AsyncChat


class Contender:
    """Runs chains of LLM against a chat completions server."""

    lacks: tuple[str, ...] = ()

    def __init__(self, base_url: str) -> None:
        """Make the model once."""
        self._model = AsyncChat("bench", key="bench", api_base=base_url, supports_tools=True)
        self._tools: dict[tuple[Callable[..., Any], ...], list[Tool]] = {}

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """Give the final answer of one run."""
        chat = self._model.conversation(tools=self._made(tools), chain_limit=limit)
        return await chat.chain(prompt, stream=False).text()

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """Give the number of characters of text that one run brought."""
        seen = 0
        chat = self._model.conversation(tools=self._made(tools), chain_limit=0)
        async for text in chat.chain(prompt):
            seen += len(text)
        return seen

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the JSON schema of the function's parameters."""
        return Tool.function(function).input_schema

    def _made(self, tools: Sequence[Callable[..., Any]]) -> list[Tool]:
        """Give the tools of these functions, made at the first call."""
        key = tuple(tools)
        if key not in self._tools:
            self._tools[key] = [Tool.function(function) for function in key]
        return self._tools[key]
