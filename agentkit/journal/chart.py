"""The events of a run as rows on a time axis."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import floor, isfinite, log10
from typing import Any

from agentkit.errors import AgentkitError
from agentkit.journal.decisions import Decision, Decisions
from agentkit.journal.stored import StoredEvent
from agentkit.journal.texts import messages_of, response_of
from agentkit.messages import AssistantMessage, FunctionCall, Message, Response, ResultMessage
from agentkit.transcript import pending

_PAUSE = 1.0  # seconds between two parts of a run; a longer one is cut out of the axis
_GAP = 0.04  # of the axis, that each pause takes


@dataclass(frozen=True, slots=True)
class Row:
    """What took time: a request until its response, a call until its result, or a pause.

    Or a decision: somebody gave a call its result.

    Args:
        kind: "request", "call", "pause" or "decision".
        name: The model, or the tool.
        begun: Where it begins on the axis, in seconds.
        ended: Where it ends on the axis.
        lasted: Seconds.
        is_open: Whether nothing came back; it is then drawn to where the run was cut off.
        key: The `call_key` of a call.
        options: Those of a request.
        definitions: Those offered with a request, as JSON texts.
        response: What came back.
        call: What was called, if its response is known.
        result: What came back.
    """

    kind: str
    name: str
    begun: float = 0.0
    ended: float = 0.0
    lasted: float = 0.0
    is_open: bool = True
    key: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    definitions: tuple[str, ...] = ()
    response: Response | None = None
    call: FunctionCall | None = None
    result: ResultMessage | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The rows of a run on its time axis.

    Args:
        rows: In the order in which they began.
        seconds: How long the axis is.
        waiting: The calls that a person has to decide on.
    """

    rows: tuple[Row, ...]
    seconds: float
    waiting: tuple[FunctionCall, ...] = ()

    def ticks(self, most: int) -> list[tuple[float, float]]:
        """Round times, in seconds without pauses, each behind its place on the axis.

        Args:
            most: How many at the most, beside the first.
        """
        gaps = [(row.begun, row.ended) for row in self.rows if row.kind == "pause"]
        active = self.seconds - sum(ended - begun for begun, ended in gaps)
        if active <= 0:
            return []
        rough = active / most
        unit = 10.0 ** floor(log10(rough))
        step = next(unit * each for each in (1, 2, 5, 10) if unit * each >= rough)
        return [
            (_behind(gaps, step * number), step * number)
            for number in range(int(active / step) + 1)
        ]


def chart(events: Sequence[StoredEvent]) -> Chart:
    """The rows of a run. What cannot be read of an event is left out."""
    events = _sound(events)
    drawing, decisions = _Drawing(*_axis(events)), Decisions()
    calls: Sequence[FunctionCall] = ()
    waiting: Sequence[FunctionCall] = ()
    first: Sequence[Message] = ()  # the transcript that the last part of the run begins with
    for each in events:
        data = each.data
        waiting = _waiting(data, first) if each.kind == "end" else ()
        decided: Sequence[Decision] = ()
        with suppress(*_UNREADABLE):
            decided = decisions.see(each)
        match each.kind:
            case "begin":
                drawing.cut_off()
                first, calls = _messages(data), _calls(data) or calls
                drawing.decide(each.at, decided)
            case "request":
                drawing.begin("request", each.at, _request(data))
            case "call":
                drawing.begin(_index(data), each.at, _call(data, each.key, calls))
            case "response":
                response = _response(data)
                calls = response.message.calls if response else ()
                drawing.end("request", each.at, response=response)
            case "result":
                drawing.end(_index(data), each.at, result=_result(data))
        drawing.now = each.at
    drawing.cut_off()
    rows = sorted(drawing.rows, key=lambda row: (row.begun, row.kind == "pause"))
    return Chart(tuple(rows), drawing.seconds, tuple(waiting))


