"""Limits of requests and tokens a minute that all workers keep together, in their database."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from agentkit.durable.account import Account, AccountPlace, Unreachable
from agentkit.durable.database import lock_number, may_pass
from agentkit.durable.tables import limits as table
from agentkit.durable.turn import Counted
from agentkit.durable.window import Window
from agentkit.errors import ConfigError, DurableError
from agentkit.shared_limits import Rates
from agentkit.workers import renew_in_children

_FROZEN = "25P03"  # PostgreSQL ended a transaction in which nothing happened
_WRONG = "SQLITE_ERROR"  # as without its table
# Who stops in the middle, as a process that is paused does, keeps others waiting no longer.
_PATIENCE = "3s"


class DatabaseLimits:
    """Keeps limits in a database: PostgreSQL for many machines, SQLite for the processes of one.

    The clock is the database's. What is counted by is kept as a digest: no key is stored.

    Args:
        engine: The database; its tables are there: see `create_tables`.
        minute: Seconds that limits are for.
        slack: Seconds from when a request is counted to when it is with the server, at the most.
            Half of them is for the way; who is later than that to send it has it counted anew.

    Raises:
        ConfigError: A setting does not fit.
    """

    def __init__(self, engine: sa.Engine, *, minute: float = 60.0, slack: float = 2.0) -> None:
        if not (minute > 0 and slack > 0):
            raise ConfigError("minute= and slack= are seconds above 0.")
        self._engine, self._minute, self._slack = engine, minute, slack
        is_sqlite = engine.dialect.name == "sqlite"
        self._look_up = sa.text(_SQLITE if is_sqlite else _POSTGRES)
        self._begin = "BEGIN IMMEDIATE" if is_sqlite else "BEGIN ISOLATION LEVEL READ COMMITTED"
        self._lock, self._accounts = Lock(), dict[str, Account]()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin anew in a forked process: connections and requests are its parent's."""
        self._lock, self._accounts = Lock(), {}
        self._engine.dispose(close=False)

    def close(self) -> None:
        """Close all connections; they are opened again when they are needed."""
        self._engine.dispose()

    def place(
        self, key: Hashable, name: str, tokens: float, by_hand: Rates, patience: float
    ) -> AccountPlace:
        """A place for a request: see `agentkit.shared_limits.SharedLimits`."""
        digest = sha256(repr((key, self._minute)).encode("utf-8", "replace")).hexdigest()
        with self._lock:
            if (account := self._accounts.get(digest)) is None:
                transact = partial(self._transact, digest, name)
                account = self._accounts[digest] = Account(transact, self._minute, self._slack)
        return account.place(tokens, by_hand, patience)

    def _transact(self, key: str, name: str, work: Callable[[Window], Counted]) -> Counted:
        """Do something with a window that nobody else has meanwhile.

        Raises:
            Unreachable: The database cannot be reached.
            DurableError: It refuses.
        """
        for attempt in range(2):
            state = {"doubtful": False}
            try:
                return self._tried(key, name, work, state)
            except DBAPIError as error:
                if not _is_away(error):
                    kind = type(error.orig).__name__
                    raise DurableError(
                        f"The shared limits cannot be kept, because the database refuses: {kind}. "
                        "Were its tables made?"
                    ) from None
                # A connection that waited in the pool may have ended long ago.
                if attempt or state["doubtful"] or not error.connection_invalidated:
                    raise Unreachable(doubtful=state["doubtful"]) from None
            except sa.exc.TimeoutError:  # all connections are in use
                raise Unreachable(doubtful=False) from None
        raise AssertionError

    def _tried(
        self, key: str, name: str, work: Callable[[Window], Counted], state: dict[str, bool]
    ) -> Counted:
        with _begun(self._engine, self._begin) as connection:
            row = connection.execute(self._look_up, {"key": key}).first()
            if row is None:
                connection.execute(sa.text(_INSERT), {"key": key, "name": name})
                row = connection.execute(self._look_up, {"key": key}).one()
            window = Window(self._minute, self._slack, row.state)
            window.begin(float(row.now))
            counted = work(window)
            update = sa.update(table).where(table.c.key == key).values(state=window.text)
            connection.execute(update)
            state["doubtful"] = True
            connection.exec_driver_sql("COMMIT")
            return counted


def _is_away(error: DBAPIError) -> bool:
    """Whether the database may answer a little later."""
    if getattr(error.orig, "sqlite_errorname", "") == _WRONG:
        return False
    frozen = getattr(error.orig, "sqlstate", None) == _FROZEN
    return frozen or error.connection_invalidated or may_pass(error)


def create_tables(engine: sa.Engine) -> None:
    """Make the table of shared limits, where it is missing; any number of processes may do so.

    Args:
        engine: The database.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number("limits"))))
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))


@contextmanager
def _begun(engine: sa.Engine, begin: str) -> Iterator[sa.Connection]:
    """A connection in a transaction that is rolled back unless it is committed."""
    with engine.connect() as plain:
        connection: Any = plain.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(begin)
        try:
            yield connection
        except BaseException:
            connection.invalidate()  # in whatever state it is; another one is soon made
            raise


_INSERT = f"""
INSERT INTO {table.name} (key, name, state) VALUES (:key, :name, '') ON CONFLICT DO NOTHING
"""
# The clock is read once the row is held, and not when the wait for it began.
_POSTGRES = f"""
WITH held AS MATERIALIZED (SELECT state FROM {table.name} WHERE key = :key FOR UPDATE)
SELECT state, extract(epoch FROM clock_timestamp()) AS now,
       set_config('idle_in_transaction_session_timeout', '{_PATIENCE}', true) FROM held
"""
_SQLITE = f"""
SELECT state, (julianday('now') - 2440587.5) * 86400.0 AS now FROM {table.name} WHERE key = :key
"""
