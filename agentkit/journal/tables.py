"""The tables of a journal, and connections to them.

`sqlite3 runs.db` reads them. `runs` has a row for each run; `events` what happened in it, in order,
as JSON; `texts` each long text once, by its SHA-256: where an event has `{"$text": "9f86..."}`, the
text with this hash is meant.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from agentkit.errors import JournalError

_BUSY = 60.0  # seconds to wait for others that write
_PAUSE = 0.005  # seconds between two tries where SQLite itself does not wait
_APPLICATION = 0x616B6A31  # "akj1": so that another program's file is not taken for a journal

_MIGRATIONS = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        begun REAL NOT NULL,      -- seconds since 1970
        ended REAL,
        state TEXT NOT NULL,      -- running, waiting, done, failed, cancelled or interrupted
        prompt TEXT,
        output TEXT,              -- JSON
        error TEXT,
        interface TEXT,
        model TEXT,
        steps INTEGER,
        prompt_tokens INTEGER,
        completion_tokens INTEGER,
        cost REAL                 -- US dollars
    );
    CREATE INDEX runs_begun ON runs (begun);
    CREATE TABLE texts (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE events (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        at REAL NOT NULL,         -- seconds since 1970
        kind TEXT NOT NULL,       -- begin, request, response, call, result or end
        key TEXT,                 -- the call_key of a call or result
        data TEXT NOT NULL,       -- JSON
        PRIMARY KEY (run, number)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE runs ADD COLUMN conversation TEXT;
    ALTER TABLE runs ADD COLUMN turn INTEGER;  -- of the conversation, from 1
    CREATE UNIQUE INDEX runs_turn ON runs (conversation, turn) WHERE conversation IS NOT NULL;
    """,
    """
    ALTER TABLE runs ADD COLUMN agent TEXT;  -- its name in the service that sees to the run
    """,
)
"""What makes a file of each version from one of the version before."""


def connected(path: Path) -> sqlite3.Connection:
    """A connection to a journal, which is made if there is none, and brought to this version.

    Raises:
        JournalError: It cannot be used: it is no journal, corrupt, newer, or may not be written.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # runs are the user's alone
        connection = sqlite3.connect(
            path, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )
    except (OSError, ValueError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def wait_for(connection: sqlite3.Connection, seconds: float | None = None) -> None:
    """Say how long to wait for others that write; the usual time if not given."""
    waited = _BUSY if seconds is None else seconds
    connection.execute(f"PRAGMA busy_timeout = {int(waited * 1000)}")


def unusable(path: Path, error: Exception) -> JournalError:
    """What is wrong with a journal, and what to do."""
    said, name = str(error).lower(), getattr(error, "sqlite_errorname", None) or ""
    if name in ("SQLITE_FULL", "SQLITE_TOOBIG") or name.startswith("SQLITE_IOERR"):
        what = "the disk is full, or the file may grow no more: make room, or give another journal"
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        what = f"others kept it locked for more than {_BUSY:g} seconds"
    elif os.path.isdir(path):
        what = "it is a directory: give the path of a file in it"
    elif name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")) or isinstance(
        error, PermissionError
    ):
        what = "it, or its directory, may not be written: give another path"
    elif name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        what = "it is no SQLite file, or a corrupt one: give another path, or move it away"
    elif "foreign key" in said:
        what = "the run was forgotten in it meanwhile"
    elif isinstance(error, OSError):
        what = f"{error.strerror}: give another path"
    elif isinstance(error, sqlite3.Error):
        what = str(error)
    else:
        what = f"a value in it, or for it, is not as it should be ({error!r})"
    return JournalError(f"The journal {os.fspath(path)!r} cannot be used: {what}.")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    _log_ahead(connection)
    # A killed process loses nothing by NORMAL; where the power fails, the last events may be lost.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN")  # so that what is looked at is of one moment
    version = _version(connection, path)
    connection.execute("COMMIT")
    if version == len(_MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    for number in range(_version(connection, path), len(_MIGRATIONS)):
        for statement in _MIGRATIONS[number].split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute("COMMIT")


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Have it write ahead in a log. SQLite does not wait here for others that open a new file."""
    end = time.monotonic() + _BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_PAUSE)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application not in (0, _APPLICATION) or (application == 0 and (version or tables)):
        raise JournalError(
            f"{os.fspath(path)!r} is the database of another program, and no journal."
        )
    if version > len(_MIGRATIONS):
        raise JournalError(
            f"The journal {os.fspath(path)!r} has version {version}, and this agentkit knows only "
            f"{len(_MIGRATIONS)}: update agentkit, or give another journal."
        )
    return int(version)
