"""The processes that are a campaign's victims, and who of them has which run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from waiting import until
from warm import python

WORKER = Path(__file__).with_name("campaign_worker.py")


@dataclass
class WorkerProcess:
    """A worker in a process of its own; see `Crew`."""

    process: subprocess.Popen[str]
    id: str = ""

    def is_alive(self) -> bool:
        return self.process.poll() is None


@dataclass
class Crew:
    """The workers of a campaign, each of which may be killed; a context that ends them all.

    Args:
        settings: What `engine_of` is called with in each.
        concurrency: How many runs each has at once.
        grace: Seconds that each has to stop.
    """

    settings: dict[str, Any]
    concurrency: int = 25
    grace: float = 30.0
    workers: list[WorkerProcess] = field(default_factory=list)

    def begin(self, count: int = 1, **changes: Any) -> list[WorkerProcess]:
        """Start workers, and wait until they take runs."""
        new = [self._begun({**self.settings, **changes}) for _ in range(count)]
        for each in new:
            assert each.process.stdout is not None
            each.id = each.process.stdout.readline().strip()
            assert each.id, f"the worker ended with {each.process.wait()}: {self.errors()}"
        self.workers += new
        return new

    def _begun(self, engine: dict[str, Any]) -> WorkerProcess:
        settings = {"engine": engine, "concurrency": self.concurrency, "grace": self.grace}
        # What measures coverage keeps a database of its own, which does not survive a kill.
        clean = {name: value for name, value in os.environ.items() if "COV" not in name}
        with open(f"{self.settings['place']}/errors.log", "a") as errors:
            return WorkerProcess(
                python(
                    *(WORKER, json.dumps(settings)),
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=clean,
                    text=True,
                )
            )

    def errors(self) -> str:
        """What the workers wrote on stderr."""
        return Path(self.settings["place"], "errors.log").read_text()

    def kill(self, victim: WorkerProcess) -> float:
        """End a worker that lives by signal 9, and tell when."""
        assert victim.is_alive(), f"a worker ended by itself: {self.errors()}"
        victim.process.send_signal(signal.SIGKILL)
        at = time.time()
        assert victim.process.wait() == -signal.SIGKILL
        self._forget(victim)
        return at

    def stop(self, worker: WorkerProcess) -> None:
        """End a worker as one does."""
        assert worker.is_alive(), f"a worker ended by itself: {self.errors()}"
        worker.process.terminate()
        assert worker.process.wait(60) == 0, self.errors()
        self._forget(worker)

    def _forget(self, worker: WorkerProcess) -> None:
        assert worker.process.stdout is not None
        worker.process.stdout.close()
        self.workers.remove(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in list(self.workers):
            each.process.kill()
            each.process.wait()
            self._forget(each)


class Scout:
    """Sees in the tables who carries out what: every 50 ms, by a connection of its own; a context.

    Args:
        engine: Asked through its database.
    """

    def __init__(self, engine: Any) -> None:
        import sqlalchemy as sa

        from agentkit.durable.database import Database

        self.database = Database(engine.database.url.render_as_string(hide_password=False))
        schema = "" if self.database.is_sqlite else "dbos."
        self._sql = sa.text(
            "SELECT workflow_uuid, status, executor_id, started_at_epoch_ms, owner_xid "
            f"FROM {schema}workflow_status"
        )
        self.claims: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def rows(self) -> list[Any]:
        """All runs as they are now."""
        with self.database.engine.connect() as connection:
            return list(connection.execute(self._sql))

    def running(self, worker: str) -> set[str]:
        """The runs that a worker has."""
        return {
            row.workflow_uuid
            for row in self.rows()
            if row.status == "PENDING" and row.executor_id == worker
        }

    def _look(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        while not self._ended.wait(0.05):
            try:
                for row in self.rows():
                    self._note(row)
            except SQLAlchemyError:  # the database is away, as the campaign wants
                continue

    def _note(self, row: Any) -> None:
        if row.status in ("PENDING", "SUCCESS") and row.started_at_epoch_ms:
            claim = (row.executor_id, row.started_at_epoch_ms)
            if claim not in [each[:2] for each in self.claims[row.workflow_uuid][-1:]]:
                self.claims[row.workflow_uuid].append((*claim, time.time()))

    def moved(self, run_id: str, worker: str, at: float) -> float | None:
        """After how many seconds another worker took a run from one that died then."""
        taken = [seen for who, _, seen in list(self.claims[run_id]) if who != worker and seen >= at]
        return taken[0] - at if taken else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.database.close()


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so; what never comes fails."""
    assert until(condition), "what was waited for never came"
