"""The database of durable runs: SQLite for one machine, PostgreSQL for many."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from agentkit.durable.tables import SCHEMA, metadata, schema
from agentkit.errors import ConfigError, DurableError

T = TypeVar("T")
_SECONDS = 30.0  # that a statement waits for a locked SQLite file
_TURN = 0.05  # seconds between looks at whether it is one's turn
_FULL = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC")
_POOL = {"pool_size": 10, "max_overflow": 0, "pool_timeout": 30.0, "pool_pre_ping": True}
_POSTGRES = {
    "application_name": "agentkit",
    "connect_timeout": 5,
    # A machine that is gone says nothing: both ends look after a connection that is quiet.
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 6000,  # for what was sent and is never confirmed
    "options": (
        "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=4 "
        "-c tcp_user_timeout=6000 "
        "-c idle_in_transaction_session_timeout=60s"
    ),
}


class Database:
    """Where the runs, their steps and their queues are.

    Args:
        address: A path, an address that begins with `sqlite:///`, or one with `postgresql://`.
        patience: Seconds to wait for a database that cannot be reached.

    Raises:
        ConfigError: It is none of these.
    """

    def __init__(self, address: str | os.PathLike[str], *, patience: float = 60.0) -> None:
        self.url = _url(os.fspath(address))
        self.patience = patience

    def __repr__(self) -> str:
        return f"Database({self})"

    def __str__(self) -> str:
        return str(self.url.render_as_string(hide_password=True))

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.get_backend_name() == "sqlite"

    @cached_property
    def engine(self) -> sa.Engine:
        """The connections of this process."""
        return self.connections()

    def connections(self, **settings: Any) -> sa.Engine:
        """A pool of connections of its own.

        Args:
            settings: Those of `sqlalchemy.create_engine` that differ.
        """
        if not self.is_sqlite:
            return sa.create_engine(self.url, **{**_POOL, "connect_args": _POSTGRES, **settings})
        engine = sa.create_engine(self.url, **{**_POOL, **settings})
        sa.event.listen(engine, "connect", _set_up)
        sa.event.listen(engine, "handle_error", _wait_where_full)
        return engine

    @cached_property
    def client(self) -> DBOSClient:
        """DBOS seen from outside a worker; the tables are made first, where they are missing.

        Raises:
            DurableError: The database cannot be reached or used.
        """
        self.prepare()
        return DBOSClient(
            system_database_engine=self.engine,
            serializer=DBOSPortableJSONSerializer(),
            lazy=True,
            retry_connection_errors=False,
        )

    def prepare(self) -> None:
        """Make or change the tables, if that is to be done; of many processes one does it.

        Raises:
            DurableError: The database cannot be reached or used.
        """
        if self.patiently(self._is_prepared):
            return
        with self.alone("tables"):
            if not self.patiently(self._is_prepared):
                self.patiently(self._migrate)

    def _is_prepared(self) -> bool:
        with self.engine.connect() as connection:
            if not sa.inspect(connection).has_table(schema.name):
                return False
            there = str(connection.scalar(sa.select(schema.c.version)) or "")
        if _order(there) > _order(SCHEMA):
            raise DurableError(
                f"The tables of {self} were made by a newer agentkit ({there}, and this one knows "
                f"{SCHEMA}): upgrade this one too."
            )
        return there == SCHEMA

    def _migrate(self) -> None:
        DBOS.migrate(self.url.render_as_string(hide_password=False))
        metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            connection.execute(sa.delete(schema))
            connection.execute(sa.insert(schema).values(version=SCHEMA))

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Do something that no other process with this database does meanwhile.

        Args:
            name: Says what.
        """
        if self.is_sqlite:
            from filelock import FileLock

            with FileLock(f"{self.url.database}.lock"):
                yield
            return
        connection = self.patiently(lambda: self._locked(lock_number(name)))
        try:
            yield
        finally:
            connection.invalidate()  # the lock goes with the connection, whatever state that is in
            connection.close()

    def _locked(self, number: int) -> sa.Connection:
        # It neither waits in a statement nor has a transaction open: who makes an index waits
        # until all statements and transactions have ended that began before.
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))):
                time.sleep(_TURN)
        except BaseException:
            connection.close()
            raise
        return connection

    def patiently(self, work: Callable[[], T]) -> T:
        """Do something, again and again while the database cannot be reached.

        Args:
            work: What can be done twice.

        Raises:
            DurableError: It could not be reached for too long, or refuses.
        """
        end, pause = time.monotonic() + self.patience, 0.1
        while True:
            try:
                return work()
            except IntegrityError:  # it is for the caller to say what it means
                raise
            except (DBAPIError, sa.exc.TimeoutError) as error:  # the latter: all connections busy
                if not may_pass(error) or time.monotonic() + pause > end:
                    raise DurableError(f"{self} cannot be used: {_said(error)}") from None
                time.sleep(pause)
                pause = min(pause * 2, 2.0)

    def without_end(self) -> Database:
        """The same database, for those who have nothing better to do than to wait for it."""
        same = copy(self)
        same.patience = float("inf")
        return same

    def close(self) -> None:
        """Close all connections; they are opened again when they are needed."""
        vars(self).pop("client", None)
        if engine := vars(self).pop("engine", None):
            engine.dispose()


