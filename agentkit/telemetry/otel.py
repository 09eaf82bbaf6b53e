"""`OpenTelemetry`: spans and metrics for whatever the process has them sent to."""

from __future__ import annotations

from typing import Any

from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agentkit.telemetry import attributes as names
from agentkit.telemetry.attributes import DURATIONS, TIME_TO_FIRST_CHUNK, TOKENS, Metric
from agentkit.telemetry.spans import AnySpan, RunSpan, Trace

_SCHEMA = "https://opentelemetry.io/schemas/1.41.0"


class OpenTelemetry(Trace):
    """Tells runs to OpenTelemetry. What to do with it is up to the providers.

    Inside a tool the span of its call is the current one, so that whatever is traced in there is a
    part of it. A run is a part of what was current where it began.

    Args:
        tracer_provider: Where spans go; if not given, to the one of the process.
        meter_provider: Where metrics go; if not given, to the one of the process.
        content: Whether it is told what was said; if not given, what
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, or no.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        *,
        content: bool | None = None,
    ) -> None:
        super().__init__(content=content)
        self._tracer = trace.get_tracer("agentkit", None, tracer_provider, _SCHEMA)
        meter = metrics.get_meter("agentkit", "", meter_provider, _SCHEMA)
        self._histograms = {
            each.name: meter.create_histogram(
                each.name, each.unit, each.about, explicit_bucket_boundaries_advisory=each.buckets
            )
            for each in (*DURATIONS.values(), TOKENS, TIME_TO_FIRST_CHUNK)
        }

    def begin(self, span: AnySpan) -> None:
        """Begin it as a part of the current one."""
        elsewhere = names.ADDRESS in span.attributes
        begun = self._tracer.start_span(
            span.name,
            _above(span),
            kind=SpanKind.CLIENT if elsewhere else SpanKind.INTERNAL,
            attributes=span.attributes,
            start_time=span.began,
        )
        span.other = [begun, trace.set_span_in_context(begun)]
        found = begun.get_span_context()
        if found.is_valid:
            span.trace_id = trace.format_trace_id(found.trace_id)
            span.span_id = trace.format_span_id(found.span_id)
            span.flags = found.trace_flags

    def enter(self, span: AnySpan) -> Any:
        """Make it the current one, or what was current in it when it was left last."""
        if span.other is None:
            return None
        before = context.get_current()
        context.attach(span.other[1])
        return before

    def leave(self, span: AnySpan, before: Any) -> None:
        """Make current what was so before. A token would have to come back to where it is from."""
        if before is not None:
            span.other[1] = context.get_current()
            context.attach(before)

    def finish(self, span: AnySpan) -> None:
        """End it, and measure it."""
        if span.other is None:
            return
        begun = span.other[0]
        if begun.is_recording():
            begun.set_attributes(span.attributes)
            for name, at, facts in span.events:
                begun.add_event(name, facts, at)
        if span.error:
            begun.set_status(Status(StatusCode.ERROR, span.message or None))
        begun.end(span.ended)
        self._measure(span)

    def _measure(self, span: AnySpan) -> None:
        known = span.attributes
        self._record(DURATIONS[known[names.OPERATION]], span.seconds, span)
        if known[names.OPERATION] != names.CHAT:
            return
        for kind, name in (("input", names.INPUT_TOKENS), ("output", names.OUTPUT_TOKENS)):
            if name in known:
                self._record(TOKENS, known[name], span, {names.TOKEN_TYPE: kind})
        if names.FIRST_CHUNK in known:
            self._record(TIME_TO_FIRST_CHUNK, known[names.FIRST_CHUNK], span)

    def _record(
        self, metric: Metric, value: float, span: AnySpan, more: dict[str, Any] | None = None
    ) -> None:
        labels = {name: span.attributes[name] for name in metric.labels if name in span.attributes}
        where = span.other[1]  # so that examples of what is measured name the span
        self._histograms[metric.name].record(value, labels | (more or {}), where)

    def __repr__(self) -> str:
        return "OpenTelemetry()"


def _above(span: AnySpan) -> Context | None:
    """What it is a part of, where that need not be what is current here."""
    if isinstance(span.parent, RunSpan) and not isinstance(span, RunSpan) and span.parent.other:
        above: Context = span.parent.other[1]  # its task may be older than what is told of the run
        return above
    if trace.get_current_span().get_span_context().is_valid or not span.begun.traceparent:
        return None
    carrier = {"traceparent": span.begun.traceparent}
    return TraceContextTextMapPropagator().extract(carrier, context.get_current())
