"""A new journal that others open at the same moment."""

import sqlite3

import pytest

from agentkit.journal import Journal
from agentkit.journal.tables import connected

CONNECT = sqlite3.connect


@pytest.fixture
def crowded(monkeypatch):
    """Before the first time that a new connection says this, that happens."""

    def make(statement, happens):
        class Crowded(sqlite3.Connection):
            def execute(self, sql, *given):
                if sql == statement and due:
                    due.pop()()
                return super().execute(sql, *given)

        due = [happens]
        monkeypatch.setattr(sqlite3, "connect", lambda *a, **b: CONNECT(*a, **b, factory=Crowded))

    return make


def test_who_opens_it_waits_for_others_that_do(tmp_path, crowded):
    def busy():
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error

    crowded("PRAGMA journal_mode = WAL", busy)

    assert Journal(tmp_path / "runs.db").runs() == []


def test_tables_that_others_make_while_it_is_looked_at_are_no_other_programs(tmp_path, crowded):
    path = tmp_path / "runs.db"
    crowded("SELECT count(*) FROM sqlite_schema", lambda: connected(path).close())

    assert Journal(path).runs() == []