def _order(version: str) -> list[int]:
    return [int(part) for part in version.replace("-", ".").split(".") if part.isdecimal()]


def lock_number(name: str) -> int:
    """The number by which PostgreSQL locks a name."""
    return int.from_bytes(sha256(f"agentkit {name}".encode()).digest()[:8], signed=True)


def _url(address: str) -> sa.URL:
    scheme, separator, rest = address.partition("://")
    if not separator:
        return sa.URL.create("sqlite", database=os.path.abspath(os.path.expanduser(address)))
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return sa.URL.create("sqlite", database=os.path.abspath(rest[1:]))
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ConfigError(
            "The database is a path, sqlite:///PATH, or postgresql://USER:PASSWORD@HOST/DATABASE, "
            f"not something with {scheme}://."
        )
    try:
        return sa.make_url(f"postgresql+psycopg://{rest}")
    except (sa.exc.ArgumentError, ValueError):  # whose text may hold the password
        raise ConfigError(
            "The address of the database is not like postgresql://USER:PASSWORD@HOST/DATABASE; "
            "other signs than letters and digits in it are spelled as %40 for @."
        ) from None


def _set_up(connection: Any, record: Any) -> None:
    """Make a connection to SQLite one that many processes can have at once."""
    connection.isolation_level = "IMMEDIATE"  # whoever is to write waits for its turn first
    connection.execute(f"PRAGMA busy_timeout={int(_SECONDS * 1000)}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # what was written outlives a power cut


def _wait_where_full(context: Any) -> None:
    """Let DBOS wait for room as it waits for a lock, by the word that it goes by; else a full disk
    would end the run."""
    error = context.original_exception
    if getattr(error, "sqlite_errorname", "") in _FULL:
        odd = sqlite3.OperationalError(f"database is locked, as long as there is no room: {error}")
        raise OperationalError(context.statement, context.parameters, odd) from None


def may_pass(error: DBAPIError | sa.exc.TimeoutError) -> bool:
    """Whether something may do later, as it is only for now that the database cannot."""
    if isinstance(error, sa.exc.TimeoutError):
        return True
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state:  # connections, room, a server that stops or starts or is a copy, and its disk
        return state[:2] in ("08", "53", "57", "58") or state in ("25006", "40001", "40P01")
    return error.connection_invalidated or isinstance(error, OperationalError)


def _said(error: DBAPIError | sa.exc.TimeoutError) -> str:
    said = error.orig if isinstance(error, DBAPIError) else error
    lines = str(said).strip().splitlines()
    return lines[0] if lines else type(said).__name__
