"""The contender smolagents: ``ToolCallingAgent`` with ``OpenAIModel``, printing off.

The library is sync only: a run is in a thread, with an agent that no other run uses meanwhile, as
the memory is in it. An async function cannot be a tool, so the adapter makes a sync one, which
waits for the loop.

It lacks ``text``, as a run ends by a call of ``final_answer`` and not by text, and ``idle``, as a
run that waits takes a thread. Each fragment of a stream is put together with all before it, and
drawn: the cost of a fragment grows with the fragments before. A schema says of models,
dataclasses and enumerations no more than that they are objects.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, update_wrapper
from inspect import iscoroutinefunction, signature
from typing import Any

from smolagents import AgentLogger, LogLevel, OpenAIModel, Tool, ToolCallingAgent, tool
from smolagents.agents import FinalAnswerStep
from smolagents.models import ChatMessageStreamDelta, get_tool_json_schema

_THREADS = 200


class Contender:
    """Runs agents of smolagents against a chat completions server."""

    lacks: tuple[str, ...] = ("text", "idle")

    def __init__(self, base_url: str) -> None:
        """Make the model, its client and the threads once."""
        self._model = OpenAIModel("bench", api_base=base_url, api_key="bench")
        self._threads = ThreadPoolExecutor(_THREADS)
        self._logger = AgentLogger(LogLevel.OFF)
        self._logger.console.quiet = True  # a streamed run draws, whatever the level
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tools: dict[Callable[..., Any], Tool] = {}
        self._free: dict[tuple[Any, ...], list[ToolCallingAgent]] = {}

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """Give the final answer of one run."""
        self._loop = asyncio.get_running_loop()
        work = partial(self._run, prompt, tuple(tools), limit)
        return await self._loop.run_in_executor(self._threads, work)

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """Give the number of characters of text that one run brought."""
        self._loop = asyncio.get_running_loop()
        work = partial(self._stream, prompt, tuple(tools))
        return await self._loop.run_in_executor(self._threads, work)

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the JSON schema of the function's parameters."""
        return get_tool_json_schema(self._tool(function))["function"]["parameters"]

    def _run(self, prompt: str, tools: tuple[Callable[..., Any], ...], limit: int) -> str:
        """Do a run in a thread."""
        free, agent = self._agent(tools, streams=False)
        answer = agent.run(prompt, max_steps=limit)
        free.append(agent)
        return str(answer)

    def _stream(self, prompt: str, tools: tuple[Callable[..., Any], ...]) -> int:
        """Do a streamed run in a thread."""
        seen = 0
        free, agent = self._agent(tools, streams=True)
        for event in agent.run(prompt, stream=True, max_steps=2000):
            if isinstance(event, ChatMessageStreamDelta):
                seen += len(event.content or "")
            elif isinstance(event, FinalAnswerStep):
                seen += len(str(event.output))
        free.append(agent)
        return seen

    def _agent(
        self, tools: tuple[Callable[..., Any], ...], *, streams: bool
    ) -> tuple[list[ToolCallingAgent], ToolCallingAgent]:
        """Give an agent of these tools that is not in use, and the list of such."""
        free = self._free.setdefault((tools, streams), [])
        try:
            return free, free.pop()
        except IndexError:
            for function in tools:
                if function not in self._tools:
                    self._tools[function] = self._tool(function)
            agent = ToolCallingAgent(
                tools=[self._tools[function] for function in tools],
                model=self._model,
                stream_outputs=streams,
                max_tool_threads=32,
                logger=self._logger,
                verbosity_level=LogLevel.OFF,
            )
            return free, agent

    def _tool(self, function: Callable[..., Any]) -> Tool:
        """Make a tool of a function."""
        if not iscoroutinefunction(function):
            return tool(function)

        def waiting(*args: Any, **kwargs: Any) -> Any:
            assert self._loop is not None
            return asyncio.run_coroutine_threadsafe(function(*args, **kwargs), self._loop).result()

        update_wrapper(waiting, function)
        del waiting.__wrapped__  # type: ignore[attr-defined]  # the library wants sync source
        waiting.__signature__ = signature(function)  # type: ignore[attr-defined]
        return tool(waiting)
