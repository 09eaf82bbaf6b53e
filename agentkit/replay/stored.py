"""Runs of a journal as recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentkit.journal.stored import StoredEvent
from agentkit.journal.texts import messages_of, response_of
from agentkit.messages import (
    FunctionCall,
    FunctionDefinition,
    Message,
    Request,
    Response,
    ResultMessage,
)
from agentkit.reading import LEFT_OUT, READ
from agentkit.replay.canonical import call_text
from agentkit.replay.tape import Tape
from agentkit.transcript import last_calls, pending


@dataclass
class Recorded:
    """What a journal has of a run, to be run again.

    Args:
        tape: Where its requests and calls are recorded; in memory if not given.
        alike: Whether requests are recorded as if each had had the first one's model, no options,
            and all functions that the run was ever offered.
    """

    tape: Tape = field(default_factory=Tape)
    alike: bool = False
    definitions: dict[str, FunctionDefinition] = field(default_factory=dict)
    """The functions that were offered, each as it was at last."""
    begins: list[tuple[tuple[Message, ...], str | None]] = field(default_factory=list)
    """The transcript that the run began with, and each with which it went on after it had ended;
    and what was still to be said."""
    first: Request | None = None
    """The first request."""
    responses: int = 0
    waited: set[str] = field(default_factory=set)
    """The calls that waited for a person, as `canonical.call_text` has them."""
    ends_waiting: bool = False
    """Whether calls still waited at its end."""
    _messages: list[Message] = field(default_factory=list)
    _request: Request | None = None
    _calls: Sequence[FunctionCall] = ()
    _known: set[int] = field(default_factory=set)  # calls whose results are recorded
    _ended: bool = True

    @classmethod
    def of(
        cls, events: Sequence[StoredEvent], tape: Tape | None = None, *, alike: bool = False
    ) -> Recorded:
        """What these events tell.

        Args:
            events: All of a run.
            tape: Where to record it; in memory if not given.
            alike: See `Recorded`.
        """
        recorded = cls(tape or Tape(), alike)
        for each in events:
            recorded.definitions |= {made.name: made for made in _definitions(each.data)}
        for each in events:
            recorded.see(each)
        return recorded

    def see(self, event: StoredEvent) -> None:
        """Take the next event."""
        data, kind = event.data, event.kind
        before = list(self._messages)
        if "messages" in data:
            self._messages[data["at"] :] = messages_of(data["messages"])
            self._take_results(first=kind == "begin" and not self.begins)
        if kind == "begin" and self._ended:
            self.begins.append((tuple(self._messages), data.get("unsaid")))
        self._ended = kind == "end" and data.get("state") in ("done", "waiting")
        self.ends_waiting = kind == "end" and data.get("state") == "waiting"
        if self.ends_waiting:
            self.waited |= {call_text(each) for each in pending(self._messages)}
        if kind == "request":
            request = _request(self._messages, data)
            self.first = self.first or request
            self._request = self._likened(request) if self.alike else request
            self._take_excess(before)
        elif kind == "response" and self._request is not None:
            self._take_response(response_of(data))
        elif kind == "result" and data["index"] < len(self._calls):
            (result,) = messages_of([data["message"]])
            self._keep(data["index"], result)

    def _likened(self, request: Request) -> Request:
        """The request as a run with all the functions would send it."""
        assert self.first  # it was just set
        more = [each for each in request.definitions if each.name == READ]
        always = [each for name, each in self.definitions.items() if name != READ]
        definitions = (*always, *more)
        return replace(request, model=self.first.model, options={}, definitions=definitions)

    def _take_response(self, response: Response) -> None:
        assert self._request is not None  # it was asked
        # The loop says it again when the run is run again.
        repairs = tuple(each for each in response.repairs if LEFT_OUT not in each)
        self.tape.keep(self.tape.request(self._request), replace(response, repairs=repairs))
        self.responses += 1
        self._messages.append(response.message)
        self._calls, self._request = response.message.calls, None
        self._known.clear()

    def _take_results(self, *, first: bool) -> None:
        """Results that are in the transcript alone: a person gave them, say.

        Those that the run began with are known, and are no results of this run.
        """
        calls, results = last_calls(self._messages)
        if not calls or (len(calls) != len(self._calls) and not first):
            return
        self._calls = calls  # a person may have edited them
        for index, result in enumerate(results):
            if first and isinstance(result, ResultMessage):
                self._known.add(index)
            self._keep(index, result)

    def _take_excess(self, before: Sequence[Message]) -> None:
        """Old results that were left out before the request."""
        assert self._request is not None  # it was just set
        pairs = list(zip(before, self._messages, strict=False))
        saved = sum(len(a.content or "") - len(b.content or "") for a, b in pairs if a != b)
        if saved > 0:
            longer = (*(old for old, _ in pairs), *self._messages[len(pairs) :])
            self.tape.keep_excess(replace(self._request, messages=longer), saved)

    def _keep(self, index: int, result: Message | None) -> None:
        if index not in self._known and isinstance(result, ResultMessage):
            self._known.add(index)
            self.tape.keep(self.tape.call(self._calls[index], index, self._messages), result)


def _request(messages: Sequence[Message], data: dict[str, Any]) -> Request:
    return Request(
        messages=tuple(messages),
        model=data["model"],
        options=json.loads(data["options"]),
        definitions=_definitions(data),
    )


def _definitions(data: Mapping[str, Any]) -> tuple[FunctionDefinition, ...]:
    texts = data.get("definitions", ())
    return tuple(FunctionDefinition(**{"description": "", **json.loads(text)}) for text in texts)
