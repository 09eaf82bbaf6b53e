"""A model server that answers in microseconds, so that what is measured is the client.

    python benchmarks/server.py     # says its port, and serves until its input ends

`/steps/50/v1/chat/completions` is the model of the script `steps/50`; see `replies`.
"""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass

import replies
from replies import Manner, Script

_MARKER = re.compile(rb"run-\d{6};")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": ?true')
_QUEUE = 4096  # connections that may wait to be accepted
_HEADERS = (
    b"HTTP/1.1 200 OK\r\n"
    b"date: Mon, 24 Nov 2025 16:00:00 GMT\r\n"
    b"server: bench\r\n"
    b"x-request-id: req_01jbench5xfr2tq8m4v6n7k9wd\r\n"
    b"openai-processing-ms: 1\r\n"
    b"openai-version: 2020-10-01\r\n"
    b"x-ratelimit-limit-requests: 1000000\r\n"
    b"x-ratelimit-limit-tokens: 900000000\r\n"
    b"x-ratelimit-remaining-requests: 999999\r\n"
    b"x-ratelimit-remaining-tokens: 899999000\r\n"
    b"x-ratelimit-reset-requests: 1ms\r\n"
    b"x-ratelimit-reset-tokens: 1ms\r\n"
)
_JSON = _HEADERS + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
_EVENTS = (
    _HEADERS
    + b"content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)
_MODELS = b'{"object": "list", "data": [{"id": "%s", "object": "model"}]}' % replies.MODEL.encode()


@dataclass
class Run:
    """A run: how it wants to be answered, and how many replies it had."""

    manner: Manner
    number: int = 0


class Server(asyncio.Protocol):
    """One connection; what is known of runs is shared among all."""

    runs: dict[tuple[str, bytes], Run] = {}  # noqa: RUF012 - shared is what it is meant to be

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._needed = 0  # bytes of the request that comes in, as far as known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole by now."""
        self._buffer += data
        while len(self._buffer) >= self._needed and (found := self._request()):
            self._needed = 0
            self._answer(*found)

    def _request(self) -> tuple[str, bytes] | None:
        """The path and the body of the next request, if they are there."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n") + 4
        if end < 4:
            return None
        head = bytes(buffer[:end])
        if _CHUNKED.search(head):
            body, end = unchunked(buffer, end)
        else:
            length = _LENGTH.search(head)
            begin, end = end, end + (int(length[1]) if length else 0)
            body = bytes(buffer[begin:end])
        if end < 0 or len(buffer) < end:
            self._needed = max(end, len(buffer) + 1)
            return None
        del buffer[:end]
        return head.split(b" ", 2)[1].decode(), body

    def _answer(self, path: str, body: bytes) -> None:
        marker = _MARKER.search(body)
        if not path.endswith("/chat/completions") or not marker:
            self._transport.write(_JSON % (len(_MODELS), _MODELS))
            return
        script, key = replies.script(path), (path, marker[0])
        run = self.runs.get(key) or self.runs.setdefault(key, Run(manner_of(body)))
        number, run.number = run.number, run.number + 1
        if run.number >= script.replies:
            del self.runs[key]
        parts = answer(script, number, run.manner, len(body) // 4)
        if script.delay:
            asyncio.get_running_loop().call_later(script.delay, self._write, parts)
        else:
            self._write(parts)

    def _write(self, parts: list[bytes]) -> None:
        for each in parts:
            self._transport.write(each)


def manner_of(body: bytes) -> Manner:
    """How the run that begins with this body wants to be answered."""
    return Manner(
        functions=b'"functions"' in body,
        stream=bool(_STREAM.search(body)),
        final=b'"final_answer"' in body,
    )


def answer(script: Script, number: int, manner: Manner, tokens: int) -> list[bytes]:
    """What to send, in writes."""
    usage = replies.usage(tokens)
    if manner.stream:
        return [_EVENTS, *replies.stream(script, number, manner), replies.closing(usage)]
    head, tail = replies.whole(script, number, manner)
    return [_JSON % (len(head) + len(usage) + len(tail), head + usage + tail)]


def unchunked(buffer: bytearray, at: int) -> tuple[bytes, int]:
    """A body that came in chunks, and where it ends; -1 if that is not there yet."""
    parts: list[bytes] = []
    while (line := buffer.find(b"\r\n", at)) >= 0:
        size = int(bytes(buffer[at:line]).partition(b";")[0], 16)
        at = line + 2 + size + 2
        if len(buffer) < at:
            break
        if not size:
            return b"".join(parts), at
        parts.append(bytes(buffer[line + 2 : at - 2]))
    return b"", -1


async def serve() -> None:
    """Serve until standard input ends, which it does with the process that started this one."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0, backlog=_QUEUE)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
