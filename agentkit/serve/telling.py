"""What a run tells those who watch it, made from what happens or from what its journal has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from agentkit.journal.decisions import Decisions
from agentkit.journal.stored import StoredEvent
from agentkit.journal.texts import messages_of, response_of
from agentkit.media import save_media
from agentkit.messages import FunctionCall, Message, Response, ResultMessage, Usage
from agentkit.recorder import DueCall
from agentkit.redact import environment_secrets, hide_in
from agentkit.run import Run
from agentkit.serve.json_reply import json_bytes
from agentkit.transcript import last_calls, replies_in

Place = tuple[int, int]
"""Where an event stands in its run: the journal's event, and what follows that one."""

START: Place = (0, 0)
_KEPT = ("id", "key", "name", "type", "model", "state", "decision")  # a secret may look like a word


@dataclass(frozen=True)
class Told:
    """One event.

    Args:
        place: Where it stands in its run.
        type: What it tells of, such as `call_ended`.
        data: What is known of it.
    """

    place: Place
    type: str
    data: dict[str, Any]

    @cached_property
    def encoded(self) -> bytes:
        """The event as a server-sent one, made once for all who watch."""
        place = "{}.{}".format(*self.place) if self.place[1] else str(self.place[0])
        head = f"id: {place}\nevent: {self.type}\ndata: ".encode()
        return head + json_bytes(self.data) + b"\n\n"


def read_place(text: str) -> Place:
    """The place that an id names; the start for what is none."""
    number, _, more = text.partition(".")
    if number.isdecimal() and (more or "0").isdecimal() and len(text) <= 30:
        return int(number), int(more or 0)
    return START


def summed(usage: Usage) -> dict[str, int | None]:
    """Usage as it is told."""
    return {**asdict(usage), "total_tokens": usage.total_tokens}


def told_call(call: FunctionCall) -> dict[str, Any]:
    """A call as it is told; its arguments are the text of a JSON object."""
    return {"id": call.id, "name": call.name, "arguments": call.arguments}


def waiting_in(run: Run[Any]) -> list[DueCall]:
    """The calls of a run that wait for a decision, with their keys, which no other call has."""
    keyed = _keyed(run.id, replies_in(run.messages) + run.summarized, run.messages)
    return [due for due, result in keyed if result is None and due.call.waits]


def _keyed(
    run_id: str, replies: int, messages: Sequence[Message]
) -> list[tuple[DueCall, ResultMessage | None]]:
    """The calls of the last reply with their keys and results."""
    calls, slots = last_calls(messages)
    dues = [DueCall.of(call, f"{run_id}:{replies}", n) for n, call in enumerate(calls)]
    return list(zip(dues, slots, strict=False))


