"""A worker: takes runs from queues, carries them out, and those of workers that died."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos import error as dbos_error

from agentkit.agent import Agent
from agentkit.durable.database import Database
from agentkit.durable.deciding import wake_decided
from agentkit.durable.inside import hand_over, set_concurrency, table
from agentkit.durable.limits import DatabaseLimits
from agentkit.durable.listing import WORKFLOW
from agentkit.durable.liveness import watch
from agentkit.durable.records import save_error
from agentkit.durable.steps import INTENT, Leaving, Steps
from agentkit.durable.workflow import Conduct, RunFailed
from agentkit.errors import ConfigError, DurableError, closest
from agentkit.log import log
from agentkit.shared_limits import sharing
from agentkit.workers import in_thread_awaited

_LOOK = 0.25  # seconds between looks at what was cancelled, decided, or left by the dead
_POLL = 0.1  # seconds between looks into a queue
_one = Lock()  # DBOS is one in a process


class Worker:
    """Carries out runs until it is stopped; `with` starts and stops it.

    Args:
        database: Where the runs are.
        agents: The agents, by name.
        version: Takes the runs of this version alone.
        queues: The queues to take runs from.
        concurrency: The most runs at once.
        deps: What tools find in their context: a function of what `submit(deps=)` was given, or the
            thing itself.
        grace: Seconds that calls in flight have to end when it stops.

    Raises:
        ConfigError: A setting does not fit.
    """

    def __init__(
        self,
        database: Database,
        agents: Mapping[str, Agent[Any]],
        *,
        version: str,
        queues: Sequence[str],
        concurrency: int,
        deps: Any = None,
        grace: float = 30.0,
    ) -> None:
        if type(concurrency) is not int or concurrency < 1:
            raise ConfigError(f"concurrency= is a whole number above 0, not {concurrency!r}.")
        if isinstance(queues, str) or not queues:
            raise ConfigError('queues= is a list of names, such as ["support"].')
        self.id = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
        self._database, self._agents, self._version = database, agents, version
        self._queues, self._concurrency, self._deps = list(queues), concurrency, deps
        self._grace = grace
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taken: set[str] = set()  # runs that are not this worker's any more
        self._stopping, self._stopped = Event(), Event()
        self._thread = Thread(target=self._look_around, name="agentkit worker", daemon=True)
        self._watch = watch(database, self.id)
        self._limits = DatabaseLimits(database.connections(pool_size=5, pool_pre_ping=False))
        self._connections = database.connections()

    def start(self) -> None:
        """Take runs from now on.

        Raises:
            ConfigError: There is a worker in this process already, or an agent has no interface.
            DurableError: The database cannot be reached or used.
        """
        for agent in self._agents.values():
            _ = agent.interface  # what is missing is told at once
        if not _one.acquire(blocking=False):
            raise ConfigError("There is a worker in this process already: a process has one.")
        try:
            self._database.prepare()
            self._database.patiently(self._watch.hold)
            for name in self._queues:  # those that are there at the start are looked at at once
                self._database.client.register_queue(
                    name, polling_interval_sec=_POLL, on_conflict="never_update"
                )
            self._launch()
        except BaseException:
            self._release()
            raise
        self._thread.start()

    def _launch(self) -> None:
        DBOS(
            config=DBOSConfig(
                name="agentkit",
                system_database_engine=self._connections,
                application_version=self._version,
                executor_id=self.id,
                run_migrations=False,
                serializer=DBOSPortableJSONSerializer(),
                notification_listener_polling_interval_sec=_POLL,
                use_listen_notify=False,
                log_level="ERROR",
            )
        )
        logging.getLogger("dbos").addFilter(_is_news)

        async def carry_out(job: dict[str, Any]) -> dict[str, Any]:
            return await self._carry_out(job)

        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(carry_out)
        DBOS.listen_queues(self._queues)
        DBOS.launch()
        set_concurrency(self._room)

    def _room(self) -> int:
        return 0 if self._stopping.is_set() else self._concurrency

    def stop(self) -> None:
        """Take no more runs, leave those that are here between two steps, and end.

        What they did is kept, and another worker goes on with them. Calls that take longer than
        the grace are cut off.
        """
        if self._stopped.is_set() or not self._thread.is_alive():
            return
        self._stopping.set()
        end = time.monotonic() + self._grace
        while self._tasks and time.monotonic() < end:
            time.sleep(_LOOK / 10)
        for run_id in list(self._tasks):
            self._leave(run_id)
        while self._tasks and time.monotonic() < end + 1:
            time.sleep(_LOOK / 10)
        self._stopped.set()
        self._thread.join()
        DBOS.destroy(destroy_registry=True)
        self._release()

    def _release(self) -> None:
        self._watch.close()
        self._connections.dispose()
        _one.release()

    def wait(self) -> None:
        """Wait until it is stopped."""
        while not self._stopped.wait(1.0):  # so that a signal is seen
            pass

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def _carry_out(self, job: dict[str, Any]) -> dict[str, Any]:
        """What DBOS calls for each run."""
        run_id = DBOS.workflow_id
        assert run_id is not None
        self._loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(self._conducted(run_id, job))
        self._tasks[run_id] = task
        try:
            return await task
        except Leaving:
            raise dbos_error.DBOSWorkflowConflictIDError(run_id) from None
        except asyncio.CancelledError:
            if run_id not in self._taken:
                raise
            raise dbos_error.DBOSWorkflowConflictIDError(run_id) from None
        finally:
            if self._tasks.get(run_id) is task:
                del self._tasks[run_id]
                self._taken.discard(run_id)

    async def _conducted(self, run_id: str, job: dict[str, Any]) -> dict[str, Any]:
        agent = self._agents.get(job["agent"])
        if agent is None:
            hint = closest(job["agent"], self._agents)
            error = DurableError(
                f"The worker {self.id} has no agent {job['agent']!r}, only "
                f"{', '.join(self._agents)}.{hint}"
            )
            raise RunFailed(error, {"state": "failed", "error": save_error(error)})
        unknown = await in_thread_awaited(
            self._database.patiently, lambda: _unknown(self._database.engine, run_id)
        )
        given = job.get("deps")
        deps = self._deps(given) if callable(self._deps) else given
        if self._deps is not None and not callable(self._deps) and given is None:
            deps = self._deps
        steps = Steps(unknown, self._stopping.is_set)
        with sharing(self._limits):
            return await Conduct(agent, job, run_id, steps, self._database, deps).run()

    def _look_around(self) -> None:
        """Until it is stopped: what was cancelled or taken over, who died, what was decided."""
        looks: list[Callable[[], None]] = [
            self._watch.hold,
            self._leave_what_was_taken,
            self._take_from_the_dead,
            lambda: wake_decided(self._database),
        ]
        failing = False
        while not self._stopped.wait(_LOOK):
            try:
                for look in looks:
                    look()
                failing = False
            except Exception as error:  # the database may be away; it is tried again
                if not failing:
                    kind = type(getattr(error, "orig", None) or error).__name__
                    log.warning("worker %s cannot look around: %s", self.id, kind)
                failing = True

    def _leave_what_was_taken(self) -> None:
        """Stop runs that were cancelled, or that others carry out by now."""
        here = list(self._tasks)
        if not here:
            return
        rows = table(self._database.engine, "workflow_status")
        mine = sa.select(rows.c.workflow_uuid).where(
            rows.c.workflow_uuid.in_(here),
            rows.c.status == "PENDING",
            rows.c.executor_id == self.id,
        )
        with self._database.engine.connect() as connection:
            still = set(connection.scalars(mine))
        for run_id in here:
            if run_id not in still:
                self._leave(run_id)

    def _leave(self, run_id: str) -> None:
        task = self._tasks.get(run_id)
        if task is not None and self._loop is not None:
            self._taken.add(run_id)
            self._loop.call_soon_threadsafe(task.cancel)

    def _take_from_the_dead(self) -> None:
        rows = table(self._database.engine, "workflow_status")
        busy = sa.select(rows.c.executor_id).where(
            rows.c.status == "PENDING",
            rows.c.application_version == self._version,
            rows.c.executor_id != self.id,
        )
        with self._database.engine.connect() as connection:
            others = [str(each) for each in connection.scalars(busy.distinct())]
        dead = self._watch.dead(others)
        try:
            if dead and (count := hand_over(dead)):
                log.warning("%d runs of %s go on elsewhere", count, ", ".join(dead))
        finally:
            self._watch.forget(dead)


def _unknown(engine: sa.Engine, run_id: str) -> dict[int, str]:
    """The notes that a call is about to run which no call follows, by their numbers: their keys."""
    steps = table(engine, "operation_outputs")
    mine = sa.select(steps.c.function_id, steps.c.function_name, steps.c.output).where(
        steps.c.workflow_uuid == run_id
    )
    prefix = INTENT.format("")
    with engine.connect() as connection:
        found = {number: (name, text) for number, name, text in connection.execute(mine)}
    return {
        number: json.loads(text)["key"]
        for number, (name, text) in found.items()
        if name.startswith(prefix) and number + 1 not in found
    }


def _is_news(record: logging.LogRecord) -> bool:
    """Whether DBOS says what is not said elsewhere: how runs end is stored with them."""
    return "in asynchronous workflow" not in record.getMessage()
