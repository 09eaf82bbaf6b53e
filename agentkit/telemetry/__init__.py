"""Where runs are told span by span: a file, or OpenTelemetry with the extra `agentkit[otel]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentkit.errors import ConfigError
from agentkit.telemetry.lines import JsonLines
from agentkit.telemetry.reading import StoredSpan, read_spans

if TYPE_CHECKING:
    from agentkit.telemetry.otel import OpenTelemetry

__all__ = ["JsonLines", "OpenTelemetry", "StoredSpan", "read_spans"]


def __getattr__(name: str) -> Any:
    if name != "OpenTelemetry":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from agentkit.telemetry.otel import OpenTelemetry
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "opentelemetry":
            raise
        raise ConfigError("This needs OpenTelemetry: pip install 'agentkit[otel]'.") from error
    return OpenTelemetry