class _Drawing:
    """The rows so far.

    Args:
        on_axis: From a time to its place on the axis.
        seconds: How long the axis is.
        pauses: When they began and ended.
    """

    def __init__(
        self,
        on_axis: Callable[[float], float],
        seconds: float,
        pauses: Sequence[tuple[float, float]],
    ) -> None:
        self.seconds, self._on_axis = seconds, on_axis
        self.rows = [
            Row("pause", "", on_axis(begun), on_axis(ended), ended - begun, False)
            for begun, ended in pauses
        ]
        self.now = 0.0
        self._open: dict[str | int, tuple[int, float]] = {}  # places of rows, and when they began

    def begin(self, key: str | int, at: float, row: Row) -> None:
        """Begin a row; one of the same key is over then, without anything that came back."""
        self._cut(key, at)
        self._open[key] = len(self.rows), at
        self.rows.append(replace(row, begun=self._on_axis(at)))

    def end(self, key: str | int, at: float, **more: Any) -> None:
        """End a row with what came back."""
        if key in self._open:
            place, begun = self._open.pop(key)
            ended = self._on_axis(at)
            more = {"is_open": False, **more}
            self.rows[place] = replace(self.rows[place], ended=ended, lasted=at - begun, **more)

    def decide(self, at: float, decided: Sequence[Decision]) -> None:
        """Add a row for each result that was given."""
        place = self._on_axis(at)
        for each in decided:
            if each.result:
                row = Row("decision", each.call.name, place, place, is_open=False, call=each.call)
                self.rows.append(replace(row, result=each.result))

    def cut_off(self) -> None:
        """End all rows that are open."""
        for key in list(self._open):
            self._cut(key, self.now)

    def _cut(self, key: str | int, at: float) -> None:
        self.end(key, at, is_open=True)


def _sound(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """The events with data that is some, and times that only go forward: clocks may be set back."""
    sound: list[StoredEvent] = []
    latest: float | None = None
    for each in events:
        is_time = isinstance(each.at, int | float) and isfinite(each.at)
        at = each.at if is_time else latest or 0.0
        latest = at if latest is None else max(at, latest)
        data = each.data if isinstance(each.data, dict) else {}
        sound.append(replace(each, at=latest, data=data))
    return sound


def _behind(gaps: Sequence[tuple[float, float]], place: float) -> float:
    """The place on the axis of one without gaps."""
    for begun, ended in gaps:
        if place > begun:
            place += ended - begun
    return place


def _axis(
    events: Sequence[StoredEvent],
) -> tuple[Callable[[float], float], float, list[tuple[float, float]]]:
    """From a time to its place on the axis, the length of that, and the pauses cut out of it."""
    times = [each.at for each in events] or [0.0]
    pauses = [
        (before.at, after.at)
        for before, after in pairwise(events)
        if after.kind == "begin" and after.at - before.at > _PAUSE
    ]
    active = times[-1] - times[0] - sum(ended - begun for begun, ended in pauses)
    gap = (active or _PAUSE) * _GAP

    def on_axis(at: float) -> float:
        place = at - times[0]
        for begun, ended in pauses:
            if at >= ended:
                place -= ended - begun - gap
            elif at > begun:
                place -= (at - begun) * (1 - gap / (ended - begun))
        return max(place, 0.0)

    return on_axis, on_axis(times[-1]), pauses


def _request(data: Mapping[str, Any]) -> Row:
    options, definitions = None, data.get("definitions")
    with suppress(*_UNREADABLE):
        options = json.loads(data["options"])
    return Row(
        "request",
        str(data.get("model") or "model"),
        options=options if isinstance(options, dict) else {},
        definitions=tuple(map(str, definitions)) if isinstance(definitions, list) else (),
    )


def _call(data: Mapping[str, Any], key: str | None, calls: Sequence[FunctionCall]) -> Row:
    index = _index(data)
    call = calls[index] if 0 <= index < len(calls) else None
    return Row("call", str(data.get("name") or "call"), key=key, call=call)


def _index(data: Mapping[str, Any]) -> int:
    index = data.get("index")
    return index if isinstance(index, int) else -1


def _calls(data: Mapping[str, Any]) -> tuple[FunctionCall, ...]:
    """The last calls of a transcript that a run goes on with."""
    said = [each for each in _messages(data) if isinstance(each, AssistantMessage)]
    return said[-1].calls if said else ()


def _waiting(end: Mapping[str, Any], first: Sequence[Message]) -> Sequence[FunctionCall]:
    """The calls that wait at an end, which has the transcript as far as it changed."""
    return pending(_messages(end) or (first if end.get("state") == "waiting" else ()))


def _messages(data: Mapping[str, Any]) -> Sequence[Message]:
    with suppress(*_UNREADABLE):
        return messages_of(data.get("messages") or ())
    return ()


def _response(data: Mapping[str, Any]) -> Response | None:
    with suppress(*_UNREADABLE):
        return response_of(data)
    return None


def _result(data: Mapping[str, Any]) -> ResultMessage | None:
    with suppress(*_UNREADABLE):
        (found,) = messages_of([data["message"]])
        return found if isinstance(found, ResultMessage) else None
    return None


_UNREADABLE = (AgentkitError, LookupError, TypeError, ValueError, AttributeError, RecursionError)
