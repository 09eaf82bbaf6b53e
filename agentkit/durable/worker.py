"""A worker: takes runs from queues, carries them out, and those of workers that died."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import time
from collections.abc import Mapping, Sequence
from functools import partial
from threading import Event, Lock
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos import error as dbos_error

from agentkit.agent import Agent
from agentkit.durable.database import Database
from agentkit.durable.inside import set_concurrency, table, wait_for_the_database
from agentkit.durable.limits import DatabaseLimits
from agentkit.durable.listing import WORKFLOW
from agentkit.durable.lookout import LOOK, Here, Lookout
from agentkit.durable.records import save_error
from agentkit.durable.steps import INTENT, Leaving, Steps
from agentkit.durable.workflow import Conduct, RunFailed
from agentkit.errors import ConfigError, DurableError, closest
from agentkit.patience import one_of_many
from agentkit.shared_limits import sharing
from agentkit.workers import in_thread_awaited

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
        connections: The most connections to the database for its runs; it has 16 others.

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
        connections: int = 20,
    ) -> None:
        for name, number in (("concurrency", concurrency), ("connections", connections)):
            if type(number) is not int or number < 1:
                raise ConfigError(f"{name}= is a whole number above 0, not {number!r}.")
        if isinstance(queues, str) or not queues:
            raise ConfigError('queues= is a list of names, such as ["support"].')
        self.id = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
        self._database, self._agents, self._version = database, agents, version
        self._queues, self._concurrency, self._deps = list(queues), concurrency, deps
        self._grace, self._places = grace, asyncio.Semaphore(concurrency)
        self._here = Here()
        self._lookout = Lookout(database, self.id, version, self._here)
        self._stopping, self._stopped = Event(), Event()
        self._limits = DatabaseLimits(database.connections(pool_size=5, pool_pre_ping=False))
        self._connections = database.connections(pool_size=connections)

    def start(self) -> None:
        """Take runs from now on.

        Raises:
            ConfigError: There is a worker in this process already, or an agent cannot run.
            DefinitionError: A tool of an agent cannot be offered.
            DurableError: The database cannot be reached or used.
        """
        for agent in self._agents.values():
            agent.check()
        if not _one.acquire(blocking=False):
            raise ConfigError("There is a worker in this process already: a process has one.")
        try:
            self._database.prepare()
            self._lookout.hold()
            for name in self._queues:  # those that are there at the start are looked at at once
                self._database.client.register_queue(
                    name, polling_interval_sec=_POLL, on_conflict="never_update"
                )
            self._launch()
        except BaseException:
            self._release()
            raise
        self._lookout.start()

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
        _let_others_log()

        async def carry_out(job: dict[str, Any]) -> dict[str, Any]:
            return await self._carry_out(job)

        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(carry_out)
        DBOS.listen_queues(self._queues)
        wait_for_the_database(self._stopped)
        DBOS.launch()
        set_concurrency(self._room)

    def _room(self) -> int:
        # Who is not seen to live takes nothing: it would be taken away again.
        takes = self._lookout.is_seen and not self._stopping.is_set()
        return self._concurrency if takes else 0

    def stop(self) -> None:
        """Take no more runs, leave those that are here between two steps, and end.

        What they did is kept, and another worker goes on with them. Calls that take longer than
        the grace are cut off.
        """
        if self._stopped.is_set() or not self._lookout.runs:
            return
        self._stopping.set()
        end = time.monotonic() + self._grace
        while self._here.tasks and time.monotonic() < end:
            time.sleep(LOOK / 10)
        for task in list(self._here.tasks.values()):
            self._here.leave(task)
        while self._here.tasks and time.monotonic() < end + 1:
            time.sleep(LOOK / 10)
        self._stopped.set()
        self._lookout.stop()
        for agent in self._agents.values():
            self._here.await_soon(agent.interface.aclose())
        DBOS.destroy(destroy_registry=True)
        self._release()

    def _release(self) -> None:
        self._lookout.close()
        self._limits.close()
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
        task = asyncio.ensure_future(self._conducted(run_id, job))
        self._here.add(run_id, task)
        try:
            return await task
        except Leaving:
            raise dbos_error.DBOSWorkflowConflictIDError(run_id) from None
        except asyncio.CancelledError:
            if task in self._here.left:
                raise dbos_error.DBOSWorkflowConflictIDError(run_id) from None
            if (outer := asyncio.current_task()) is None or outer.cancelling():
                raise
            raise _failed("A tool of the run cancelled the run that it was called by.") from None
        finally:
            self._here.remove(run_id, task)

    async def _conducted(self, run_id: str, job: dict[str, Any]) -> dict[str, Any]:
        agent = self._agents.get(job["agent"])
        if agent is None:
            hint = closest(job["agent"], self._agents)
            raise _failed(
                f"The worker {self.id} has no agent {job['agent']!r}, only "
                f"{', '.join(self._agents)}.{hint}"
            )
        database = self._database.without_end()
        sure = partial(self._lookout.sure, time.monotonic())  # not from after a database was away
        unknown = await in_thread_awaited(
            database.patiently, lambda: _unknown(database.engine, run_id)
        )
        steps = Steps(unknown, self._stopping.is_set, sure)
        one_of_many.set(True)  # in this run's own task
        async with self._places:  # queues are looked into side by side, and may take too many
            deps = self._deps_for(job.get("deps"))
            with sharing(self._limits):
                return await Conduct(agent, job, run_id, steps, database, deps).run()

    def _deps_for(self, given: Any) -> Any:
        if not callable(self._deps):
            return self._deps if given is None else given
        try:
            return self._deps(given)
        except Exception as error:
            raise RunFailed(error, {"state": "failed", "error": save_error(error)}) from None


def _failed(why: str) -> RunFailed:
    error = DurableError(why)
    return RunFailed(error, {"state": "failed", "error": save_error(error)})


def _unknown(engine: sa.Engine, run_id: str) -> dict[int, str]:
    """The notes that a call is about to run which no call follows, by their numbers: their keys."""
    steps = table(engine, "operation_outputs")
    is_note = steps.c.function_name.startswith(INTENT.format(""), autoescape=True)
    note = sa.case((is_note, steps.c.output))
    mine = sa.select(steps.c.function_id, note).where(steps.c.workflow_uuid == run_id)
    with engine.connect() as connection:
        notes = {number: text for number, text in connection.execute(mine)}
    return {
        number: json.loads(text)["key"]
        for number, text in notes.items()
        if text is not None and number + 1 not in notes
    }


def _let_others_log() -> None:
    """Let DBOS log as all others do, and not to what stderr was when it was imported."""
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True
    logger.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether DBOS says what is not said elsewhere: how runs end is stored with them."""
    return "in asynchronous workflow" not in record.getMessage()
