"""Reading a trace back from its file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span of a file.

    Args:
        name: Its name.
        trace_id: The trace, in hex.
        span_id: The span, in hex.
        parent_id: The span that it is a part of; "" for none.
        began: Seconds since 1970.
        seconds: How long it took.
        attributes: What is known of it, by name.
        events: What happened in it: names, seconds since 1970, and attributes.
        is_error: Whether it failed; the attribute `error.type` says how.
    """

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    began: float
    seconds: float
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, float, Mapping[str, Any]], ...] = field(default=())
    is_error: bool = False


def read_spans(path: str | os.PathLike[str]) -> Iterator[StoredSpan]:
    """The spans of a file, in the order in which they ended: children before their parents.

    Lines that are no spans are left out, such as one that a full disk cut short.

    Args:
        path: What `JsonLines`, or another exporter of OTLP, wrote.

    Raises:
        OSError: It cannot be read.
    """
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                found = json.loads(line)["resourceSpans"]
                spans = [s for each in found for part in each["scopeSpans"] for s in part["spans"]]
                yield from map(_stored, spans)
            except (ValueError, KeyError, TypeError):
                continue


def _stored(plain: Mapping[str, Any]) -> StoredSpan:
    began, ended = int(plain["startTimeUnixNano"]), int(plain["endTimeUnixNano"])
    return StoredSpan(
        plain["name"],
        plain["traceId"],
        plain["spanId"],
        plain.get("parentSpanId", ""),
        began / 1e9,
        (ended - began) / 1e9,
        _attributes(plain),
        tuple(
            (each["name"], int(each["timeUnixNano"]) / 1e9, _attributes(each))
            for each in plain.get("events", ())
        ),
        plain.get("status", {}).get("code") == 2,
    )


def _attributes(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {each["key"]: _value(each["value"]) for each in plain.get("attributes", ())}


def _value(value: Mapping[str, Any]) -> Any:
    ((kind, inside),) = value.items()
    if kind == "arrayValue":
        return [_value(each) for each in inside.get("values", ())]
    return int(inside) if kind == "intValue" else inside
