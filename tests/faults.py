"""Faults for the model server: everything that a server, or what stands before it, does wrong.

A `FaultyModel` plays a run of so many steps. It keeps nothing of a run: which step it is follows from
the results in the request, so that a request that is sent again gets the same step's reply.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from model_server import Given, ModelServer, Raw, Reply, results_in

from agentkit import FunctionCall
from agentkit.errors import ConnectError, InterfaceError, ReplyError, StatusError

SSE = "text/event-stream"
HTML = b"<html><title>502 Bad Gateway</title><h1>The edge has no origin.</h1></html>"
_LIMIT = "Rate limit reached for model `m` on requests per minute (RPM): Limit 90000, Used 80000."


@dataclass(frozen=True)
class Asked:
    """A request, with the reply that a healthy server would give: plain, and as it is spelled."""

    body: Mapping[str, Any]
    reply: Reply
    good: Raw

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def raw(self) -> list[bytes]:
        return list(self.good.pieces)


@dataclass(frozen=True)
class Fault:
    """What happens to one step's request, so many times one after the other.

    `stops` is the error that ends a run; None where the run goes on. `late` faults come after
    text was streamed, so that a step with text ends with `stops_late`.
    """

    name: str
    make: Callable[[Asked], Given]
    times: int = 1
    stops: type[InterfaceError] | None = None
    stops_late: type[InterfaceError] | None = None
    streamed: bool | None = None  # only in streams, or only in whole replies


def _error(status: int, message: str = "Not now.", **given: Any) -> Callable[[Asked], Raw]:
    headers = given.pop("headers", {})
    error = {"message": message, "type": "its_type", **given}
    return lambda _: Raw([json.dumps({"error": error}).encode()], status=status, headers=headers)


def _dated(asked: Asked) -> Raw:
    date = {"retry-after": formatdate(time.time() + 0.5, usegmt=True)}
    return replace(_error(429)(asked), headers=date)


def _always(raw: Raw) -> Callable[[Asked], Raw]:
    return lambda _: raw


def _cut_in_body(asked: Asked) -> Raw:
    half = b"".join(asked.raw)
    return replace(asked.good, pieces=[half[: len(half) // 2]], cut=True)


def _some(asked: Asked) -> list[bytes]:
    """All events of the answer but the last two: its end, and what it used."""
    return asked.raw[:-3]


def _cut_in_event(asked: Asked) -> Raw:
    *whole, last = _some(asked)
    return replace(asked.good, pieces=[*whole, last[: len(last) // 2]], cut=True)


def _ends_in_event(asked: Asked) -> Raw:
    return replace(_cut_in_event(asked), cut=False)


def _fails_in_stream(**told: Any) -> Callable[[Asked], Raw]:
    error = {"error": {"message": "It broke.", "type": "its_type", **told}}
    event = b"event: error\ndata: " + json.dumps(error).encode() + b"\n\n"
    return lambda asked: Raw([*_some(asked), event], kind=SSE)


def _refused_call(spelled: Callable[[FunctionCall], str]) -> Callable[[Asked], Given]:
    """Groq's refusal of a call; an answer is no call, and is given as it is."""

    def make(asked: Asked) -> Given:
        if not asked.reply.calls:
            return asked.reply
        text = spelled(asked.reply.calls[0])
        told = "Failed to call a function. See 'failed_generation' for more details."
        return _error(400, told, code="tool_use_failed", failed_generation=text)(asked)

    return make


def _tag(call: FunctionCall) -> str:
    return f"<function={call.name}>{call.arguments}</function>"


def _json(call: FunctionCall) -> str:
    return json.dumps({"name": call.name, "arguments": json.loads(call.arguments)})


def _reset(seconds: str, **more: str) -> dict[str, str]:
    named = {"limit": "100", "remaining": "0", "reset": seconds}
    return {f"x-ratelimit-{part}-requests": value for part, value in named.items()} | more


def _busy() -> Iterator[Fault]:
    forms: dict[str, dict[str, str]] = {
        "retry-after": {"retry-after": "0.02"},
        "retry-after 0": {"retry-after": "0"},
        "retry-after-ms": {"retry-after-ms": "15"},
        "reset of a Go duration": _reset("50ms"),
        "reset and retry-after": _reset("0m0.05s", **{"retry-after": "0.01"}),
        "no header": {},
    }
    for name, headers in forms.items():
        yield Fault(f"429 {name}", _error(429, code="rate_limit_exceeded", headers=headers))
    yield Fault("429 HTTP date", _dated)
    yield Fault("429 in words", _error(429, f"{_LIMIT} Please try again in 0.015s."))
    yield Fault("429 in words, minutes", _error(429, "Slow down. Please try again in 0m0.02s."))
    yield Fault("429 three times", _error(429, headers={"retry-after": "0.01"}), times=3)
    yield Fault("429 for ever", _error(429), times=99, stops=StatusError)
    yield Fault("498", _error(498, code="capacity_exceeded"))
    for status in (408, 409, 500, 503):
        yield Fault(f"{status} then fine", _error(status))
    yield Fault("500 twice", _error(500), times=2)
    yield Fault("502 of the edge", _always(Raw([HTML], status=502, kind="text/html")))
    yield Fault("503 without a word", _always(Raw([b""], status=503)))


