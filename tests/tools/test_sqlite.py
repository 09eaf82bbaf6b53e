"""SQLite databases: real files that are read and changed."""

import json
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from agentkit import Agent, Toolbox
from agentkit.safe import SafePath
from agentkit.testing import ScriptedInterface, call
from agentkit_tools import _sqlite
from agentkit_tools import sqlite as sqlite_module
from agentkit_tools.sqlite import Sqlite, SqliteWriting

SHOP = """
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, photo BLOB);
INSERT INTO items VALUES (1, 'tin', 4.5, x'00ff'), (2, 'lead', NULL, NULL), (3, 'zinc é', 2, NULL);
CREATE INDEX by_name ON items (name);
CREATE VIEW cheap AS SELECT name FROM items WHERE price < 4;
"""


def make(path, script=SHOP):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


@pytest.fixture
def place(tmp_path):
    make(tmp_path / "shop.db")
    return tmp_path


@pytest.fixture
def asked(place):
    toolbox = Toolbox(Sqlite(place, seconds=60), SqliteWriting(place, seconds=60))

    def ask(name, **arguments):
        return toolbox.call(call(name, **{"database": "shop.db"} | arguments)).content

    return ask


def rows_of(said):
    return json.loads(said)["rows"]


def test_the_schema_is_shown_with_numbers_of_rows(asked):
    said = asked("sqlite_schema")

    assert "name TEXT NOT NULL, price REAL, photo BLOB);  -- 3 rows\n" in said
    assert "CREATE VIEW cheap AS" in said
    assert said.endswith("CREATE INDEX by_name ON items (name);")


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ('CREATE TABLE "a ""b"" c" (x); INSERT INTO "a ""b"" c" VALUES (1);', "-- 1 rows"),
        ("CREATE VIEW v AS SELECT * FROM gone;", "CREATE VIEW v"),
        ("CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('a');", "USING fts5(x);  -- 1 rows"),
        ("CREATE TABLE t (a, b AS (a + 1)); CREATE TABLE u (a PRIMARY KEY) WITHOUT ROWID;", "WITHOUT ROWID;  -- 0"),
        ("CREATE TABLE t (a); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;", "CREATE TRIGGER r"),
        (";".join(f"CREATE TABLE t{n} (a)" for n in range(120)), "only the first 100 are listed"),
        ("CREATE TABLE t (a); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100002) "
         "INSERT INTO t SELECT x FROM c;", "over 100,000 rows"),
    ],
    ids=["quotes", "view", "fts5", "without rowid", "trigger", "many", "large"],
)  # fmt: skip
def test_schemas_of_all_kinds_are_shown(place, asked, script, shown):
    make(place / "odd.db", script)

    assert shown in asked("sqlite_schema", database="odd.db")


def test_an_empty_file_is_an_empty_database(place, asked):
    (place / "empty.db").touch()

    assert asked("sqlite_schema", database="empty.db") == "empty.db has no tables."


@pytest.mark.parametrize(
    ("sql", "parameters", "rows"),
    [
        ("SELECT name FROM items WHERE price > ?", [4], [["tin"]]),
        ("SELECT * FROM items WHERE id = 1;", None, [[1, "tin", 4.5, "[2 bytes]"]]),
        ("SELECT ?, ?, ?, ?", [1, 1.5, "a", None], [[1, 1.5, "a", None]]),
        ("SELECT * FROM cheap -- all of them", [], [["zinc é"]]),
        ("/* one */ SELECT 1; -- and no more\n", None, [[1]]),
        ("WITH c AS (SELECT 1 AS x) SELECT x FROM c", None, [[1]]),
        ("SELECT name FROM pragma_table_info('items') WHERE pk", None, [["id"]]),
        ("PRAGMA table_info(cheap)", None, [[0, "name", "TEXT", 0, None, 0]]),
        ("EXPLAIN QUERY PLAN SELECT * FROM items WHERE name = 'tin'", None, None),
        ("SELECT 1 WHERE 0", None, []),
        ("VALUES (1), (2)", None, [[1], [2]]),
    ],
)
def test_a_query_gives_columns_and_rows(asked, sql, parameters, rows):
    said = asked("sqlite_query", sql=sql, parameters=parameters)

    assert rows is None or rows_of(said) == rows
    assert "columns" in json.loads(said)


def test_full_text_search_works(place, asked):
    make(
        place / "f.db", "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('a tin box');"
    )

    assert rows_of(asked("sqlite_query", database="f.db", sql="SELECT * FROM f('tin')")) == [
        ["a tin box"]
    ]


def test_rows_and_cells_are_capped(place, asked):
    numbers = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300) SELECT {} FROM c"
    )
    many = json.loads(asked("sqlite_query", sql=numbers.format("x")))
    long = json.loads(asked("sqlite_query", sql=numbers.format("printf('%900d', x)")))
    wide = ", ".join(["printf('%900d', x)"] * 40)

    assert (len(many["rows"]), many["note"]) == (
        200,
        "There are more rows; these are the first 200.",
    )
    assert long["rows"][0][0].endswith("[... 900 characters]")
    assert 0 < len(long["rows"]) < 20
    assert len(Sqlite(place).sqlite_query(SafePath("shop.db"), numbers.format(wide))["rows"]) == 1


def test_of_rows_without_end_the_first_ones_are_shown(asked):
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"

    assert rows_of(asked("sqlite_query", sql=endless))[-1] == [200]


