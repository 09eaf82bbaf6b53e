"""What a worker looks after beside its runs: who died, and which runs are its own no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import sqlalchemy as sa

from agentkit.durable.database import Database
from agentkit.durable.deciding import wake_decided
from agentkit.durable.inside import hand_over, put_back_own, table
from agentkit.durable.liveness import SURE, watch
from agentkit.log import log

LOOK = 0.25
"""Seconds between looks."""

_ENOUGH = 5.0  # seconds to wait for a look, which may be waiting for the database
_STRAY = 10.0  # seconds for which a worker may have a run that it does not carry out


class Here:
    """The runs that a worker carries out."""

    def __init__(self) -> None:
        self.tasks: dict[str, asyncio.Task[object]] = {}
        self.left: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, run_id: str, task: asyncio.Task[object]) -> None:
        """Have a run here; one that was taken from here and came back leaves what was before."""
        self._loop = asyncio.get_running_loop()
        if before := self.tasks.get(run_id):
            self.leave(before)
        self.tasks[run_id] = task

    def remove(self, run_id: str, task: asyncio.Task[object]) -> None:
        """Have it no more."""
        self.left.discard(task)
        if self.tasks.get(run_id) is task:
            del self.tasks[run_id]

    def await_soon(self, awaitable: Coroutine[Any, Any, None]) -> None:
        """Await something where the runs are; what takes long is not waited for."""
        if self._loop is None:
            awaitable.close()
            return
        future = asyncio.run_coroutine_threadsafe(awaitable, self._loop)
        with suppress(Exception):
            future.result(_ENOUGH)

    def leave(self, task: asyncio.Task[object]) -> None:
        """Stop to carry a run out, once: what cleans up is not cut off."""
        if task not in self.left and not task.done() and self._loop is not None:
            self.left.add(task)
            self._loop.call_soon_threadsafe(task.cancel)


class Lookout:
    """Looks around in threads of its own while a worker lives.

    Args:
        database: Where the runs are.
        worker: The worker's id.
        version: Of the runs that it takes.
        here: Those that it carries out.
    """

    def __init__(self, database: Database, worker: str, version: str, here: Here) -> None:
        self._database, self._worker, self._version = database, worker, version
        self._here = here
        self._watch = watch(database, worker)
        self._strays: dict[tuple[str, str], float] = {}
        self._looked = 0.0  # when it was last sure which runs are the worker's
        self._stopped = Event()
        looks: list[list[Callable[[], None]]] = [
            [self._watch.hold, self._take_from_the_dead],  # which nothing may keep waiting
            [self._leave_what_was_taken],
            [lambda: wake_decided(database), self._put_strays_back],
        ]
        self._threads = [
            Thread(target=self._look_around, args=[each], name="agentkit worker", daemon=True)
            for each in looks
        ]

    @property
    def runs(self) -> bool:
        """Whether it looks around."""
        return self._threads[0].is_alive()

    @property
    def is_seen(self) -> bool:
        """Whether others can see that the worker lives."""
        return self._watch.is_held

    async def sure(self, since: float) -> None:
        """Wait until a run is surely the worker's own; who has lost it does not come back.

        A worker that was paused or cut off is seen to live, and finds what it does not have any
        more, before it begins anything.

        Args:
            since: When the run was taken.
        """
        while not self.is_seen or time.monotonic() - max(since, self._looked) > SURE:
            await asyncio.sleep(LOOK / 10)

    def hold(self) -> None:
        """Show that the worker lives, from now on."""
        self._database.patiently(self._watch.hold)

    def start(self) -> None:
        """Look around from now on."""
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        """Look no more; the worker is still seen to live until `close`."""
        self._stopped.set()
        for each in self._threads:
            each.join(_ENOUGH)

    def close(self) -> None:
        """Let others have the worker's runs."""
        self._watch.close()

    def _look_around(self, looks: list[Callable[[], None]]) -> None:
        failing = False
        while not self._stopped.wait(LOOK):
            try:
                for look in looks:
                    look()
                failing = False
            except Exception as error:  # the database may be away; it is tried again
                if not failing:
                    kind = type(getattr(error, "orig", None) or error).__name__
                    log.warning("worker %s cannot look around: %s", self._worker, kind)
                failing = True

    def _leave_what_was_taken(self) -> None:
        """Stop runs that were cancelled, or that others carry out by now."""
        now, here = time.monotonic(), dict(self._here.tasks)
        if here:
            mine = self._mine(here)
            for run_id, task in here.items():
                if run_id not in mine:
                    self._here.leave(task)
        self._looked = now

    def _mine(self, among: dict[str, asyncio.Task[object]] | None = None) -> dict[str, str]:
        """The runs that are the worker's by the tables, with the tokens it has them by."""
        rows = table(self._database.engine, "workflow_status")
        mine = sa.select(rows.c.workflow_uuid, rows.c.owner_xid).where(
            rows.c.status == "PENDING", rows.c.executor_id == self._worker
        )
        if among is not None:
            mine = mine.where(rows.c.workflow_uuid.in_(list(among)))
        with self._database.engine.connect() as connection:
            return {run_id: str(token) for run_id, token in connection.execute(mine)}

    def _take_from_the_dead(self) -> None:
        rows = table(self._database.engine, "workflow_status")
        busy = sa.select(rows.c.executor_id).where(
            rows.c.status == "PENDING",
            rows.c.application_version == self._version,
            rows.c.executor_id != self._worker,
        )
        with self._database.engine.connect() as connection:
            others = [str(each) for each in connection.scalars(busy.distinct())]
        dead = self._watch.dead(others)
        try:
            if dead and (count := hand_over(dead)):
                log.warning("%d runs of %s go on elsewhere", count, ", ".join(dead))
        finally:
            self._watch.forget(dead)

    def _put_strays_back(self) -> None:
        """Put runs back that this worker has by the tables, and does not carry out.

        The database went away when it was about to say that they were taken, or how they ended.
        """
        now = time.monotonic()
        tokens = {pair for pair in self._mine().items() if pair[0] not in self._here.tasks}
        self._strays = {pair: self._strays.get(pair, now) for pair in tokens}
        for (run_id, token), since in self._strays.items():
            if now - since > _STRAY:
                log.warning("the run %s was taken and not begun: it is put back", run_id)
                put_back_own(self._database.engine, run_id, token)
