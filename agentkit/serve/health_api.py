"""How the service is, what it counts, and what it can do."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from agentkit.serve.desk import Desk
from agentkit.serve.json_reply import JsonReply
from agentkit.serve.metrics import TYPE, Metrics
from agentkit.serve.openapi import document
from agentkit.serve.operations import Operation
from agentkit.serve.problems import busy
from agentkit.workers import in_thread_awaited


class HealthApi:
    """The operations of operators.

    Args:
        desk: Who carries runs out.
        metrics: What is counted.
        others: The other operations, for the document.
        open_metrics: Whether the metrics need no key.
    """

    def __init__(
        self, desk: Desk, metrics: Metrics, others: Sequence[Operation], open_metrics: bool
    ) -> None:
        self._desk, self._metrics, self._open = desk, metrics, open_metrics
        self._document = document([*others, *self.operations()])

    async def alive(self, request: Request) -> Response:
        """Say that the process answers."""
        return JsonReply({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """Say whether runs can be begun."""
        if self._desk.closing:
            return busy("The service is stopping.", "shutting_down").response()
        await in_thread_awaited(lambda: self._desk.journal.runs(limit=1))  # which may be broken
        return JsonReply({"status": "ready", "running": len(self._desk)})

    async def metrics(self, request: Request) -> Response:
        """Give what is counted."""
        return Response(self._metrics.text(), media_type=TYPE)

    async def openapi(self, request: Request) -> Response:
        """Give the document."""
        return JsonReply(self._document)

    def operations(self) -> list[Operation]:
        """The operations."""
        return [
            Operation(
                method="GET", path="/healthz", name="isAlive", handler=self.alive,
                says="Whether the process answers.", gives="Health", is_open=True,
            ),
            Operation(
                method="GET", path="/readyz", name="isReady", handler=self.ready,
                says="Whether runs can be begun.", gives="Health", is_open=True, refuses=(503,),
            ),
            Operation(
                method="GET", path="/metrics", name="metrics", handler=self.metrics,
                says="What Prometheus collects.", gives="text/plain", is_open=self._open,
            ),
            Operation(
                method="GET", path="/openapi.json", name="openapi", handler=self.openapi,
                says="This document.",
            ),
        ]  # fmt: skip
