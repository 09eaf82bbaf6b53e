"""OpenTelemetry as the process has it, or as its environment says."""

from __future__ import annotations

from typing import Any

from agentkit.errors import ConfigError
from agentkit.workers import per_process


@per_process
def of_process() -> Any:
    """The trace that goes to the providers of the process.

    Where nobody has set one up, one is: it sends to what OTEL_EXPORTER_OTLP_ENDPOINT names, as the
    other variables of OpenTelemetry say.

    Raises:
        ConfigError: OpenTelemetry is not installed, or what sends is not.
    """
    from agentkit.telemetry import OpenTelemetry

    _set_up()
    return OpenTelemetry()


def _set_up() -> None:
    from opentelemetry import metrics, trace

    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise ConfigError(
            "Nothing in this process sends traces: set up a TracerProvider, run it under "
            "opentelemetry-instrument, or pip install opentelemetry-exporter-otlp-proto-http."
        ) from error
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    metrics.set_meter_provider(MeterProvider([reader]))
