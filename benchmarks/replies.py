"""What the model says, as bytes that are made once: whole replies, and streams of events.

A script is named by the path of a request: `steps/50` asks for 50 calls one after the other, and is
done then. A run is known by the marker in its prompt, so that nobody reads a growing transcript.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

MODEL = "bench-model"
WORD = "word "
DONE = "done"
PAUSE = 0.05  # seconds that each of the calls of `parallel` waits
_FRAGMENT = 4  # bytes of arguments in an event
_EVENTS = 16  # in a write, as servers that are near and quick send them
_USAGE = b"%USAGE%"
_ABOUT = {"id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "created": 1764000000, "model": MODEL}
_END = {"service_tier": "default", "system_fingerprint": "fp_06737a9306"}

Call = tuple[str, str]
"""A name, and the text of the arguments."""


@dataclass(frozen=True)
class Manner:
    """How a run wants to be answered; its first request tells.

    Args:
        functions: Calls are spelled as `function_call`, not as `tool_calls`.
        stream: The reply is a stream.
        final: The answer is given as a call of `final_answer`.
    """

    functions: bool = False
    stream: bool = False
    final: bool = False


@dataclass(frozen=True)
class Script:
    """What the model does in a run.

    Args:
        kind: `steps`, `delay`, `text`, `argument` or `parallel`.
        size: How many steps, chunks, bytes or calls.
        delay: Seconds before each reply.
        events: How many events of a stream are sent in one write.
    """

    kind: str
    size: int
    delay: float = 0.0
    events: int = _EVENTS

    @property
    def replies(self) -> int:
        """How many replies a run takes."""
        return {"steps": self.size + 1, "delay": self.size + 1, "text": 1}.get(self.kind, 2)

    def calls(self, number: int) -> list[Call]:
        """The calls of a reply; none in the last."""
        if number >= self.replies - 1:
            return []
        if self.kind == "argument":
            return [("save", json.dumps({"text": argument(self.size)}))]
        if self.kind == "parallel":
            asked = [{"seconds": PAUSE, "number": each} for each in range(self.size)]
            return [("wait", json.dumps(each)) for each in asked]
        return [("add", json.dumps({"a": number, "b": 1}))]


@cache
def script(path: str) -> Script:
    """The script that a path such as `/delay/20/5/v1/chat/completions` names.

    Groq's SDK has `/openai/v1` in place of `/v1`.
    """
    kind, *sizes = re.split("/openai|/v1", path.strip("/"))[0].split("/")
    numbers = [int(each) for each in sizes]
    if kind == "delay":
        return Script(kind, numbers[1], delay=numbers[0] / 1000)
    return Script(kind, numbers[0], events=numbers[1] if numbers[1:] else _EVENTS)


def argument(size: int) -> str:
    """A text that takes so many bytes as JSON arguments, with something to escape in it."""
    line = 'He said "Hello" to the wide, wide world.\n'
    cost = len(json.dumps(line)) - 2
    lines, rest = divmod(size - len(json.dumps({"text": ""})), cost)
    return line * lines + "." * rest


@cache
def whole(script: Script, number: int, manner: Manner) -> tuple[bytes, bytes]:
    """A reply in one piece: what comes before its usage, and what comes behind."""
    calls, text = _said(script, number, manner)
    message = {"role": "assistant", "content": text, **_spelled(calls, number, manner)}
    choice = {
        "index": 0,
        "message": message | {"refusal": None, "annotations": []},
        "logprobs": None,
        "finish_reason": _reason(calls, manner),
    }
    body = {**_ABOUT, "object": "chat.completion", "choices": [choice], "usage": "%USAGE%", **_END}
    head, _, tail = json.dumps(body).encode().partition(b'"%USAGE%"')
    return head, tail


@cache
def stream(script: Script, number: int, manner: Manner) -> tuple[bytes, ...]:
    """A streamed reply as chunks of HTTP; what follows its usage is `closing`."""
    events = [_event(each) for each in _deltas(script, number, manner)]
    groups = range(0, len(events), script.events)
    return tuple(framed(b"".join(events[at : at + script.events])) for at in groups)


def closing(usage: bytes) -> bytes:
    """The end of a stream: the usage, and the mark that nothing follows."""
    body = {**_ABOUT, "object": "chat.completion.chunk", "choices": [], "usage": "%USAGE%", **_END}
    event = b"data: " + json.dumps(body).encode().replace(b'"%USAGE%"', usage)
    return framed(event + b"\n\ndata: [DONE]\n\n") + b"0\r\n\r\n"


def framed(data: bytes) -> bytes:
    """A chunk of an HTTP body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def usage(prompt: int, completion: int = 20) -> bytes:
    """The tokens of a reply."""
    return (
        b'{"prompt_tokens": %d, "completion_tokens": %d, "total_tokens": %d, '
        b'"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0}, '
        b'"completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, '
        b'"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}'
    ) % (prompt, completion, prompt + completion)


def _said(script: Script, number: int, manner: Manner) -> tuple[list[Call], str | None]:
    calls = script.calls(number)
    if not calls and manner.final:
        calls = [("final_answer", json.dumps({"answer": DONE}))]
    text = WORD * script.size if script.kind == "text" else DONE
    return calls, None if calls else text


def _reason(calls: list[Call], manner: Manner) -> str:
    return ("function_call" if manner.functions else "tool_calls") if calls else "stop"


def _spelled(calls: list[Call], number: int, manner: Manner) -> dict[str, object]:
    """The calls of a message; in the old dialect there is but one."""
    named = [{"name": name, "arguments": arguments} for name, arguments in calls]
    if not named:
        return {}
    if manner.functions:
        return {"function_call": named[0]}
    return {
        "tool_calls": [
            {"id": _id(number, index), "type": "function", "function": each}
            for index, each in enumerate(named)
        ]
    }


def _id(number: int, index: int) -> str:
    return f"call_{number:08}{index:04}Xq7Lr2TzVd"


def _deltas(script: Script, number: int, manner: Manner) -> Iterator[tuple[object, str | None]]:
    """The pieces of a streamed reply, each with why it ends."""
    calls, text = _said(script, number, manner)
    yield {"role": "assistant", "content": None if calls else "", "refusal": None}, None
    if script.kind == "text":
        yield from [({"content": WORD}, None)] * script.size
    elif text:
        yield {"content": text}, None
    for index, (name, arguments) in enumerate(calls):
        yield _fragment(number, index, manner, name, ""), None
        for at in range(0, len(arguments), _FRAGMENT):
            yield _fragment(number, index, manner, "", arguments[at : at + _FRAGMENT]), None
    yield {}, _reason(calls, manner)


def _fragment(number: int, index: int, manner: Manner, name: str, text: str) -> object:
    function = {"name": name, "arguments": ""} if name else {"arguments": text}
    if manner.functions:
        return {"function_call": function}
    about = {"id": _id(number, index), "type": "function"} if name else {}
    return {"tool_calls": [{"index": index, **about, "function": function}]}


def _event(piece: tuple[object, str | None]) -> bytes:
    delta, reason = piece
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    body = {**_ABOUT, "object": "chat.completion.chunk", "choices": [choice], **_END}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"
