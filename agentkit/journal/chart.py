"""The events of a run as rows on a time axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from agentkit.errors import ConfigError
from agentkit.journal.stored import StoredEvent
from agentkit.journal.texts import messages_of, response_of
from agentkit.messages import AssistantMessage, FunctionCall, Message, Response, ResultMessage

_PAUSE = 1.0  # seconds between two parts of a run; a longer one is cut out of the axis
_GAP = 0.04  # of the axis, that each pause takes


@dataclass(frozen=True, slots=True)
class Row:
    """What took time: a request until its response, a call until its result, or a pause.

    Args:
        kind: "request", "call" or "pause".
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
    begun: float
    ended: float
    lasted: float
    is_open: bool = True
    key: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    definitions: tuple[str, ...] = ()
    response: Response | None = None
    call: FunctionCall | None = None
    result: ResultMessage | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The rows in the order in which they began, and how many seconds the axis has."""

    rows: tuple[Row, ...]
    seconds: float


def chart(events: Sequence[StoredEvent]) -> Chart:
    """The rows of a run. What cannot be read of an event is left out."""
    on_axis, seconds, pauses = _axis(events)
    rows: list[Row] = [
        Row("pause", "", on_axis(begun), on_axis(ended), ended - begun, False)
        for begun, ended in pauses
    ]
    waiting: dict[Any, int] = {}  # what has not come back, by "request" or a call's index
    calls: tuple[FunctionCall, ...] = ()
    cut_at = 0.0
    for each in events:
        if each.kind == "begin":
            _cut_off(rows, waiting, cut_at, on_axis)
            calls = _calls(each.data) or calls
        cut_at = each.at
        if each.kind == "request":
            waiting["request"] = len(rows)
            rows.append(_request(each, on_axis))
        elif each.kind == "call":
            waiting[each.data.get("index")] = len(rows)
            rows.append(_call(each, calls, on_axis))
        elif each.kind == "response":
            response = _response(each.data)
            calls = response.message.calls if response else ()
            _close(rows, waiting.pop("request", None), each.at, on_axis, response=response)
        elif each.kind == "result":
            place = waiting.pop(each.data.get("index"), None)
            _close(rows, place, each.at, on_axis, result=_result(each.data))
    _cut_off(rows, waiting, cut_at, on_axis)
    return Chart(tuple(sorted(rows, key=lambda row: (row.begun, row.kind == "pause"))), seconds)


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
    gap = max(active, _PAUSE) * _GAP

    def on_axis(at: float) -> float:
        place = at - times[0]
        for begun, ended in pauses:
            if at >= ended:
                place -= ended - begun - gap
            elif at > begun:
                place -= (at - begun) * (1 - gap / (ended - begun))
        return max(place, 0.0)

    return on_axis, on_axis(times[-1]), pauses


def _request(event: StoredEvent, on_axis: Callable[[float], float]) -> Row:
    place, data = on_axis(event.at), event.data
    name, options = str(data.get("model") or "model"), data.get("options")
    row = Row("request", name, place, place, event.at)
    definitions = tuple(map(str, data.get("definitions") or ()))
    return replace(row, options=options or {}, definitions=definitions)


def _call(
    event: StoredEvent, calls: Sequence[FunctionCall], on_axis: Callable[[float], float]
) -> Row:
    index, place = event.data.get("index"), on_axis(event.at)
    call = calls[index] if isinstance(index, int) and 0 <= index < len(calls) else None
    name = str(event.data.get("name") or "call")
    return Row("call", name, place, place, event.at, key=event.key, call=call)


def _close(
    rows: list[Row], place: int | None, at: float, on_axis: Callable[[float], float], **more: Any
) -> None:
    """End a row; until then `lasted` is when it began."""
    if place is not None:
        row = rows[place]
        lasted = max(at - row.lasted, 0.0)
        rows[place] = replace(row, ended=on_axis(at), lasted=lasted, is_open=False, **more)


def _cut_off(
    rows: list[Row], waiting: dict[Any, int], at: float, on_axis: Callable[[float], float]
) -> None:
    """End all that waits, without anything that came back."""
    for place in waiting.values():
        _close(rows, place, at, on_axis)
        rows[place] = replace(rows[place], is_open=True)
    waiting.clear()


def _calls(data: dict[str, Any]) -> tuple[FunctionCall, ...]:
    """The last calls of a transcript that a run goes on with."""
    said = [each for each in _messages(data) if isinstance(each, AssistantMessage)]
    return said[-1].calls if said else ()


def _messages(data: dict[str, Any]) -> Sequence[Message]:
    try:
        return messages_of(data.get("messages") or ())
    except (ConfigError, ValueError, TypeError):
        return ()


def _response(data: dict[str, Any]) -> Response | None:
    try:
        return response_of(data)
    except (ConfigError, KeyError, ValueError, TypeError):
        return None


def _result(data: dict[str, Any]) -> ResultMessage | None:
    try:
        (found,) = messages_of([data["message"]])
    except (ConfigError, KeyError, ValueError, TypeError):
        return None
    return found if isinstance(found, ResultMessage) else None
