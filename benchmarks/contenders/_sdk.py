"""The loop by hand on an SDK that was generated from OpenAI's description, as most are."""

from __future__ import annotations

from typing import Any

from contenders._by_hand import MODEL, Tools, definitions, gathered, joined, results


class Loop:
    """Ask, call, and ask again; messages go back as the SDK's models."""

    lacks = ("schema",)

    def __init__(self, client: Any) -> None:
        self._chat = client.chat.completions

    async def run(self, prompt: str, tools: Tools, limit: int = 2000) -> str:
        """Until the final answer."""
        messages: list[Any] = [{"role": "user", "content": prompt}]
        offered = {"tools": definitions(tools)} if tools else {}
        for _ in range(limit):
            reply = await self._chat.create(model=MODEL, messages=messages, **offered)
            message = reply.choices[0].message
            if not message.tool_calls:
                return message.content
            messages.append(message)
            messages += await results([each.to_dict() for each in message.tool_calls], tools)
        raise RuntimeError("too many steps")

    async def stream(self, prompt: str, tools: Tools = ()) -> int:
        """The same, streamed."""
        messages: list[Any] = [{"role": "user", "content": prompt}]
        offered = {"tools": definitions(tools)} if tools else {}
        seen = 0
        while True:
            text, calls = [], {}
            asked = self._chat.create(model=MODEL, messages=messages, stream=True, **offered)
            async for chunk in await asked:
                for choice in chunk.choices:
                    text.append(choice.delta.content or "")
                    for fragment in choice.delta.tool_calls or ():
                        gathered(calls, fragment.to_dict())
            seen += len("".join(text))
            if not calls:
                return seen
            called = joined(calls)
            messages.append({"role": "assistant", "content": None, "tool_calls": called})
            messages += await results(called, tools)
