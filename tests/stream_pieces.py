"""Streams of chat completions, spelled and read in pieces."""

from __future__ import annotations

import json
from typing import Any

from agentkit import AssistantMessage, Delta, Response, Usage
from agentkit.wire import StreamDecoder

DONE = b"data: [DONE]\n\n"


def chunk(delta: Any = None, index: int = 0, finish: str | None = None, **more: Any) -> Any:
    choice = {"index": index, "delta": {} if delta is None else delta, "finish_reason": finish}
    return {"id": "c1", "model": "m", "choices": [choice], **more}


def spelled(*chunks: Any) -> bytes:
    events = [b"data: " + json.dumps(c, ensure_ascii=False).encode() + b"\n\n" for c in chunks]
    return b"".join(events) + DONE


def read(*pieces: bytes) -> tuple[list[Delta], Response]:
    decoder = StreamDecoder()
    deltas = [delta for piece in pieces for delta in decoder.feed(piece)]
    return [*deltas, *decoder.close()], decoder.response()


def fragment(
    arguments: Any = "",
    name: str | None = None,
    its_id: str | None = None,
    index: int | None = None,
) -> Any:
    """A chunk with a fragment of a call; what is None is left out."""
    function = {"name": name, "arguments": arguments}
    given = {"id": its_id, "index": index}
    call = {key: value for key, value in given.items() if value is not None}
    call["function"] = {key: value for key, value in function.items() if value is not None}
    return chunk({"tool_calls": [call]})


def calls(*chunks: Any) -> list[tuple[str, str, str]]:
    response = read(spelled(*chunks, chunk(finish="tool_calls")))[1]
    return [(call.id, call.name, call.arguments) for call in response.message.calls]


TEXT = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning": "Hm", "channel": "analysis"}),
    chunk({"reasoning_content": "."}),
    chunk({"content": "Grü\u2028ße "}),
    chunk({"content": "👋"}),
    chunk(finish="stop", x_groq={"id": "r", "usage": {"prompt_tokens": 9}}),
)
WHOLE = Response(
    message=AssistantMessage("Grü\u2028ße 👋", reasoning="Hm."),
    model="m",
    usage=Usage(9),
    finish_reason="stop",
    id="c1",
)
OSLO = [fragment("", "f", "a", 0), fragment('{"ci', index=0), fragment('ty":"Oslo"}', index=0)]
