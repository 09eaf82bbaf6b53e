"""The loop that a good programmer writes on httpx in an afternoon: no retries, no checks.

It has no schemas of functions: they are written by hand.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from contenders._by_hand import MODEL, Tools, definitions, gathered, joined, results


class Contender:
    """One client, messages as dicts, and `json` from the standard library."""

    lacks = ("schema",)

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/chat/completions"
        self._headers = {"authorization": "Bearer bench"}
        self._client = httpx.AsyncClient(timeout=60)

    async def run(self, prompt: str, tools: Tools, limit: int = 2000) -> str:
        """Ask, call, and ask again."""
        body = _body(prompt, tools)
        for _ in range(limit):
            reply = await self._client.post(self._url, json=body, headers=self._headers)
            reply.raise_for_status()
            message = json.loads(reply.content)["choices"][0]["message"]
            if not message.get("tool_calls"):
                return message["content"]
            body["messages"].append(message)
            body["messages"] += await results(message["tool_calls"], tools)
        raise RuntimeError("too many steps")

    async def stream(self, prompt: str, tools: Tools = ()) -> int:
        """The same, streamed."""
        body = {**_body(prompt, tools), "stream": True, "stream_options": {"include_usage": True}}
        seen = 0
        while True:
            text, calls = await self._streamed(body)
            seen += len(text)
            if not calls:
                return seen
            body["messages"].append({"role": "assistant", "content": text, "tool_calls": calls})
            body["messages"] += await results(calls, tools)

    async def _streamed(self, body: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        """The text and the calls of a streamed reply."""
        text, calls = [], {}
        asked = self._client.stream("POST", self._url, json=body, headers=self._headers)
        async with asked as reply:
            reply.raise_for_status()
            async for line in reply.aiter_lines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                for choice in json.loads(line[6:])["choices"]:
                    delta = choice["delta"]
                    text.append(delta.get("content") or "")
                    for fragment in delta.get("tool_calls") or ():
                        gathered(calls, fragment)
        return "".join(text), joined(calls)


def _body(prompt: str, tools: Tools) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    body = {"model": MODEL, "messages": messages}
    return {**body, "tools": definitions(tools)} if tools else body
