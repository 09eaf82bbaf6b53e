"""SQLite databases: what a statement or a path must not do."""

import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit import Toolbox
from agentkit.testing import call
from agentkit_tools import _sqlite
from agentkit_tools.sqlite import Sqlite, SqliteWriting

READING = [
    "ATTACH 'other.db' AS other", "DETACH main", "VACUUM", "VACUUM INTO 'copy.db'", "PRAGMA writable_schema = 1",
    "PRAGMA journal_mode = WAL", "PRAGMA user_version = 7", "PRAGMA query_only = OFF", "PRAGMA trusted_schema = ON",
    "PRAGMA temp_store_directory = '/tmp'", "SELECT load_extension('evil')", "SELECT fts3_tokenizer('a', 'b')",
    "SELECT * FROM pragma_journal_mode", "SELECT writefile('a.txt', 'b')", "BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE s",
    "CREATE TABLE t (a)", "CREATE TEMP TABLE t (a)", "CREATE VIEW v AS SELECT 1", "CREATE INDEX i ON items (name)",
    "CREATE VIRTUAL TABLE f USING fts5(x)", "CREATE TRIGGER r AFTER INSERT ON items BEGIN SELECT 1; END",
    "INSERT INTO items VALUES (2, 'b')", "REPLACE INTO items VALUES (1, 'b')", "UPDATE items SET name = 'b'",
    "DELETE FROM items", "DROP TABLE items", "ALTER TABLE items ADD COLUMN b", "REINDEX", "ANALYZE",
    "WITH c AS (SELECT 1) DELETE FROM items", "INSERT INTO items VALUES (2, 'b') RETURNING id",
    "UPDATE sqlite_master SET sql = ''", "UPDATE sqlite_schema SET name = 'a'", "EXPLAIN DELETE FROM items",
]  # fmt: skip
WRITING = [
    "ATTACH 'other.db' AS other", "VACUUM INTO 'copy.db'", "PRAGMA journal_mode = WAL", "PRAGMA writable_schema = 1",
    "SELECT load_extension('evil')", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "SELECT writefile('a', 'b')",
]  # fmt: skip


@pytest.fixture
def place(tmp_path):
    (tmp_path / "inside").mkdir()
    for directory, name in ((tmp_path, "secret"), (tmp_path / "inside", "tin")):
        with closing(sqlite3.connect(directory / "a.db")) as connection, connection:
            connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
            connection.execute("INSERT INTO items VALUES (1, ?)", (name,))
    return tmp_path / "inside"


@pytest.fixture
def asked(place):
    toolbox = Toolbox(Sqlite(place, seconds=60), SqliteWriting(place, seconds=60))

    def ask(sql, tool="sqlite_query", database="a.db"):
        return toolbox.call(call(tool, database=database, sql=sql)).content

    return ask


def state_of(place):
    return {each.name: each.read_bytes() for each in place.iterdir()}


