"""What a real SDK of OpenTelemetry has of runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentkit.telemetry import OpenTelemetry

Tree = list[tuple[str, Any]]
"""Names of spans, each with those of its children."""


@dataclass(frozen=True)
class Recorded:
    """A trace that keeps what it is told, and a tracer for spans of a test's own."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    provider: TracerProvider
    meters: MeterProvider

    @classmethod
    def new(cls) -> Recorded:
        exporter, reader, provider = (
            InMemorySpanExporter(),
            InMemoryMetricReader(),
            TracerProvider(),
        )
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        return cls(exporter, reader, provider, MeterProvider([reader]))

    def trace(self, **given: Any) -> OpenTelemetry:
        return OpenTelemetry(self.provider, self.meters, **given)

    def span(self, name: str) -> Any:
        """A span of the test's own, current inside of `with`."""
        return self.provider.get_tracer("test").start_as_current_span(name)

    @property
    def spans(self) -> list[ReadableSpan]:
        return sorted(self.exporter.get_finished_spans(), key=lambda each: each.start_time or 0)

    def named(self, beginning: str) -> list[ReadableSpan]:
        return [each for each in self.spans if each.name.startswith(beginning)]

    def one(self, beginning: str) -> dict[str, Any]:
        """The attributes of the one span whose name begins so."""
        (found,) = self.named(beginning)
        return dict(found.attributes or {})

    @property
    def tree(self) -> Tree:
        return tree((s.name, s.context.span_id, s.parent and s.parent.span_id) for s in self.spans)

    def points(self) -> Iterator[tuple[str, Any]]:
        """The names of metrics, each with a point of it."""
        found = self.reader.get_metrics_data()
        for each in found.resource_metrics if found else ():
            for scope in each.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield metric.name, point

    def close(self) -> None:
        self.provider.shutdown()
        self.meters.shutdown()


def tree(spans: Any) -> Tree:
    """The tree of spans: names, ids, and the ids of parents; roots have none that is here.

    Siblings are in the order of their names, as those that run side by side have no other.
    """
    all_of_them = list(spans)
    here = {span_id for _, span_id, _ in all_of_them}

    def below(parent: Any) -> Tree:
        return sorted(
            (name, below(span_id))
            for name, span_id, above in all_of_them
            if (above if above in here else None) == parent
        )

    return below(None)
