"""What agentkit needs of DBOS's inside: the reason why its minor is pinned, and all in one place.

Each of these was read in dbos 3.4.0: recovery of the runs of a named worker is there, atomic (it
looks at the row's worker and state in one statement), and not public; so is a limit of runs for one
worker, where the public one is shared by all workers of a queue. The public way to delete runs does
not look whether they have been resumed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from dbos import DBOS
from dbos._dbos import _get_dbos_instance


def set_concurrency(room: Callable[[], int]) -> None:
    """Let this process have so many runs of each queue at once, whatever others have."""
    system = _get_dbos_instance()._sys_db
    inner = system.get_queue

    def get_queue(name: str) -> Any:
        queue = inner(name)
        if queue is not None:
            queue._worker_concurrency = room()
        return queue

    vars(system)["get_queue"] = get_queue


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
)