class Teller:
    """Makes the events of one run, in its order.

    Args:
        run_id: The run.
        agent: The name of its agent.
    """

    def __init__(self, run_id: str, agent: str | None) -> None:
        self._id, self._agent = run_id, agent
        self._place: Place = START
        self.steps = 0
        self.usage = Usage()
        self._costs: list[float | None] = []
        self._replies = 0  # of the model, in the whole transcript: they are a part of each key
        self._calls: Sequence[FunctionCall] = ()  # of the last reply
        self._begun: dict[str, float] = {}
        self._decisions = Decisions()
        self._secrets = environment_secrets()

    @property
    def cost(self) -> float | None:
        """US dollars so far; None where a part is not known."""
        known = [each for each in self._costs if each is not None]
        return sum(known) if known and len(known) == len(self._costs) else None

    def replay(self, events: Iterable[StoredEvent], output: Any = None) -> list[Told]:
        """What was told of a run up to now.

        Args:
            events: All that its journal has.
            output: The answer, if it has one.
        """
        return [told for each in events for told in self._stored(each, output)]

    def passing(self, kind: str, at: float, **data: Any) -> Told:
        """Something that is told once and kept nowhere, such as a piece of text."""
        self._place = (self._place[0], self._place[1] + 1)
        return Told(self._place, kind, {**data, "at": at})

    def request(self, at: float, model: str) -> list[Told]:
        """A request is about to be sent."""
        return self._told(at, ("request_sent", {"step": self.steps + 1, "model": model}))

    def response(self, at: float, response: Response) -> list[Told]:
        """A response came."""
        self.steps += 1
        self._replies += 1
        self._calls = response.message.calls
        self.usage += response.usage or Usage()
        self._costs.append(response.cost)
        data = {
            "step": self.steps,
            "model": response.model,
            "content": response.message.content,
            "reasoning": response.message.reasoning,
            "calls": [told_call(each) for each in self._calls],
            "usage": summed(response.usage) if response.usage else None,
            "cost": response.cost,
            "finish_reason": response.finish_reason,
        }
        return self._told(at, ("response_received", data))

    def call(self, at: float, key: str, index: int, name: str) -> list[Told]:
        """A call begins."""
        self._begun[key] = at
        known = self._calls[index] if 0 <= index < len(self._calls) else FunctionCall(name)
        return self._told(at, ("call_started", {"key": key, **told_call(known)}))

    def result(self, at: float, key: str, result: ResultMessage) -> list[Told]:
        """A call has its result."""
        data = {
            "key": key,
            "id": result.id,
            "name": result.name,
            "content": result.content,
            "is_error": result.is_error,
            "untrusted": result.untrusted,
            "media": [save_media(each) for each in result.media],
            "seconds": round(at - self._begun.pop(key, at), 3),
        }
        return self._told(at, ("call_ended", data))

    def end(
        self, at: float, state: str, messages: Sequence[Message], output: Any, error: str | None
    ) -> list[Told]:
        """The run ended, for now or for good."""
        waiting = _keyed(self._id, self._replies, messages) if state == "waiting" else []
        asked = [
            ("approval_needed", {"key": due.key, **told_call(due.call), "why": due.call.waits})
            for due, result in waiting
            if result is None and due.call.waits
        ]
        data = {"state": state, "output": output, "error": error, "steps": self.steps}
        more = {"usage": summed(self.usage), "cost": self.cost}
        return self._told(at, *asked, ("run_ended", data | more))

    def begin(
        self, at: float, prompt: str | None, messages: Sequence[Message], summarized: int
    ) -> list[Told]:
        """The run begins."""
        self._know(messages, summarized)
        first = {"id": self._id, "agent": self._agent, "prompt": prompt}
        return self._told(at, ("run_started", first))

    def _know(self, messages: Sequence[Message], summarized: int) -> None:
        self._replies = replies_in(messages) + summarized
        self._calls = last_calls(messages)[0]

    def _begin(self, event: StoredEvent) -> list[Told]:
        messages = messages_of(event.data["messages"])
        summarized = event.data.get("summarized", 0)
        decided = self._decisions.see(event)
        if self._place == START:
            prompt = event.data.get("prompt", event.data.get("unsaid"))
            return self.begin(event.at, prompt, messages, summarized)
        self._know(messages, summarized)
        keyed = [(each.call, each.key) for each, _ in _keyed(self._id, self._replies, messages)]
        more = [("run_resumed", {"id": self._id})]
        for each in decided:
            result, key = each.result, next((k for call, k in keyed if call == each.call), "")
            kind = "approved" if result is None else "denied" if result.is_error else "answered"
            why = {"why": result.content} if result else {}
            more.append(("decided", {"key": key, "id": each.call.id, "decision": kind, **why}))
        return self._told(event.at, *more)

    def _stored(self, event: StoredEvent, output: Any) -> list[Told]:
        at, data = event.at, event.data
        if event.kind != "begin":
            self._decisions.see(event)
        match event.kind:
            case "begin":
                return self._begin(event)
            case "request":
                return self.request(at, str(data.get("model") or ""))
            case "response":
                return self.response(at, response_of(data))
            case "call":
                return self.call(at, event.key or "", data["index"], data["name"])
            case "result":
                (found,) = messages_of([data["message"]])
                assert isinstance(found, ResultMessage)
                return self.result(at, event.key or "", found)
        answer = output if data["state"] == "done" else None
        messages = messages_of(data.get("messages") or ())
        return self.end(at, data["state"], messages, answer, data.get("error"))

    def _told(self, at: float, *events: tuple[str, Mapping[str, Any]]) -> list[Told]:
        """The events that come of one event of the journal."""
        number = self._place[0] + 1
        self._place = (number, len(events) - 1)
        return [
            Told((number, n), kind, hide_in({**data, "at": at}, self._secrets, _KEPT))
            for n, (kind, data) in enumerate(events)
        ]
