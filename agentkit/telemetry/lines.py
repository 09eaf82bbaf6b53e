"""`JsonLines`: a trace in a file, a line for each span, as OTLP has it in JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from agentkit.errors import ConfigError
from agentkit.telemetry.spans import AnySpan, RequestSpan, Trace
from agentkit.tracing import traceparent
from agentkit.workers import per_process

_INTERNAL, _CLIENT, _ERROR = 1, 3, 2  # as OTLP numbers them


class JsonLines(Trace):
    """Writes each span to a file when it ends, in the form of OTLP's file exporter.

    Each line can be sent to a collector as it stands. Threads and processes may share the file,
    which is made for the user alone. A file that cannot be written on the way ends no run: that is
    said in the log, once until it can be written again.

    Args:
        path: The file; what is there stays.
        content: Whether it is told what was said; if not given, what
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, or no.

    Raises:
        ConfigError: The file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, content: bool | None = None) -> None:
        super().__init__(content=content)
        self.path = os.path.abspath(os.path.expanduser(path))
        self._is_torn = False  # whether the last line could not be written to its end
        try:
            self._append(b"")
        except OSError as error:
            raise ConfigError(
                f"The trace {self.path} cannot be written: {error.strerror}."
            ) from error

    def begin(self, span: AnySpan) -> None:
        """Give it its place in the tree. A run that is no part of anything has its id in common
        with each other part of it, however often it is gone on with."""
        parent = span.parent
        above = parent.traceparent if parent else traceparent() or span.begun.traceparent
        _, trace_id, span.parent_id, _ = above.split("-") if above else ("", "", "", "")
        span.trace_id = trace_id or _trace_id(span.begun.run_id)
        span.span_id = os.urandom(8).hex()

    def finish(self, span: AnySpan) -> None:
        """Write it."""
        resource = {"attributes": _attributes({"service.name": _service()})}
        spans = {"scope": {"name": "agentkit"}, "spans": [_plain(span)]}
        line = {"resourceSpans": [{"resource": resource, "scopeSpans": [spans]}]}
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        self._append(text.encode("utf-8", "replace") + b"\n")

    def _append(self, line: bytes) -> None:
        """Write a line at once, so that those of others are not in the middle of it."""
        file = os.open(self.path, _HOW, 0o600)
        try:
            line = b"\n" + line if self._is_torn else line
            written = os.write(file, line) if line else 0
            self._is_torn = 0 < written < len(line)
            if written < len(line):
                raise OSError(f"{self.path} is full")
        finally:
            os.close(file)

    def __repr__(self) -> str:
        return f"JsonLines({self.path!r})"


_HOW = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_HOW |= getattr(os, "O_BINARY", 0)  # of Windows


@per_process
def lines_at(path: str) -> JsonLines:
    """The one trace of the process for a path."""
    return JsonLines(path)


def _trace_id(run_id: str) -> str:
    """A run's own id, where it can be one of a trace."""
    is_one = len(run_id) == 32 and set(run_id) <= set("0123456789abcdef") and set(run_id) != {"0"}
    return run_id if is_one else sha256(run_id.encode("utf-8", "replace")).hexdigest()[:32]


def _service() -> str:
    return os.environ.get("OTEL_SERVICE_NAME") or "agentkit"


def _plain(span: AnySpan) -> dict[str, Any]:
    elsewhere = isinstance(span, RequestSpan) and "server.address" in span.attributes
    plain: dict[str, Any] = {"traceId": span.trace_id, "spanId": span.span_id}
    if span.parent_id:
        plain["parentSpanId"] = span.parent_id
    plain |= {
        "name": span.name,
        "kind": _CLIENT if elsewhere else _INTERNAL,
        "startTimeUnixNano": str(span.began),
        "endTimeUnixNano": str(span.ended),
        "attributes": _attributes(span.attributes),
    }
    if span.events:
        plain["events"] = [
            {"timeUnixNano": str(at), "name": name, "attributes": _attributes(facts)}
            for name, at, facts in span.events
        ]
    if span.error:
        plain["status"] = {"code": _ERROR, **({"message": span.message} if span.message else {})}
    return plain


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list() | tuple():
            return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": str(value)}
