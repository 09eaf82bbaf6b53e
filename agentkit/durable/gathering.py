"""Waiting for many runs at once."""

from __future__ import annotations

import asyncio

from agentkit.durable.database import Database
from agentkit.durable.listing import WORKFLOW, FoundRun, found_run
from agentkit.workers import in_thread_awaited

_LOOK = 0.2  # seconds between looks
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


class Gathering:
    """Waits for any number of runs: one question to the database is for all of them.

    It belongs to one event loop.

    Args:
        database: Where the runs are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted: dict[str, asyncio.Future[FoundRun]] = {}
        self._task: asyncio.Task[None] | None = None

    async def ended(self, run_id: str) -> FoundRun:
        """A run, once it has ended or waits for a person.

        Raises:
            DurableError: The database cannot be used.
        """
        wanted = self._wanted.get(run_id)
        if wanted is None:
            wanted = self._wanted[run_id] = asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        return await asyncio.shield(wanted)

    async def _look(self) -> None:
        try:
            while self._wanted:
                for run_id in await in_thread_awaited(self._over, list(self._wanted)):
                    found = await in_thread_awaited(found_run, self._database, run_id)
                    self._wanted.pop(run_id).set_result(found)
                await asyncio.sleep(_LOOK)
        except Exception as error:
            for wanted in self._wanted.values():
                wanted.set_exception(error)
            self._wanted.clear()

    def _over(self, run_ids: list[str]) -> list[str]:
        client = self._database.client
        rows = self._database.patiently(
            lambda: client.list_workflows(
                workflow_ids=run_ids,
                name=WORKFLOW,
                status=_OVER,
                load_input=False,
                load_output=False,
            )
        )
        return [row.workflow_id for row in rows]
