"""What agentkit needs of DBOS's inside: the reason why its minor is pinned, and all in one place.

Each of these was read in dbos 3.4.0: recovery of the runs of a named worker is there, atomic (it
looks at the row's worker and state in one statement), and not public; so is a limit of runs for one
worker, where the public one is shared by all workers of a queue. The public way to delete runs does
not look whether they have been resumed meanwhile.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, _sys_db
from dbos._dbos import _get_dbos_instance
from dbos._error import DBOSException
from dbos._utils import retriable_postgres_exception

from agentkit.durable.database import may_pass

_LONGEST = 2.0  # seconds between tries while the database is away


def set_concurrency(most: Callable[[], int]) -> None:
    """Let this process have so many runs at once, of all queues together, whatever others have."""
    instance = _get_dbos_instance()
    system, active = instance._sys_db, instance._active_workflows_set
    inner = system.get_queue

    def get_queue(name: str) -> Any:
        queue = inner(name)
        if queue is not None:
            room = max(0, most() - len(active.activeList()))
            queue._worker_concurrency = active.count_for_queue(name) + room
        return queue

    vars(system)["get_queue"] = get_queue


def _is_of_server(error: sa.exc.DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) is not None


class _Impatient:
    """The module `time`; its sleep after an error is never long, and raises one when it is over."""

    def __init__(self, over: Event) -> None:
        self._over = over

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        """Sleep so long, or as long as it takes to try again."""
        if sys.exception() is None:  # it is the pause between two looks at something
            time.sleep(seconds)
        elif self._over.wait(min(seconds, _LONGEST)):
            raise DBOSException("The worker has stopped while its database was away.")


def wait_for_the_database(over: Event) -> None:
    """Let DBOS wait for a database that is away, and look for it every other second.

    By itself it doubles the pause up to a minute and a half, for which runs would stand still
    after the database is back; and it takes a server that is read-only for now, as one that takes
    over from another may be, or whose disk fails, for an error of the run.

    Args:
        over: Set when nothing is to be waited for any more.
    """
    known = retriable_postgres_exception

    def retriable(error: Exception) -> bool:
        passes = isinstance(error, sa.exc.DBAPIError) and _is_of_server(error) and may_pass(error)
        return passes or known(error)

    vars(_sys_db).update(time=_Impatient(over), retriable_postgres_exception=retriable)


def hand_over(workers: Sequence[str]) -> int:
    """Put the runs of workers that are no more back into their queues, and tell how many."""
    return len(DBOS._recover_pending_workflows(list(workers)))


ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""The states in which DBOS does nothing more for a run."""


def remove(connection: sa.Connection, runs: Sequence[str]) -> list[str]:
    """Delete those of some runs that have ended, with their steps, and tell which.

    Whoever resumes one meanwhile finds that it is gone, or keeps it from being deleted.
    """
    rows = table(connection, "workflow_status")
    ended = rows.c.workflow_uuid.in_(runs), rows.c.status.in_(ENDED)
    gone = list(connection.scalars(sa.delete(rows).where(*ended).returning(rows.c.workflow_uuid)))
    for name in ("workflow_input", "workflow_output", "operation_outputs"):  # the rest cascades
        part = table(connection, name)
        connection.execute(sa.delete(part).where(part.c.workflow_uuid.in_(gone)))
    return gone


def put_back_own(engine: sa.Engine, run_id: str, token: str) -> None:
    """Put a run back into its queue, if somebody has it by this token.

    Whoever carries it out by that can record nothing any more.
    """
    rows = table(engine, "workflow_status")
    update = (
        sa.update(rows)
        .where(rows.c.workflow_uuid == run_id, rows.c.owner_xid == token)
        .where(rows.c.status == "PENDING")
        .values(status="ENQUEUED", owner_xid=None, started_at_epoch_ms=None)
    )
    with engine.begin() as connection:
        connection.execute(update)


def table(engine: sa.Engine | sa.Connection, name: str) -> sa.TableClause:
    """A table of DBOS."""
    schema = None if engine.dialect.name == "sqlite" else "dbos"
    return sa.table(name, *map(sa.column, _COLUMNS), schema=schema)


_COLUMNS = (
    "workflow_uuid",
    "status",
    "executor_id",
    "application_version",
    "completed_at",
    "name",
    "function_id",
    "function_name",
    "output",
    "owner_xid",
    "started_at_epoch_ms",
)
