"""Forgetting runs that ended long ago."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import sqlalchemy as sa

from agentkit.durable.database import Database
from agentkit.durable.inside import ENDED, remove
from agentkit.durable.listing import WORKFLOW, FoundRun
from agentkit.durable.tables import decisions
from agentkit.errors import ConfigError

_DAY = 86_400  # seconds
_AT_ONCE = 200  # runs; their outputs are read, as that tells who waits


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
    before = datetime.fromtimestamp(time.time() - days * _DAY, UTC).isoformat()
    client, forgotten, kept = database.client, 0, 0
    while True:
        rows = database.patiently(
            lambda at=kept: client.list_workflows(  # type: ignore[misc]
                name=WORKFLOW,
                status=list(ENDED),
                completed_before=before,
                load_input=False,
                limit=_AT_ONCE,
                offset=at,
            )
        )
        old = [row.workflow_id for row in rows if FoundRun(row).state != "waiting"]
        forgotten += forget_runs(database, old)
        kept += len(rows) - len(old)
        if len(rows) < _AT_ONCE:
            return forgotten


def forget_runs(database: Database, runs: list[str]) -> int:
    """Forget those of some runs that have ended, all of them or none, and tell how many."""

    def work() -> int:
        with database.engine.begin() as connection:
            gone = remove(connection, runs)
            connection.execute(sa.delete(decisions).where(decisions.c.run.in_(gone)))
            return len(gone)

    return database.patiently(work) if runs else 0
