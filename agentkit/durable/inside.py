"""What agentkit needs of DBOS's inside: the reason why its minor is pinned, and all in one place.

Each of these was read in dbos 3.4.0: recovery of the runs of a named worker is there, atomic (it
looks at the row's worker and state in one statement), and not public; so is a limit of runs for one
worker, where the public one is shared by all workers of a queue.
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


def table(engine: sa.Engine, name: str) -> sa.TableClause:
    """A table of DBOS, to read from."""
    schema = None if engine.dialect.name == "sqlite" else "dbos"
    return sa.table(name, *map(sa.column, _COLUMNS), schema=schema)


_COLUMNS = (
    "workflow_uuid",
    "status",
    "executor_id",
    "application_version",
    "function_id",
    "function_name",
    "output",
)
