"""Chat completions made of the events of a run, whole or in chunks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.messages import FunctionCall
from agentkit.run import shown
from agentkit.serve.json_reply import json_bytes
from agentkit.serve.telling import Told

_SHOWN = ("call_started", "call_ended", "progress", "approval_needed", "waiting")
DONE = b"data: [DONE]\n\n"


def encoded(data: Mapping[str, Any]) -> bytes:
    """A chunk, or an error, as a server-sent event."""
    return b"data: " + json_bytes(data) + b"\n\n"


def usage_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """Usage as OpenAI's API has it, where what is not known is nothing."""
    known = {name: value or 0 for name, value in told.items()}
    return {
        "prompt_tokens": known["prompt_tokens"],
        "completion_tokens": known["completion_tokens"],
        "total_tokens": known["total_tokens"],
        "prompt_tokens_details": {"cached_tokens": known["cached_tokens"]},
        "completion_tokens_details": {"reasoning_tokens": known["reasoning_tokens"]},
    }


@dataclass
class Reply:
    """One chat completion.

    Args:
        run_id: The run, which is also the completion's id.
        model: The agent's name.
        address: That of the service.
        left_out: Options that the agent's model does not take.
    """

    run_id: str
    model: str
    address: str
    left_out: Sequence[str] = ()
    created: int = field(default_factory=lambda: int(time.time()))
    _sent: str = ""  # of the text of this step
    _before: bool = False  # whether a step before it had some
    _finish: str = "stop"

    def whole(self, events: Sequence[Told]) -> dict[str, Any]:
        """The completion of a run that has ended with its answer, or waits."""
        end = events[-1].data
        last = next((e.data for e in reversed(events) if e.type == "response_received"), {})
        message = {"role": "assistant", "content": self._answer(events), "refusal": None}
        if last.get("reasoning"):
            message["reasoning_content"] = last["reasoning"]
        choice = {"index": 0, "message": message, "finish_reason": _finish(last), "logprobs": None}
        calls = [_light(each.data) for each in events if each.type == "call_ended"]
        more = {
            "run": self.run_id,
            "state": end["state"],
            "steps": end["steps"],
            "cost": end["cost"],
            "calls": [{**_started(events, each), **each} for each in calls],
            "pending": [each.data for each in _pending(events)],
            "left_out": list(self.left_out),
        }
        body = {"choices": [choice], "usage": usage_of(end["usage"]), "agentkit": more}
        return self._head("chat.completion") | body

    def chunks(self, events: Sequence[Told], told: Told) -> Iterator[bytes]:
        """What one event of the run is in the stream.

        Args:
            events: The whole events so far, with this one.
            told: The event.
        """
        data = told.data
        match told.type:
            case "request_sent":
                self._before = self._before or bool(self._sent)
                self._sent = ""
            case "text":
                yield from self._text(data["text"])
            case "reasoning":
                yield self._chunk({"reasoning_content": data["text"]})
            case "response_received":
                yield from self._rest(data["content"] or "")
                self._finish = _finish(data)
            case "run_ended" if data["state"] in ("done", "waiting"):
                yield from self._rest(self._answer(events))
                yield self._chunk({}, finish=self._finish)
        if told.type in _SHOWN:
            event = {"type": told.type, **_light(data)}
            yield self._chunk({}, agentkit={"run": self.run_id, "event": event})

    def first(self) -> bytes:
        """The first chunk."""
        more = {"run": self.run_id, "left_out": list(self.left_out)}
        return self._chunk({"role": "assistant", "content": ""}, agentkit=more)

    def usage(self, told: Mapping[str, Any]) -> bytes:
        """The chunk that has the usage alone."""
        head = self._head("chat.completion.chunk")
        return encoded(head | {"choices": [], "usage": usage_of(told)})

    def _rest(self, text: str) -> Iterator[bytes]:
        """What was not said yet of a text."""
        if text.startswith(self._sent):
            yield from self._text(text[len(self._sent) :])
        elif text.strip() != self._sent.strip():
            self._before, self._sent = True, ""
            yield from self._text(text)

    def _text(self, text: str) -> Iterator[bytes]:
        if text:
            gap = "\n\n" if self._before and not self._sent else ""
            self._sent += text
            yield self._chunk({"content": gap + text})

    def _answer(self, events: Sequence[Told]) -> str:
        end = events[-1].data
        if end["state"] == "waiting":
            return self._question(events)
        output = end["output"]
        return output if isinstance(output, str) else json_bytes(output).decode()

    def _question(self, events: Sequence[Told]) -> str:
        """What a person has to decide on, and where."""
        waiting = [each.data for each in _pending(events)]
        calls = [shown(FunctionCall(each["name"], each["arguments"])) for each in waiting]
        lines = [f"- {call}: {each['why']}" for call, each in zip(calls, waiting, strict=True)]
        how = (
            f"Decide on the page {self.address}/runs/{self.run_id}, or with POST "
            f"{self.address}/api/runs/{self.run_id}/approve or /deny."
        )
        return "\n".join(["This goes on when somebody has decided on:", *lines, "", how])

    def _chunk(self, delta: dict[str, Any], *, finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return encoded(self._head("chat.completion.chunk") | {"choices": [choice], **more})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.run_id, "object": kind, "created": self.created, "model": self.model}


def _pending(events: Sequence[Told]) -> list[Told]:
    """The calls that wait at the end."""
    number = events[-1].place[0]
    return [each for each in events if each.type == "approval_needed" and each.place[0] == number]


def _started(events: Sequence[Told], ended: Mapping[str, Any]) -> dict[str, Any]:
    """What a call was begun with; one that was run again, with what it was begun with last."""
    found = [e for e in events if e.type == "call_started" and e.data["key"] == ended["key"]]
    return {"arguments": found[-1].data["arguments"]} if found else {}


def _light(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a chat is told of an event: images and such are where the run is."""
    return {name: value for name, value in data.items() if name != "media"}


def _finish(data: Mapping[str, Any]) -> str:
    reason = data.get("finish_reason")
    return reason if reason in ("length", "content_filter") else "stop"
