"""`Journal`: a file of runs."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any, Unpack

from agentkit.errors import ConfigError, JournalError
from agentkit.journal.file import JournalFile
from agentkit.journal.record import JournalRecord
from agentkit.journal.stored import (
    Only,
    StoredEvent,
    StoredRun,
    last_turn,
    stored_events,
    stored_run,
    stored_runs,
)
from agentkit.journal.texts import fit
from agentkit.recorder import Record, Start
from agentkit.run import Run
from agentkit.workers import per_process

_DAY = 86_400.0  # seconds
_ALIVE = 3_600.0  # seconds since a run's last event after which it counts as cut short
_LAST = 0x10FFFF  # no text begins with a greater character
_LOOK = 3_600.0  # seconds between two looks for runs that are too old


class Journal:
    """A SQLite file in which runs are kept, step by step, also those that were cut short.

    Any number of threads and processes may write to it at once. It is opened when it is first used.

    Args:
        path: The file; it is made, for the user alone, if there is none.
        keep_days: Days after which a run is forgotten, at the next beginning of another; runs stay
            for ever if not given. `vacuum` gives the space back, which new runs use otherwise.

    Raises:
        ConfigError: The path is none, or `keep_days` is no number from 0 on.
    """

    def __init__(self, path: str | os.PathLike[str], *, keep_days: float | None = None) -> None:
        if not isinstance(path, str | os.PathLike) or not path:
            raise ConfigError(f"A journal is at a path, not at {path!r}.")
        if keep_days is not None:
            _check_days(keep_days)
        self.path, self.keep_days = Path(os.path.expanduser(path)), keep_days
        self.file = JournalFile(self.path)
        self._looked = -_LOOK  # when old runs were last looked for

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        self.file.close()

    def begin(self, run: Run[Any], start: Start) -> Record:
        """The record of a run that begins, or goes on, with this transcript.

        Raises:
            JournalError: The file cannot be used, has another run of this id, or somebody else
                took this turn of the conversation.
        """
        self.file.look_whether_it_is_there()
        now = time.monotonic()
        if self.keep_days is not None and now >= self._looked + _LOOK:
            self._looked = now
            self.forget(days=self.keep_days, but=run.id)
        return JournalRecord(self.file, run, start)

    def run(self, run_id: str, *, repeat: Collection[str] = ()) -> Run[Any]:
        """A run as far as it came, with its steps, to look at or to go on with.

        A call that had begun and has no result waits in `pending`: approve it to repeat it, deny it
        to leave it, or give its result with `Run.answer`.

        Args:
            run_id: The run.
            repeat: Names of tools whose calls may be repeated without asking.

        Raises:
            JournalError: There is no such run, or the file cannot be used.
        """
        if not isinstance(run_id, str):
            raise self._no(run_id)
        found = self.file.read(lambda c: stored_run(c, run_id, repeat.__contains__))
        if found is None:
            raise self._no(run_id)
        return found

    def listed(self, run_id: str) -> StoredRun:
        """A run as `runs` lists it.

        Raises:
            JournalError: There is no such run, or the file cannot be used.
        """
        found = self.file.read(lambda connection: stored_runs(connection, {"id": str(run_id)}, 1))
        if not found:
            raise self._no(run_id)
        return found[0]

    def find(self, beginning: str) -> str:
        """The id of the run that has this id, or the only one whose id begins with it.

        Args:
            beginning: What it begins with; "last" is the run that began last.

        Raises:
            JournalError: There is none, there are several, or the file cannot be used.
        """
        beginning = str(beginning)
        sql = "SELECT id FROM runs WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT 2"  # shortest first
        given = (len(beginning), fit(beginning))
        found = [each for (each,) in self.file.read(lambda c: c.execute(sql, given).fetchall())]
        if not found and beginning == "last":
            found = [each.id for each in self.runs(limit=1)]
        if not found:
            raise self._no(beginning)
        if len(found) > 1 and found[0] != beginning:
            raise JournalError(f"Several runs begin with {beginning!r}: {', '.join(found)}, ...")
        return str(found[0])

    def first(self, beginning: str) -> str | None:
        """An id that begins with a text, or None where none does.

        Raises:
            JournalError: The file cannot be used.
        """
        sql = "SELECT id FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT 1"
        given = (fit(beginning), fit(beginning) + chr(_LAST))
        found = self.file.read(lambda connection: connection.execute(sql, given).fetchone())
        return None if found is None else str(found[0])

    def _no(self, run_id: object) -> JournalError:
        return JournalError(f"There is no run {run_id!r} in {os.fspath(self.path)!r}.")

    def last_turn(self, conversation: str) -> tuple[int, Run[Any] | None]:
        """The number of a conversation's last turn, and its run; 0 and None for a new one.

        Raises:
            JournalError: The run has not ended, or the file cannot be used.
        """
        return self.file.read(lambda connection: last_turn(connection, conversation))

    def events(self, run_id: str) -> Sequence[StoredEvent]:
        """What happened in a run, in order; nothing if there is no such run.

        Raises:
            JournalError: The file cannot be used.
        """
        return self.file.read(lambda connection: stored_events(connection, run_id))

    def runs(self, *, limit: int = 100, **only: Unpack[Only]) -> Sequence[StoredRun]:
        """The newest runs first.

        Args:
            limit: The most runs.
            only: Which of them; see `Only`.

        Raises:
            ConfigError: There is no such state or filter, or no such number.
            JournalError: The file cannot be used.
        """
        return self.file.read(lambda connection: stored_runs(connection, only, limit))

    def interrupt(self) -> None:
        """Call those runs of a service interrupted that are still running: it died.

        Raises:
            JournalError: The file cannot be used.
        """
        died = "UPDATE runs SET state = 'interrupted' WHERE state = 'running' AND agent IS NOT NULL"
        self.file.write(lambda connection: connection.execute(died))

    def prune(self, *, days: float) -> int:
        """Forget runs that began longer ago, and give the space back; the number of them.

        Those that still run stay: they wrote something in the last hour. Those that wait for a
        decision do not.

        Raises:
            ConfigError: `days` is below 0.
            JournalError: The file cannot be used.
        """
        with suppress(JournalError):  # on a full disk this may be the only room that there is
            self.file.alone("PRAGMA wal_checkpoint(RESTART)")
        gone = self.forget(days=days)
        self.vacuum()
        return gone

    def forget(self, *, days: float, but: str = "") -> int:
        """`prune` without giving the space back, which new runs will use: it is quicker.

        Args:
            days: How long ago.
            but: The id of a run that stays.

        Raises:
            ConfigError: `days` is below 0.
            JournalError: The file cannot be used.
        """
        _check_days(days)

        def work(connection: sqlite3.Connection) -> int:
            now = time.time()
            gone = connection.execute(
                "DELETE FROM runs WHERE begun < ? AND id <> ? AND NOT (state = 'running' AND "
                "EXISTS (SELECT 1 FROM events WHERE run = runs.id AND at > ?))",
                (now - days * _DAY, but, now - _ALIVE),
            ).rowcount
            if gone:
                connection.execute(
                    "DELETE FROM texts WHERE hash NOT IN (SELECT atom FROM events, "
                    "json_tree(events.data) WHERE json_tree.key = '$text')"
                )
            return gone

        return self.file.write(work) or 0

    def vacuum(self) -> None:
        """Give the space of what was forgotten back to the file system.

        Raises:
            JournalError: The file cannot be used.
        """
        self.file.alone("VACUUM")
        self.file.alone("PRAGMA wal_checkpoint(TRUNCATE)")

    def __repr__(self) -> str:
        return f"Journal({os.fspath(self.path)!r})"


def _check_days(days: Any) -> None:
    if not isinstance(days, int | float) or not 0 <= days < inf:
        raise ConfigError(f"Days are a number from 0 on, not {days!r}.")


@per_process
def journal_at(path: str) -> Journal:
    """The one journal of the process for a path, so that agents share its connection."""
    return Journal(path)
