"""What people decide on calls that wait, and how their runs go on."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from agentkit.durable.database import Database
from agentkit.durable.inside import table
from agentkit.durable.listing import found_run
from agentkit.durable.records import stored
from agentkit.durable.tables import decisions
from agentkit.durable.workflow import apply, waiting
from agentkit.errors import ConfigError, DurableError
from agentkit.messages import FunctionCall


def decide(
    database: Database, run_id: str, call: FunctionCall | str | None, decision: Mapping[str, Any]
) -> None:
    """Keep a decision on a call that waits, and let its run go on.

    The decision is kept before anything else happens: should this process end here, a worker sees
    to the rest.

    Args:
        database: The database.
        run_id: The run.
        call: The call or its id; not needed where only one waits.
        decision: Its `kind`, and what belongs to that.

    Raises:
        ConfigError: The call does not wait, or it must be said which of several is meant.
        DurableError: There is no such run, it does not wait, or the call was decided on.
    """
    found = found_run(database, run_id)
    if found.state != "waiting":
        raise DurableError(f"The run {run_id!r} is {found.state}: no call of it waits.")
    run = found.run()
    places = waiting(run, found.saved.get("decided", {}))
    place, chosen = _chosen(places, call)
    apply(run, chosen, decision)  # what does not fit is refused here and now
    try:
        database.patiently(lambda: _keep(database, run_id, place, decision))
    except sa.exc.IntegrityError:
        raise DurableError(f"Somebody has decided on {chosen.name} of {run_id!r} before.") from None
    wake(database, run_id)


def _keep(database: Database, run_id: str, place: str, decision: Mapping[str, Any]) -> None:
    row = {
        "run": run_id,
        "place": place,
        "kind": decision["kind"],
        "decision": json.dumps(stored(dict(decision))),
        "seen": False,
        "at": time.time(),
    }
    with database.engine.begin() as connection:
        connection.execute(sa.insert(decisions).values(row))


def _chosen(
    places: Mapping[str, FunctionCall], wanted: FunctionCall | str | None
) -> tuple[str, FunctionCall]:
    same = [(p, c) for p, c in places.items() if wanted is None or wanted in (c, c.id)]
    if len(same) == 1:
        return same[0]
    names = ", ".join(f"{each.id} ({each.name})" for each in places.values())
    if wanted is None:
        raise ConfigError(f"Say which of the calls that wait is meant: {names}.")
    name = wanted.name if isinstance(wanted, FunctionCall) else repr(wanted)
    raise ConfigError(f"The call {name} does not wait; those that do: {names}.")


def wake(database: Database, run_id: str) -> None:
    """Let a run that waits go on, if there is a decision that it has not seen."""
    # Nobody else changes a run that waits: it is sure to wait still when it is put in its queue.
    with database.alone(f"run {run_id}"):
        found = found_run(database, run_id)
        if found.state != "waiting":
            return
        places = waiting(found.run(), found.saved.get("decided", {}))
        if set(database.patiently(lambda: _unseen(database, run_id))) & places.keys():
            step = database.patiently(lambda: last_step(database, run_id))
            put_back(database, run_id, step, found.job)


def wake_decided(database: Database) -> None:
    """`wake` all runs with decisions that they have not seen."""
    waits = sa.select(decisions.c.run).where(sa.not_(decisions.c.seen)).distinct()
    with database.engine.connect() as connection:
        runs = list(connection.scalars(waits))
    for run_id in runs:
        wake(database, run_id)


def forget(database: Database, run_id: str, kind: str) -> None:
    """Take back decisions of a kind."""
    mine = decisions.c.run == run_id, decisions.c.kind == kind

    def work() -> None:
        with database.engine.begin() as connection:
            connection.execute(sa.delete(decisions).where(*mine))

    database.patiently(work)


def put_back(
    database: Database, run_id: str, step: int, job: Mapping[str, Any], version: str | None = None
) -> None:
    """Put a run that has ended into its queue again: it does anew what it did from a step on."""
    client = database.client
    database.patiently(
        lambda: client.rewind_workflow(
            run_id,
            start_step=max(step, 1),
            queue_name=job.get("queue"),
            application_version=version,
        )
    )


def last_step(database: Database, run_id: str) -> int:
    """The number of a run's last step; 0 for one that has none."""
    steps = table(database.engine, "operation_outputs")
    mine = sa.select(sa.func.max(steps.c.function_id)).where(steps.c.workflow_uuid == run_id)
    with database.engine.connect() as connection:
        return connection.scalar(mine) or 0


def _unseen(database: Database, run_id: str) -> list[str]:
    mine = decisions.c.run == run_id, sa.not_(decisions.c.seen)
    with database.engine.connect() as connection:
        return list(connection.scalars(sa.select(decisions.c.place).where(*mine)))
