"""What a trace costs: microseconds a step, of a run whose model and tools answer at once.

    python benchmarks/traces.py

A step is a request and a call: two spans. OpenTelemetry's are dropped when they have ended, so that
what is measured is agentkit and the SDK, and no exporter.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from journal import Instant, note
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from agentkit import Agent, Limits
from agentkit.telemetry import JsonLines, OpenTelemetry

STEPS, TIMES = 200, 15


def main() -> None:
    """Measure each way, and print it."""
    providers = TracerProvider(shutdown_on_exit=False), MeterProvider([InMemoryMetricReader()])
    providers[0].add_span_processor(SpanProcessor())
    with tempfile.TemporaryDirectory() as place:
        ways = {
            "no trace": "",
            "a file": JsonLines(Path(place) / "trace.jsonl"),
            "a file, with what was said": JsonLines(Path(place) / "said.jsonl", content=True),
            "OpenTelemetry": OpenTelemetry(*providers),
            "OpenTelemetry, with what was said": OpenTelemetry(*providers, content=True),
        }
        print("microseconds a step                  sync    awaited")
        for name, trace in ways.items():
            agent = Agent([note], Instant(STEPS), trace=trace, limits=LIMITS)
            sync = best(lambda agent=agent: agent.run("Go."))
            awaited = best(lambda agent=agent: asyncio.run(agent.arun("Go.")))
            print(f"{name:34} {sync:7.0f} {awaited:10.0f}")
    providers[1].shutdown()


LIMITS = Limits(steps=STEPS + 1, calls=STEPS + 1, repeats=None)


def best(run: Callable[[], Any]) -> float:
    """Microseconds a step, at best."""
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        run()
        took.append(time.perf_counter() - begun)
    return min(took) / STEPS * 1e6


if __name__ == "__main__":
    main()
