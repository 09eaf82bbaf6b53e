"""Forgetting runs that ended long ago."""

from __future__ import annotations

import json
import time
from typing import Any

import sqlalchemy as sa

from agentkit.durable.database import Database
from agentkit.durable.inside import ENDED, remove, table
from agentkit.durable.listing import WORKFLOW
from agentkit.durable.tables import decisions
from agentkit.errors import ConfigError

_DAY = 86_400  # seconds
_AT_ONCE = 500  # runs

Place = tuple[int, str]  # of a run among those that ended: when it did, and its id


def prune(database: Database, days: float) -> int:
    """Forget runs that ended longer ago, and tell how many.

    Args:
        database: The database.
        days: How long ago.

    Raises:
        ConfigError: It is no such number.
        DurableError: The database cannot be used.
    """
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days < 1e5:
        raise ConfigError(f"days= is a number from 0 on, not {days!r}.")
    database.prepare()
    before, forgotten = int((time.time() - days * _DAY) * 1000), 0
    place: Place | None = (-1, "")
    while place is not None:
        old, place = _found(database, before, place)
        forgotten += forget_runs(database, old)
    return forgotten


def _found(database: Database, before: int, place: Place) -> tuple[list[str], Place | None]:
    """The next runs to be forgotten, and the place after them, if there may be more."""
    runs = table(database.engine, "workflow_status").alias("runs")
    outputs = table(database.engine, "workflow_output").alias("outputs")
    columns = runs.c.completed_at, runs.c.workflow_uuid
    query = (
        sa.select(*columns, sa.func.coalesce(outputs.c.output, runs.c.output))
        .outerjoin_from(runs, outputs, outputs.c.workflow_uuid == runs.c.workflow_uuid)
        .where(
            runs.c.completed_at <= before,  # which has an index
            sa.tuple_(*columns) > place,
            runs.c.status.in_(ENDED),
            runs.c.name == WORKFLOW,
        )
        .order_by(*columns)
        .limit(_AT_ONCE)
    )

    def work() -> list[Any]:
        with database.engine.connect() as connection:
            return list(connection.execute(query))

    rows = database.patiently(work)
    old = [run_id for _, run_id, output in rows if not _waits(output)]
    return old, (rows[-1][0], rows[-1][1]) if len(rows) == _AT_ONCE else None


def _waits(output: str | None) -> bool:
    """Whether a run that DBOS has done with waits for a person."""
    found = json.loads(output) if output else None
    return isinstance(found, dict) and found.get("state") == "waiting"


def forget_runs(database: Database, runs: list[str]) -> int:
    """Forget those of some runs that have ended, all of them or none, and tell how many."""

    def work() -> int:
        with database.engine.begin() as connection:
            gone = remove(connection, runs)
            connection.execute(sa.delete(decisions).where(decisions.c.run.in_(gone)))
            return len(gone)

    return database.patiently(work) if runs else 0