@pytest.mark.parametrize("name", ["locked", "busy", "readonly", "interrupted", "unable to open"])
def test_what_a_column_is_called_is_not_taken_for_what_is_wrong(asked, name):
    said = asked("sqlite_query", sql=f"SELECT [{name}] FROM items")

    assert said == f"Error: SQLite: no such column: {name}."


@pytest.mark.parametrize("name", ["a b.db", "ä.db", "100%.db", "a'b.db", "a#b.db", "a;b.db", "a?b.db", 'a"b.db', "a&mode=rwc.db", "日本.db", "[a].db"])  # fmt: skip
def test_a_file_may_have_any_name_that_a_path_may_have(place, asked, name):
    make(place / name)

    assert rows_of(asked("sqlite_query", database=name, sql="SELECT count(*) FROM items")) == [[3]]


def test_a_database_that_is_being_written_can_be_read(place, asked):
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA journal_mode = WAL'); c.execute('BEGIN IMMEDIATE');"
        "c.execute(\"INSERT INTO items (name) VALUES ('new')\"); print('begun', flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(place / "shop.db")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "begun\n"
        said = asked("sqlite_query", sql="SELECT count(*) FROM items")
        writer.communicate("\n")

    assert rows_of(said) == [[3]]


def test_a_locked_database_is_one_clear_error(place, asked):
    with closing(sqlite3.connect(place / "shop.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = asked("sqlite_query", sql="SELECT 1 FROM items")

    assert said == "Error: 'shop.db' is locked by another program; try again later."


# Writing


@pytest.mark.parametrize(
    ("sql", "parameters", "told"),
    [
        ("INSERT INTO items (name) VALUES (?), (?)", ["a", "b"], {"rows_changed": 2}),
        ("UPDATE items SET price = 1", None, {"rows_changed": 3}),
        ("DELETE FROM items WHERE id = 1;", None, {"rows_changed": 1}),
        ("CREATE TABLE more (a)", None, {"rows_changed": 0}),
        ("DROP TABLE items", None, {"rows_changed": 0}),
        ("INSERT INTO items (name) VALUES ('x') RETURNING id", None,
         {"rows_changed": 1, "columns": ["id"], "rows": [[4]]}),
    ],
)  # fmt: skip
def test_a_statement_changes_the_database(place, asked, sql, parameters, told):
    before = (place / "shop.db").read_bytes()

    assert json.loads(asked("sqlite_execute", sql=sql, parameters=parameters)) == told
    assert (place / "shop.db").read_bytes() != before


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("INSERT INTO items (id, name) VALUES (9, 'new'), (1, 'again')", "UNIQUE constraint failed"),
        ("UPDATE items SET name = NULL WHERE id >= 2", "NOT NULL constraint failed"),
        ("INSERT INTO items (name) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
         "SELECT x FROM c", "took longer than 0.5 seconds|was stopped after 2.5 seconds"),
    ],
)  # fmt: skip
def test_what_fails_leaves_everything_as_it_was(place, sql, why):
    before = (place / "shop.db").read_bytes()
    writing = Toolbox(SqliteWriting(place, seconds=0.5 if "longer" in why else 60))
    said = writing.call(call("sqlite_execute", database="shop.db", sql=sql)).content

    assert re.search(why, said)
    assert (place / "shop.db").read_bytes() == before


def test_two_that_write_at_once_both_succeed(place, asked, monkeypatch):
    monkeypatch.setattr(_sqlite, "_BUSY", 30.0)
    sql = "INSERT INTO items (name) VALUES ('x')"
    threads = [
        threading.Thread(target=asked, args=("sqlite_execute",), kwargs={"sql": sql})
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows_of(asked("sqlite_query", sql="SELECT count(*) FROM items")) == [[7]]


def test_an_application_that_has_the_file_open_keeps_its_locks(place, asked):
    with closing(sqlite3.connect(place / "shop.db", isolation_level=None)) as own:
        own.execute("BEGIN IMMEDIATE")
        own.execute("UPDATE items SET price = 7")
        asked("sqlite_query", sql="SELECT 1 FROM items")
        said = asked("sqlite_execute", sql="UPDATE items SET price = 8")
        own.execute("COMMIT")

    assert "is locked by another program" in said
    assert rows_of(asked("sqlite_query", sql="SELECT DISTINCT price FROM items")) == [[7]]


@pytest.mark.parametrize("policy", ["never", "ask_for_destructive"])
def test_each_change_waits_for_approval(place, policy):
    sql = "DELETE FROM items"
    model = ScriptedInterface(call("sqlite_execute", database="shop.db", sql=sql), "Done.")
    agent = Agent([Sqlite(place), SqliteWriting(place)], model, approval=policy)
    run = agent.run("Empty the shop.")
    assert [json.loads(each.arguments)["sql"] for each in run.pending] == [sql]
    run = agent.run(after=run.approve(*run.pending))

    assert run.output == "Done."
    assert '"rows_changed":3' in run.messages[2].content


def test_the_pack_that_is_offered_unasked_only_reads():
    assert set(Toolbox(sqlite_module)) == {"sqlite_schema", "sqlite_query"}
    assert set(Toolbox(sqlite_module.writing)) == {"sqlite_execute"}


def test_of_several_roots_a_path_begins_with_one(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make(tmp_path / name / "a.db", f"CREATE TABLE {name} (a);")
    toolbox = Toolbox(Sqlite(tmp_path / "one", tmp_path / "two"))

    assert "CREATE TABLE two" in toolbox.call(call("sqlite_schema", database="two/a.db")).content
