"""The floor: sockets, and a transcript of which each message is encoded once.

It knows what this server sends, checks nothing, and reads no schema of a function.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from contenders._by_hand import MODEL, Tools, definitions, gathered, joined, results

_Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Contender:
    """Connections that are kept, and bytes that are joined."""

    lacks = ("schema",)

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._place = (parts.hostname, parts.port)
        self._head = (
            f"POST {parts.path}/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            "authorization: Bearer bench\r\ncontent-type: application/json\r\ncontent-length: "
        ).encode()
        self._free: list[_Line] = []

    async def run(self, prompt: str, tools: Tools, limit: int = 2000) -> str:
        """Ask, call, and ask again."""
        messages, tail = _beginning(prompt, tools)
        for _ in range(limit):
            line = await self._asked(messages, tail)
            reply = await line[0].readexactly(await _length(line[0]))
            self._free.append(line)
            message = json.loads(reply)["choices"][0]["message"]
            if not message.get("tool_calls"):
                return message["content"]
            await _add(messages, message, message["tool_calls"], tools)
        raise RuntimeError("too many steps")

    async def stream(self, prompt: str, tools: Tools = ()) -> int:
        """The same, streamed."""
        messages, tail = _beginning(prompt, tools, b',"stream":true')
        seen = 0
        while True:
            line = await self._asked(messages, tail)
            await _length(line[0])
            text, calls = [], {}
            async for event in _events(line[0]):
                for choice in json.loads(event)["choices"]:
                    delta = choice["delta"]
                    text.append(delta.get("content") or "")
                    for fragment in delta.get("tool_calls") or ():
                        gathered(calls, fragment)
            self._free.append(line)
            seen += len("".join(text))
            if not calls:
                return seen
            message = {"role": "assistant", "content": None, "tool_calls": joined(calls)}
            await _add(messages, message, message["tool_calls"], tools)

    async def _asked(self, messages: list[bytes], tail: bytes) -> _Line:
        """A connection on which the request is sent."""
        line = self._free.pop() if self._free else await asyncio.open_connection(*self._place)
        body = b",".join(messages) + tail
        line[1].write(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
        return line


def _beginning(prompt: str, tools: Tools, more: bytes = b"") -> tuple[list[bytes], bytes]:
    """The first message with what stands before it, and what stands behind the last one."""
    message = json.dumps({"role": "user", "content": prompt})
    offered = b',"tools":' + json.dumps(definitions(tools)).encode() if tools else b""
    head = f'{{"model":"{MODEL}","messages":[{message}'.encode()
    return [head], b"]" + more + offered + b"}"


async def _add(messages: list[bytes], message: Any, calls: list[Any], tools: Tools) -> None:
    messages.append(json.dumps(message).encode())
    messages += [json.dumps(each).encode() for each in await results(calls, tools)]


async def _length(reader: asyncio.StreamReader) -> int:
    """Read the head of a reply; the length of its body, 0 for a stream."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return int(head.partition(b"content-length: ")[2].partition(b"\r")[0] or 0)


async def _events(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The data of each event; this server cuts none in two."""
    while size := int(await reader.readline(), 16):
        chunk = await reader.readexactly(size + 2)
        for line in chunk.split(b"\n\n"):
            if line.startswith(b"data: {"):
                yield line[6:]
    await reader.readline()
