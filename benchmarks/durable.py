"""What durable runs cost: milliseconds a step, runs a second, bytes a run.

    python benchmarks/durable.py                                         # SQLite, one worker
    python benchmarks/durable.py --database postgresql://... --workers 1 2 4

The model answers at once, in the worker's own process, so that what is measured is the client, DBOS
and the database. A run has four steps: what it begins with, a request, a call, a request. Nothing
else is to use the database meanwhile.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from journal import Instant, note

from agentkit import Agent, Limits
from agentkit.durable import Engine
from agentkit.durable.database import Database
from agentkit.durable.inside import table

_LOOK = 0.02  # seconds between looks at how many runs are done
_LONG = 200  # replies that the long run takes, each of them two steps


def engine(database: str) -> Engine:
    """The engine, for workers and for who submits."""
    limits = Limits(steps=None)
    agents = {
        "short": Agent([note], Instant(1), limits=limits),
        "long": Agent([note], Instant(_LONG), limits=limits),
    }
    return Engine(database, agents)


def measured(address: str, workers: int, runs: int) -> dict[str, Any]:
    """Submit runs, let workers carry them out, and tell what that came to."""
    made, database = engine(address), Database(address)
    made.migrate()
    size, there = _bytes(database), _done(database)
    begun = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: made.submit("short", f"Note {n}."), range(runs)))
    submitting = time.perf_counter() - begun
    command = [sys.executable, __file__, "--be-worker", "--database", address]
    processes = [subprocess.Popen(command) for _ in range(workers)]
    try:
        first, begun = _wait(database, there + 1)
        last, ended = _wait(database, there + runs)
        grown = _bytes(database) - size
        alone = time.perf_counter()
        made.result(made.submit("long", "Note much."))
        alone = time.perf_counter() - alone
    finally:
        for each in processes:
            each.terminate()
        for each in processes:
            each.wait()
    return {
        "database": database.url.get_backend_name(),
        "workers": workers,
        "submitted_per_second": round(runs / submitting),
        "finished_per_second": round((last - first) / (ended - begun), 1),
        "ms_per_step_of_one_run": round(1000 * alone / (2 * _LONG), 2),
        "bytes_per_run": round(grown / runs),
    }


def _wait(database: Database, count: int) -> tuple[int, float]:
    while (done := _done(database)) < count:
        time.sleep(_LOOK)
    return done, time.perf_counter()


def _done(database: Database) -> int:
    rows = table(database.engine, "workflow_status")
    count = sa.select(sa.func.count()).select_from(rows).where(rows.c.status == "SUCCESS")
    with database.engine.connect() as connection:
        return connection.scalar(count) or 0


def _bytes(database: Database) -> int:
    if database.is_sqlite:
        path = str(database.url.database)
        return sum(Path(path + end).stat().st_size for end in ("", "-wal"))
    with database.engine.connect() as connection:
        return connection.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--database", default="")
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--be-worker", action="store_true")
    given = parser.parse_args()
    if given.be_worker:
        with engine(given.database).worker(concurrency=50) as worker:
            worker.wait()
        return
    for workers in given.workers:
        with tempfile.TemporaryDirectory() as place:
            address = given.database or str(Path(place) / "runs.db")
            print(json.dumps(measured(address, workers, given.runs)), flush=True)


if __name__ == "__main__":
    main()