@pytest.mark.parametrize(
    ("tool", "sql"),
    [*(("sqlite_query", sql) for sql in READING), *(("sqlite_execute", sql) for sql in WRITING)],
)
def test_a_statement_that_does_more_is_refused_and_changes_nothing(place, asked, tool, sql):
    before = state_of(place)
    said = asked(sql, tool)

    assert said.startswith("Error: ")
    assert re.search("authoriz|prohibited|no such function|may not be|transaction|gives rows", said)
    assert state_of(place) == before
    assert '"tin"' in asked("SELECT name FROM items")


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT 1; DROP TABLE items", "one statement at a time"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELECT 1;;-- and\nDELETE FROM items", "one statement at a time"),
        ("", "no statement that gives rows"),
        ("-- nothing", "no statement that gives rows"),
        ("SELEC 1", "syntax error"),
        ("SELECT 'a", "unrecognized token"),
        ("SELECT \0 1", "null character"),
        ("SELECT '\ud800'", "half of a character"),
        ("SELECT ?", "bindings"),
        ("SELECT * FROM gone", "no such table: gone"),
        (f"SELECT {'(' * 2_000}1{')' * 2_000}", "Error: SQLite"),
        (f"SELECT {'1+' * 60_000}1", "Error: "),
    ],
)  # fmt: skip
def test_a_statement_that_is_none_or_several_is_one_clear_error(place, asked, sql, why):
    before = state_of(place)
    said = asked(sql)

    assert said.startswith("Error: ")
    assert why in said
    assert state_of(place) == before


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "SELECT randomblob(1000000000)",
        "SELECT zeroblob(1000000000)",
        "SELECT hex(zeroblob(30000000))",
        "WITH RECURSIVE c(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM c) SELECT max(length(x)) FROM c",
        "SELECT replace(hex(zeroblob(20000000)), '0', 'aaaaaaaaaa')",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT randomblob(1000000) FROM c ORDER BY 1",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT group_concat(hex(randomblob(9999))) FROM c",
    ],
)  # fmt: skip
def test_a_statement_without_end_is_stopped(place, sql):
    before = state_of(place)
    quick = Toolbox(Sqlite(place, seconds=0.5))
    said = quick.call(call("sqlite_query", database="a.db", sql=sql)).content

    assert said.startswith("Error: ")
    assert any(
        word in said
        for word in (
            "longer than",
            "too big",
            "stopped",
            "too much memory",
            "disk",
            "full",
            "out of memory",
        )
    )
    assert state_of(place) == before


@given(
    st.lists(
        st.sampled_from(
            [*"();,'\"*?=-", "SELECT", "FROM", "items", "WHERE", "name", "1", "DELETE", "UPDATE", "SET", "PRAGMA",
             "ATTACH", "'x.db'", "AS", "UNION", "WITH", "x", "\0", "é", "DROP TABLE", "INTO", "INSERT", "VALUES", "--"]
        ),
        max_size=10,
    ).map(" ".join)
)  # fmt: skip
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_whatever_is_asked_the_file_stays_as_it_is(place, asked, sql):
    before = state_of(place)
    said = asked(sql)

    assert said.startswith(("Error: ", '{"columns":'))
    assert state_of(place) == before


# What was ended in the middle


def interrupted(path):
    """Kill a program that has written half of what it wants to."""
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.executescript('PRAGMA cache_size = 5; BEGIN; UPDATE items SET name = hex(zeroblob(99999));')\n"
        "os.kill(os.getpid(), 9)"
    )  # fmt: skip
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)


@pytest.mark.skipif(os.name != "posix", reason="processes are not killed so there")
def test_what_another_program_left_half_done_is_said_and_then_undone(place, asked):
    interrupted(place / "a.db")
    said = asked("SELECT name FROM items")

    assert "A program was interrupted while it wrote to 'a.db'." in said
    assert '"rows_changed":1' in asked("UPDATE items SET id = 7", "sqlite_execute")
    assert '[[7,"tin"]]' in asked("SELECT id, name FROM items")


def test_a_statement_that_has_to_be_killed_while_it_writes_is_undone(place, monkeypatch):
    monkeypatch.setattr(_sqlite, "_GRACE", 0.0)  # so that it cannot be stopped in a gentler way
    before = state_of(place)
    slow = "instr(hex(zeroblob(20000000)), hex(zeroblob(10000000)) || '1')"  # one step of SQLite
    sql = (
        "INSERT INTO items (name) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
        f"LIMIT 500) SELECT iif(x < 500, hex(zeroblob(9999)), {slow}) FROM c"
    )
    writing = Toolbox(SqliteWriting(place, seconds=1))
    said = writing.call(call("sqlite_execute", database="a.db", sql=sql)).content

    assert said == "Error: It was stopped after 1 seconds. Make it simpler or smaller."
    assert state_of(place) == before


