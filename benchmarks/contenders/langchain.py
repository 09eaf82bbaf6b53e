"""The contender LangChain: ``create_agent`` (a LangGraph graph) with ``ChatOpenAI``.

Tools are made with the descriptions of their parameters taken from the docstring. A step of the
agent is two of the graph. A sync tool runs in the default threads of asyncio.
"""

from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai import ChatOpenAI


class Contender:
    """Runs agents of LangChain against a chat completions server."""

    lacks: tuple[str, ...] = ()

    def __init__(self, base_url: str) -> None:
        """Make the model and its clients once."""
        self._model = ChatOpenAI(
            model="bench", base_url=base_url, api_key="bench", use_responses_api=False
        )
        self._agents: dict[tuple[Callable[..., Any], ...], Any] = {}

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """Give the final answer of one run."""
        state = await self._agent(tools).ainvoke(
            {"messages": [("user", prompt)]}, {"recursion_limit": 2 * limit + 1}
        )
        return state["messages"][-1].text

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """Give the number of characters of text that the model's messages of one run brought."""
        seen = 0
        stream = self._agent(tools).astream(
            {"messages": [("user", prompt)]}, stream_mode="messages"
        )
        async for message, about in stream:
            if about["langgraph_node"] == "model":
                seen += len(message.text)
        return seen

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the JSON schema of the function's parameters."""
        return convert_to_openai_tool(self._tool(function))["function"]["parameters"]

    def _agent(self, tools: Sequence[Callable[..., Any]]) -> Any:
        """Give the graph of these tools, made at the first call."""
        key = tuple(tools)
        if key not in self._agents:
            made = [self._tool(function) for function in key]
            self._agents[key] = create_agent(self._model, made)
        return self._agents[key]

    @staticmethod
    def _tool(function: Callable[..., Any]) -> StructuredTool:
        """Make a tool of a function."""
        kind = "coroutine" if iscoroutinefunction(function) else "func"
        return StructuredTool.from_function(
            **{kind: function}, parse_docstring=True, error_on_invalid_docstring=False
        )
