"""The database of durable runs: its address, its tables, and its failures."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from warm import run_python

from agentkit.durable.database import Database
from agentkit.errors import ConfigError, DurableError

PREPARE = """
import sys
from agentkit.durable.database import Database
Database(sys.argv[1]).prepare()
"""


def test_addresses_of_either_kind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = str(tmp_path / "runs.db")
    for address in ("runs.db", path, tmp_path / "runs.db", f"sqlite:///{path}"):
        assert Database(address).url.database == path
        assert Database(address).is_sqlite
    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        found = Database(f"{scheme}://ada:pass@host:5433/runs?sslmode=require")
        assert not found.is_sqlite
        assert found.url.host == "host"
        assert found.url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "address", ["mysql://ada:opensesame@host/db", "postgresql://ada:open/sesame@host:x/db", "://"]
)
def test_other_addresses_are_refused_without_their_password(address):
    with pytest.raises(ConfigError, match="database is") as refused:
        Database(address)
    assert "sesame" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_password_is_never_shown():
    found = Database("postgresql://ada:opensesame@127.0.0.1:9/db", patience=0.0)
    assert "sesame" not in f"{found} {found!r}"
    with pytest.raises(DurableError, match="cannot be used: connection") as failed:
        found.prepare()
    assert "sesame" not in str(failed.value)


def test_tables_are_made_once_by_many_at_once(address):
    def prepared(_):
        done = run_python("-c", PREPARE, address)
        return done.returncode, done.stderr

    with ThreadPoolExecutor(4) as pool:
        assert {code for code, _ in pool.map(prepared, range(4))} == {0}
    database = Database(address)
    names = sa.inspect(database.engine).get_table_names()
    assert {"agentkit_schema", "agentkit_decisions"} <= set(names)
    database.prepare()
    database.close()


def test_sqlite_is_open_to_many_processes(tmp_path):
    database = Database(tmp_path / "runs.db")
    with database.engine.connect() as connection:
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(sa.text("PRAGMA synchronous")) == 2
    database.close()


def test_a_file_that_is_no_database_is_told_of(tmp_path):
    path = tmp_path / "runs.db"
    path.write_text("This is a letter, and no database. " * 50)
    with pytest.raises(DurableError, match="cannot be used: file is not a database"):
        Database(path, patience=0.0).prepare()


def test_a_folder_that_is_missing_is_told_of(tmp_path):
    with pytest.raises(DurableError, match="unable to open database file"):
        Database(tmp_path / "none" / "runs.db", patience=0.0).prepare()


def test_a_full_disk_is_waited_for_as_a_lock_is(tmp_path):
    """DBOS goes by the words of the error."""
    database = Database(tmp_path / "runs.db")
    with database.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept (text TEXT)"))
        connection.execute(sa.text("PRAGMA max_page_count = 3"))
        with pytest.raises(sa.exc.OperationalError, match="database is locked, as long as there"):
            connection.execute(sa.text("INSERT INTO kept VALUES (hex(zeroblob(20000)))"))
    database.close()


def test_only_what_passes_is_waited_for(tmp_path):
    database = Database(tmp_path / "runs.db", patience=20.0)
    asked = []

    def work():
        asked.append(len(asked))
        if len(asked) < 3:
            odd = sqlite3.OperationalError("database is locked")
            raise sa.exc.OperationalError("SELECT 1", {}, odd)
        return "here"

    def clash():
        asked.append("clash")
        raise sa.exc.IntegrityError("INSERT", {}, sqlite3.IntegrityError("there is one"))

    def wrong():
        asked.append("wrong")
        raise sa.exc.ProgrammingError("SELEC", {}, sqlite3.ProgrammingError("syntax"))

    assert database.patiently(work) == "here"
    with pytest.raises(sa.exc.IntegrityError):
        database.patiently(clash)
    with pytest.raises(DurableError, match="cannot be used: syntax"):
        database.patiently(wrong)
    assert asked == [0, 1, 2, "clash", "wrong"]
