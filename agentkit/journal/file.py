"""`JournalFile`: the one connection of a process to a journal's file."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import RLock, local
from typing import Any, TypeVar

from agentkit.errors import JournalError
from agentkit.journal.tables import connected, unusable, wait_for
from agentkit.notices import complain
from agentkit.workers import renew_in_children

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_UNUSABLE = (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What becomes of a file in which a value is not as it should be, or that cannot be used at all."""


class _Thread(local):
    """What the thread is in the middle of, and what it is to do after it."""

    def __init__(self) -> None:
        self.file: JournalFile | None = None
        self.later: deque[Callable[[], object]] = deque()


_thread = _Thread()


class JournalFile:
    """Does one thing after the other with the file, whichever threads want it.

    It is opened when it is first used.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin anew, as a forked child must."""
        self._quiet = RLock()
        self._connection: sqlite3.Connection | None = None
        self._closing: weakref.finalize[..., Any] | None = None  # closes the connection
        self._place: tuple[int, int] | None = None  # of the file that it is to

    def before_fork(self) -> None:
        """Close the file, and let nobody use it until the process has forked.

        SQLite's connections must not come into a child, where even closing one does harm
        (https://www.sqlite.org/howtocorrupt.html, "across a fork").
        """
        self._quiet.acquire()
        self._closed()

    def after_fork(self) -> None:
        """Let it be used again."""
        self._quiet.release()

    def read(self, work: Work[T]) -> T:
        """What a function gives that reads with the connection.

        Raises:
            JournalError: The file cannot be used.
        """
        if _thread.file is self:  # in the middle of another's transaction: see `write`
            return work(self._opened())
        with self._held():
            return self._in_transaction(work, "BEGIN")

    def write(
        self,
        work: Work[T],
        *,
        patience: float | None = None,
        then: Callable[[], object] | None = None,
    ) -> T | None:
        """What a function gives that writes with the connection, in one transaction.

        The garbage collector may end a run in the middle of this, in the same thread: what that run
        writes comes after, and None is given.

        Args:
            work: The function.
            patience: Seconds to wait for others that write, if not the usual ones.
            then: Called once all is written, and before anybody else writes.

        Raises:
            JournalError: The file cannot be used.
        """
        if _thread.file:  # also another's, so that no thread waits for two locks
            _thread.later.append(partial(self.write, work, then=then))
            return None
        with self._held():
            value = self._in_transaction(work, "BEGIN IMMEDIATE", patience)
            if then:
                then()
            return value

    def alone(self, statement: str) -> None:
        """Carry out a statement that no transaction may have around it.

        Raises:
            JournalError: The file cannot be used.
        """
        with self._held():
            try:
                self._opened().execute(statement)
            except sqlite3.Error as error:
                raise unusable(self.path, error) from error

    def look_whether_it_is_there(self) -> None:
        """Begin anew where somebody removed the file, or put another in its place."""
        with self._held():
            if self._connection is not None and self._place != _place(self.path):
                self.close()
                complain(f"The journal {os.fspath(self.path)!r} was removed: a new one is begun.")

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        with self._held():
            self._closed()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Nobody else uses the file meanwhile; what came up in between is done after it."""
        outer = _thread.file
        try:
            with self._quiet:
                _thread.file = self
                try:
                    yield
                finally:
                    _thread.file = outer
        finally:
            while outer is None and _thread.later:
                with suppress(JournalError):  # whoever is gone needs no answer
                    _thread.later.popleft()()

    def _in_transaction(self, work: Work[T], begin: str, patience: float | None = None) -> T:
        connection = self._opened()
        try:
            if patience is not None:
                wait_for(connection, patience)
            connection.execute(begin)
            value = work(connection)
            connection.execute("COMMIT")
            return value
        except _UNUSABLE as error:
            raise unusable(self.path, error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if patience is not None:
                wait_for(connection)

    def _closed(self) -> None:
        if self._closing is not None:
            self._closing()
        self._connection = self._closing = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connected(self.path)
            self._closing = weakref.finalize(self, self._connection.close)
            self._place = _place(self.path)
        return self._connection


def _place(path: Path) -> Any:
    """Which file it is; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
