"""What operators count, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from agentkit.agent import Agent
from agentkit.journal.texts import fit
from agentkit.serve.live import LiveRun
from agentkit.serve.telling import Told

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_MOST = 100  # names of models that servers give; the rest are told of as "other"
_LONGEST = 100  # characters of one
_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_TOKENS = ("prompt", "completion", "cached", "reasoning")


class Metrics:
    """Counts requests, runs, tokens, calls and dollars, each by names of which there are few.

    Args:
        agents: The agents by name.
        running: How many runs are being carried out.
    """

    def __init__(self, agents: Mapping[str, Agent[Any]], running: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._agents = agents
        self._models: set[str] = set()
        self._requests = self._counter("http_requests", "Requests.", "route", "method", "status")
        self._runs = self._counter("runs", "Runs that ended or wait.", "agent", "state")
        self._tokens = self._counter("tokens", "Tokens.", "model", "kind")
        self._cost = self._counter("cost_dollars", "US dollars, where known.", "model")
        self._calls = self._counter("tool_calls", "Calls of tools.", "tool", "outcome")
        self._seconds = self._histogram("run_seconds", "How long runs took.", "agent")
        self._call_seconds = self._histogram("tool_call_seconds", "How long calls took.", "tool")
        live = Gauge("agentkit_runs_live", "Runs being carried out.", registry=self._registry)
        live.set_function(running)

    def request(self, route: str, method: str, status: int) -> None:
        """Count a request by the pattern of its path."""
        self._requests.labels(route, method if method in _METHODS else "other", status).inc()

    def told(self, live: LiveRun, told: Told) -> None:
        """Count what a run tells."""
        data = told.data
        match told.type:
            case "response_received":
                self._response(data)
            case "call_ended":
                known = data["name"] in self._agents[live.agent].toolbox
                tool = data["name"] if known else "unknown"
                self._calls.labels(tool, "error" if data["is_error"] else "ok").inc()
                self._call_seconds.labels(tool).observe(data["seconds"])
            case "run_ended":
                self._runs.labels(live.agent, data["state"]).inc()
                self._seconds.labels(live.agent).observe(max(0.0, data["at"] - live.begun))

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)

    def _response(self, data: Mapping[str, Any]) -> None:
        model = fit(data["model"] or "unknown")[:_LONGEST]
        if model not in self._models and len(self._models) >= _MOST:
            model = "other"
        self._models.add(model)
        for kind in _TOKENS:
            if amount := (data["usage"] or {}).get(f"{kind}_tokens"):
                self._tokens.labels(model, kind).inc(amount)
        if data["cost"]:
            self._cost.labels(model).inc(data["cost"])

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"agentkit_{name}", says, labels, registry=self._registry)

    def _histogram(self, name: str, says: str, *labels: str) -> Histogram:
        return Histogram(
            f"agentkit_{name}", says, labels, registry=self._registry, buckets=_SECONDS
        )


_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