def _cuts() -> Iterator[Fault]:
    late = {"streamed": True, "stops_late": ConnectError}
    yield Fault("cut before the headers", _always(Raw(cut=True)))
    yield Fault("cut before the headers, thrice", _always(Raw(cut=True)), times=3)
    yield Fault(
        "cut after the headers", lambda asked: replace(asked.good, pieces=iter(()), cut=True)
    )
    yield Fault("cut in the body", _cut_in_body, streamed=False)
    yield Fault("cut in an event", _cut_in_event, **late)
    yield Fault(
        "cut before the end", lambda asked: replace(asked.good, pieces=_some(asked)), **late
    )
    yield Fault(
        "cut before [DONE]",
        lambda asked: replace(asked.good, pieces=asked.raw[:-1], cut=True),
        **late,
    )
    yield Fault(
        "ends without [DONE]",
        lambda asked: replace(asked.good, pieces=asked.raw[:-1]),
        streamed=True,
    )
    yield Fault("stall", _always(Raw(stall=True)))
    yield Fault(
        "stall in the middle",
        lambda asked: replace(asked.good, pieces=[b"".join(asked.raw)[:9]], stall=True),
    )


def _nonsense() -> Iterator[Fault]:
    def whole(name: str, body: bytes, **given: Any) -> Fault:
        return Fault(name, _always(Raw([body], **given)), stops=ReplyError)

    yield whole("HTML page", HTML, kind="text/html")
    yield whole("empty body", b"")
    yield whole("broken JSON", b'{"choices": [{"message": {"content": "Hel')
    yield whole("JSON of something else", b'{"detail": "hello"}')
    yield whole("no JSON in an event", b"data: {oops}\n\n", kind=SSE)
    yield Fault("empty stream", _always(Raw(iter(()), kind=SSE)), streamed=True)
    yield Fault("empty answer", lambda _: Reply(""))
    yield Fault("empty answers", lambda _: Reply(""), times=99, stops=ReplyError)
    yield Fault("401", _error(401, "Invalid API Key", code="invalid_api_key"), stops=StatusError)
    yield Fault("413", _error(413, "Limit 6000, Requested 12328"), stops=StatusError)


def _refusals() -> Iterator[Fault]:
    unreadable = _refused_call(lambda call: f"<function={call.name}" + '{"step": bad')
    yield Fault("call refused, readable", _refused_call(_tag))
    yield Fault("call refused, as JSON", _refused_call(_json))
    yield Fault("call refused, unreadable", unreadable)
    yield Fault("call refused for ever", unreadable, times=99, stops=StatusError)
    broke = _fails_in_stream(code="server_error", status_code=500)
    yield Fault("error in a stream", broke, streamed=True, stops_late=StatusError)


ENDS_IN_EVENT = Fault("ends in an event", _ends_in_event, streamed=True, stops_late=ConnectError)
REFUSED_IN_STREAM = Fault(
    "call refused in a stream",
    _fails_in_stream(code="tool_use_failed", status_code=400, failed_generation=""),
    streamed=True,
)
FAULTS = (*_busy(), *_cuts(), *_nonsense(), *_refusals(), ENDS_IN_EVENT, REFUSED_IN_STREAM)


@dataclass
class FaultyModel:
    """A run of `steps` calls of `note` and an answer, with faults at some of the steps.

    Give it to a server as `always`, once `server` is known. What it did wrong is in `done`.
    """

    server: ModelServer
    steps: int
    plan: dict[int, Fault] = field(default_factory=dict)
    talkative: bool = False  # says a word before each call
    done: Counter[int] = field(default_factory=Counter)

    def __call__(self, body: dict[str, Any]) -> Given:
        step = min(len(results_in(body)), self.steps)
        reply = self._reply(step)
        fault = self.plan.get(step)
        if fault is None or self.done[step] >= fault.times:
            return reply
        self.done[step] += 1
        return fault.make(Asked(body, reply, self.server.spelled(reply, body)[0]))

    def _reply(self, step: int) -> Reply:
        if step == self.steps:
            return Reply("All the steps are done.")
        text = f"Step {step} comes next." if self.talkative else None
        return Reply(text, calls=[FunctionCall("note", json.dumps({"step": step}))])

    def stops(self, fault: Fault, step: int, streamed: bool) -> type[InterfaceError] | None:
        """The error by which a fault at that step ends a run."""
        if fault.stops is StatusError and "call refused" in fault.name and step == self.steps:
            return None  # the answer is no call
        has_text = self.talkative or step == self.steps
        return fault.stops or (fault.stops_late if streamed and has_text else None)


def planned(rng: random.Random, steps: int, streamed: bool) -> dict[int, Fault]:
    """From two to five faults at steps of their own."""
    usable = [each for each in FAULTS if each.streamed in (None, streamed)]
    at = sorted(rng.sample(range(steps + 1), rng.randint(2, 5)))
    return {step: rng.choice(usable) for step in at}
