"""What can be asked of durable runs, awaited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from agentkit.durable.gathering import Gathering
from agentkit.durable.listing import DurableRun, DurableStep
from agentkit.durable.runs import Runs, pauses, too_late
from agentkit.messages import FunctionCall
from agentkit.run import Run
from agentkit.workers import in_thread_awaited


class AwaitedRuns(Runs):
    """`Runs`, with each method awaited too: the database is asked in a thread."""

    async def aresult(self, run_id: str, *, timeout: float | None = None) -> Run[Any]:
        """`result`, awaited."""
        begun, waits = time.monotonic(), pauses()
        while (found := await in_thread_awaited(self._ended, run_id)) is None:
            too_late(run_id, begun, timeout)
            await asyncio.sleep(next(waits))
        return await in_thread_awaited(self._came_to, found)

    async def astored(self, run_id: str) -> Run[Any]:
        """`stored`, awaited."""
        return await in_thread_awaited(self.stored, run_id)

    async def acancel(self, run_id: str) -> None:
        """`cancel`, awaited."""
        await in_thread_awaited(self.cancel, run_id)

    async def aresume(self, run_id: str) -> None:
        """`resume`, awaited."""
        await in_thread_awaited(self.resume, run_id)

    async def afork(self, run_id: str, step: int) -> str:
        """`fork`, awaited."""
        return await in_thread_awaited(self.fork, run_id, step)

    async def aapprove(
        self,
        run_id: str,
        call: FunctionCall | str | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """`approve`, awaited."""
        await in_thread_awaited(self.approve, run_id, call, arguments)

    async def adeny(
        self, run_id: str, call: FunctionCall | str | None = None, why: str = ""
    ) -> None:
        """`deny`, awaited."""
        await in_thread_awaited(self.deny, run_id, call, why)

    async def aanswer(self, run_id: str, call: FunctionCall | str | None, result: str) -> None:
        """`answer`, awaited."""
        await in_thread_awaited(self.answer, run_id, call, result)

    async def aruns(
        self, *, state: str | None = None, queue: str | None = None, limit: int = 100
    ) -> list[DurableRun]:
        """`runs`, awaited."""
        return await in_thread_awaited(lambda: self.runs(state=state, queue=queue, limit=limit))

    async def asteps(self, run_id: str) -> list[DurableStep]:
        """`steps`, awaited."""
        return await in_thread_awaited(self.steps, run_id)

    def gathering(self) -> Gathering:
        """What waits for many runs at once, on one event loop."""
        return Gathering(self.database)
