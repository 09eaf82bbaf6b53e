"""The contender Magentic: a ``Chat`` that executes function calls until there is a text.

``prompt_chain`` takes one call of a response only, so the loop of it is written here for more.
The library always streams from the server. It makes a model of a function anew for each call of
the conversation at each request: the cost of a step grows with the steps before. A sync function
runs in the event loop, calls of one response one after another. A schema holds no descriptions
of parameters.
"""

from collections.abc import Callable, Sequence
from typing import Any

from magentic import AsyncParallelFunctionCall, AsyncStreamedStr, Chat, OpenaiChatModel, UserMessage
from magentic.chat_model.function_schema import FunctionCallFunctionSchema


class Contender:
    """Runs chats of Magentic against a chat completions server."""

    lacks: tuple[str, ...] = ()

    def __init__(self, base_url: str) -> None:
        """Make the model and its clients once."""
        self._model = OpenaiChatModel("bench", base_url=base_url, api_key="bench")

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """Give the final answer of one run."""
        return str(await self._answer(prompt, tools, str, limit))

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """Give the number of characters of text that the last response brought."""
        seen = 0
        async for text in await self._answer(prompt, tools, AsyncStreamedStr, 2000):
            seen += len(text)
        return seen

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the JSON schema of the function's parameters."""
        return FunctionCallFunctionSchema(function).parameters

    async def _answer(
        self, prompt: str, tools: Sequence[Callable[..., Any]], kind: type, limit: int
    ) -> Any:
        """Give the first content that is not calls."""
        chat: Any = Chat(
            [UserMessage(prompt)],
            functions=tools,
            output_types=[kind, AsyncParallelFunctionCall[Any]] if tools else [kind],
            model=self._model,
        )
        for _ in range(limit):
            chat = await chat.asubmit()
            if not isinstance(chat.last_message.content, AsyncParallelFunctionCall):
                return chat.last_message.content
            chat = await chat.aexec_function_call()
        raise RuntimeError(f"no answer after {limit} steps")
