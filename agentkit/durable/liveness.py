"""Which workers are alive: each holds a lock that goes with its process or its connection."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from filelock import FileLock, Timeout

from agentkit.durable.database import Database, lock_number

_GRACE = 10.0  # seconds that others have to come back after the database was away
SURE = 0.5
"""Seconds after which somebody who lives has a lost lock again."""


class Watch(Protocol):
    """Holds one worker's lock, and finds workers whose lock nobody holds."""

    @property
    def is_held(self) -> bool:
        """Whether the lock was held at the last look."""

    def hold(self) -> None:
        """Take the lock, or see that it is still held."""

    def dead(self, workers: list[str]) -> list[str]:
        """Those of some workers that are no more; `forget` is called when that is seen to."""

    def forget(self, workers: list[str]) -> None:
        """Remove what dead workers left."""

    def close(self) -> None:
        """Let go of the own lock."""


def watch(database: Database, worker: str) -> Watch:
    """The kind of watch that fits the database."""
    return FileWatch(database, worker) if database.is_sqlite else ServerWatch(database, worker)


class ServerWatch:
    """Locks in PostgreSQL, which the server lets go when a worker's connection ends.

    Args:
        database: The database.
        worker: Who holds.
    """

    def __init__(self, database: Database, worker: str) -> None:
        self._engine = database.connections(pool_size=1, max_overflow=0)
        self._worker = worker
        self._connection: sa.Connection | None = None
        self._was_lost = False
        self._free: dict[str, float] = {}  # since when nobody holds these workers' locks
        self._trusted_from = 0.0

    @property
    def is_held(self) -> bool:
        """Whether there is the connection that holds it."""
        return self._connection is not None

    def hold(self) -> None:
        """See that the lock is held.

        When it is had again after the database was away, nobody is called dead for a while: all
        have lost theirs, and some may not be back yet.
        """
        if self._connection is not None:
            try:
                self._connection.scalar(sa.select(1))
                return
            except sa.exc.SQLAlchemyError:  # also where it was lost in the midst of `dead`
                self._drop()
                self._was_lost = True
        self._connect()

    def _connect(self) -> None:
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            held = self._asked("pg_try_advisory_lock", self._worker)
            age = float(self._connection.scalar(_SINCE_START))
        except BaseException:
            self._drop()
            raise
        wait = _GRACE if self._was_lost else _GRACE - age
        self._trusted_from = time.monotonic() + wait
        if not held:  # the server has not seen yet that the last connection is gone
            self._drop()

    def dead(self, workers: list[str]) -> list[str]:
        """Those whose lock could be had for a while: who lost a connection takes it again."""
        if self._connection is None or time.monotonic() < self._trusted_from:
            self._free.clear()
            return []
        now = time.monotonic()
        self._free = {each: self._free.get(each, now) for each in self._have_free_locks(workers)}
        return [each for each, since in self._free.items() if now - since >= SURE]

    def _have_free_locks(self, workers: list[str]) -> list[str]:
        assert self._connection is not None
        numbers = {_number(each): each for each in workers}
        lock = sa.func.pg_try_advisory_lock(sa.column("number"))
        asked = sa.func.unnest(sa.cast(list(numbers), sa.ARRAY(sa.BigInteger)))
        free: sa.Select[Any] = sa.select(sa.column("number")).select_from(
            asked.table_valued("number").render_derived()
        )
        found = list(self._connection.scalars(free.where(lock))) if numbers else []
        for each in found:
            self._connection.scalar(sa.select(sa.func.pg_advisory_unlock(each)))
        return [numbers[each] for each in found]

    def forget(self, workers: list[str]) -> None:
        """Nothing is held."""

    def _asked(self, function: str, worker: str) -> bool:
        assert self._connection is not None
        return bool(self._connection.scalar(sa.select(getattr(sa.func, function)(_number(worker)))))

    def close(self) -> None:
        """End the connection, and so the lock."""
        self._drop()
        self._engine.dispose()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


_SINCE_START = sa.text("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")


def _number(worker: str) -> int:
    return lock_number(f"worker {worker}")


class FileWatch:
    """Locked files beside SQLite's, which the system lets go when a process ends.

    Args:
        database: The database.
        worker: Who holds.
    """

    def __init__(self, database: Database, worker: str) -> None:
        self._folder = Path(f"{database.url.database}.workers")
        self._worker = worker
        self._held: dict[str, FileLock] = {}

    @property
    def is_held(self) -> bool:
        """Whether the file is locked."""
        return self._worker in self._held

    def hold(self) -> None:
        """See that the lock is held."""
        if self._worker not in self._held:
            self._folder.mkdir(exist_ok=True)
            self._take(self._worker)

    def dead(self, workers: list[str]) -> list[str]:
        """Those whose lock can be had."""
        return [each for each in workers if self._take(each)]

    def forget(self, workers: list[str]) -> None:
        """Let go, and remove what they left."""
        for each in workers:
            if lock := self._held.pop(each, None):
                with suppress(FileNotFoundError):  # another one found it dead just before
                    os.unlink(lock.lock_file)
                lock.release()

    def close(self) -> None:
        """Let go of all."""
        self.forget(list(self._held))

    def _take(self, worker: str) -> bool:
        lock = FileLock(self._folder / f"{worker}.lock", blocking=False, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            return False
        self._held[worker] = lock
        return True