# Files


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../a.db", "leads out of its directory"),
        ("/etc/passwd", "relative to the root"),
        ("none.db", "does not exist"),
        (".", "is a directory"),
        ("folder", "is a directory"),
        ("link.db", "is a symbolic link"),
        ("linked/a.db", "is a symbolic link"),
        ("hard.db", "is a hard link"),
        ("pipe.db", "is no regular file"),
        ("text.db", "cannot be read as a SQLite database"),
        ("torn.db", "cannot be read as a SQLite database"),
        ("beside.db", "'beside.db-wal', which SQLite would use, is no plain file"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_a_plain_database_inside_is_refused(place, asked, path, why):
    (place / "folder").mkdir()
    (place / "link.db").symlink_to(place.parent / "a.db")
    (place / "linked").symlink_to(place.parent)
    os.link(place.parent / "a.db", place / "hard.db")
    os.mkfifo(place / "pipe.db")
    (place / "text.db").write_text("no database " * 500, encoding="utf-8")
    whole = (place / "a.db").read_bytes()
    (place / "torn.db").write_bytes(whole[:100] + b"\xff" * 4_000 + whole[4_100:])
    (place / "beside.db").write_bytes(whole)
    (place / "beside.db-wal").symlink_to(place.parent / "a.db")

    assert why in asked("SELECT name FROM items", database=path)
    assert '"tin"' in asked("SELECT name FROM items")


def in_wal(directory, word):
    """A connection that keeps rows in the log beside the database."""
    connection = sqlite3.connect(directory / "a.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("INSERT INTO items (name) VALUES (?)", (word,))
    return connection


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot tell; the module says so")
@pytest.mark.parametrize("tool", ["sqlite_query", "sqlite_execute"])
@pytest.mark.parametrize("path", ["link.db", "linked/a.db", "hard.db", "a.db"])
def test_what_is_swapped_right_after_it_was_looked_at_is_never_read(
    place, asked, monkeypatch, path, tool
):
    (place / "link.db").symlink_to(place.parent / "a.db")
    (place / "linked").symlink_to(place.parent)
    os.link(place.parent / "a.db", place / "hard.db")
    with closing(in_wal(place, "lead")), closing(in_wal(place.parent, "more")):
        before = asked("SELECT name FROM items", tool)
        os.remove(place / "a.db-wal")
        (place / "a.db-wal").symlink_to(place.parent / "a.db-wal")
        monkeypatch.setattr(_sqlite, "_check", lambda database: None)
        said = asked("SELECT name FROM items", tool, path)

    assert '[["tin"],["lead"]]' in before
    assert re.match(
        "Error: .*(was just replaced; try again|links are not followed|unable to open)", said
    )
    assert not re.search("secret|more", said)


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot tell; the module says so")
@pytest.mark.parametrize("tool", ["sqlite_query", "sqlite_execute"])
@pytest.mark.parametrize("swapped", ["inside/sub/a.db", "inside/sub", "inside/sub/a.db-wal"])
def test_what_is_swapped_for_a_link_meanwhile_is_never_read(place, asked, tool, swapped):
    """A thread puts a link to what is outside where the inner one stands, again and again."""
    (place / "sub").mkdir()
    os.rename(place / "a.db", place / "sub/a.db")
    inner, target = place.parent / swapped, place.parent / "secret" / swapped[11:]
    os.mkdir(place.parent / "secret")
    os.rename(place.parent / "a.db", place.parent / "secret/a.db")
    ended = threading.Event()

    def swap():
        while not ended.is_set():
            os.symlink(target, place / "link")
            os.rename(inner, place / "kept")
            os.rename(place / "link", inner)  # also over what SQLite has made there meanwhile
            os.unlink(inner)
            os.rename(place / "kept", inner)

    with closing(in_wal(place / "sub", "lead")), closing(in_wal(place.parent / "secret", "secret")):
        before = asked("SELECT name FROM items", tool, "sub/a.db")
        thread = threading.Thread(target=swap)
        thread.start()
        try:
            said = [asked("SELECT name FROM items", tool, "sub/a.db") for _ in range(8)]
        finally:
            ended.set()
            thread.join()

    assert '[["tin"],["lead"]]' in before
    assert not any("secret" in each for each in said)
