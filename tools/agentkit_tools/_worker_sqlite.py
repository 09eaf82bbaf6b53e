"""Runs one SQL statement that comes in as JSON on standard input; `_sqlite` starts this file."""

import json
import os
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

_BESIDE = ("-journal", "-wal", "-shm")  # files that SQLite has beside a database
_STEPS = 1_000  # steps of SQLite's machine between two looks at the clock
_LONGEST_VALUE = 50_000_000  # bytes that any value may have, also while it is computed
_MOST_ROWS = 200
_MOST_CHARS = 8_000  # of all rows together
_LONGEST_CELL = 500  # characters
_MOST_TABLES = 100
_MOST_COUNTED = 100_000  # rows
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LONGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_TELLING = (  # pragmas that only tell; the last is what full-text search asks
    "table_info",
    "table_xinfo",
    "table_list",
    "index_info",
    "index_xinfo",
    "index_list",
    "foreign_key_list",
    "data_version",
)
_FUNCTIONS_OUT = ("load_extension", "fts3_tokenizer", "readfile", "writefile", "edit")
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
_NEVER = {  # for who writes; the last two because one statement is one transaction
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
}


def schema(connection: sqlite3.Connection) -> str:
    """The statements that make what is in the database, with the rows that tables have."""
    listed = connection.execute(
        "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL "
        "AND name NOT LIKE 'sqlite~_%' ESCAPE '~' "
        "ORDER BY type = 'index', type = 'trigger', rowid LIMIT ?",
        (_MOST_TABLES + 1,),
    ).fetchall()
    lines = [
        f"{sql};{_counted(connection, name) if kind == 'table' else ''}"
        for name, kind, sql in listed[:_MOST_TABLES]
    ]
    if len(listed) > _MOST_TABLES:
        lines.append(f"-- and more; only the first {_MOST_TABLES} are listed")
    return "\n".join(lines)


def statement(connection: sqlite3.Connection, sql: str, parameters: list[Any]) -> dict[str, Any]:
    """The rows of a statement, and how many it changed."""
    before = connection.total_changes
    cursor = connection.execute(sql, parameters)
    told = _rows(cursor) if cursor.description else {}
    for _ in cursor if connection.in_transaction else ():
        """What changes rows happens as a whole, also where not all of it is shown."""
    return {"rows_changed": connection.total_changes - before} | told


def _counted(connection: sqlite3.Connection, table: str) -> str:
    quoted = '"' + table.replace('"', '""') + '"'
    inner = f"SELECT 1 FROM {quoted} LIMIT {_MOST_COUNTED + 1}"
    try:
        number = connection.execute(f"SELECT count(*) FROM ({inner})").fetchone()[0]
    except sqlite3.OperationalError as error:  # such as a virtual table of a module that is missing
        return f"  -- cannot be read: {error}"
    return f"  -- {'over ' * (number > _MOST_COUNTED)}{min(number, _MOST_COUNTED):,} rows"


def _rows(cursor: sqlite3.Cursor) -> dict[str, Any]:
    """Columns and rows: names once, so that many rows cost few tokens."""
    rows: list[list[Any]] = []
    size, more = 0, False
    for row in cursor:
        shown = [_cell(value) for value in row]
        size += len(json.dumps(shown, ensure_ascii=False))
        more = len(rows) == _MOST_ROWS or (size > _MOST_CHARS and bool(rows))
        if more:
            break
        rows.append(shown)
    columns = [_cell(each[0]) for each in cursor.description]
    note = {"note": f"There are more rows; these are the first {len(rows)}."} if more else {}
    return {"columns": columns, "rows": rows} | note


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"[{len(value):,} bytes]"
    if isinstance(value, str) and len(value) > _LONGEST_CELL:
        return f"{value[:_LONGEST_CELL]}[... {len(value):,} characters]"
    return value


def _connected(path: str, limit: float, wait: float, write: bool) -> sqlite3.Connection:
    """Reading is held three times: by how the file is opened, by the connection, and by what is
    authorized."""
    uri = f"{Path(path).as_uri()}?mode={'rw' if write else 'ro'}"
    connection = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
    for kind, value in _LIMITS.items():
        connection.setlimit(kind, value)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON" if write else "PRAGMA query_only = ON")
    connection.text_factory = lambda data: data.decode("utf-8", "replace")  # it may be any bytes
    end = time.monotonic() + limit
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    return connection


def _has_only(path: str) -> bool:
    """Whether this process has opened the database and what is beside it, and nothing else.

    SQLite opens files by name, and whoever may write to a directory could put a link there, or in
    place of the directory, at just that moment. Windows cannot tell; nobody should do it there.
    """
    if os.name != "posix":
        return True
    directory, name = os.path.split(path)
    with suppress(OSError), _unlinked(directory) as folder:
        database, *beside = (_plain_file(name + end, folder) for end in ("", *_BESIDE))
        opened = _opened()
        return database in opened and opened <= {database, *beside}
    return False


@contextmanager
def _unlinked(directory: str) -> Iterator[int]:
    """The directory, to which no link leads; it need not be readable."""
    flags = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
    folder = os.open("/", flags)
    try:
        for name in Path(directory).parts[1:]:
            outer, folder = folder, os.open(name, flags, dir_fd=folder)
            os.close(outer)
        yield folder
    finally:
        os.close(folder)


def _plain_file(name: str, folder: int) -> tuple[int, int] | None:
    """What the file is known by whatever its name; None where there is none with just one name."""
    with suppress(FileNotFoundError):
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        return (found.st_dev, found.st_ino) if found.st_nlink == 1 else None
    return None


def _opened() -> set[tuple[int, int]]:
    """The files that this process has open, except those without a name: the temporary ones."""
    opened = set()
    for descriptor in range(3, 256):
        with suppress(OSError):
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and found.st_nlink:
                opened.add((found.st_dev, found.st_ino))
    return opened


def _may_read(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action in _READING or _is_common(action, first, second):
        return sqlite3.SQLITE_OK
    # What a virtual table says when it is declared; nothing is written, and nothing could be.
    declared = action == sqlite3.SQLITE_UPDATE and first == "sqlite_master"
    return sqlite3.SQLITE_OK if declared else sqlite3.SQLITE_DENY


def _may_write(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    special = (sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_PRAGMA)
    if action in _NEVER or (action in special and not _is_common(action, first, second)):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _is_common(action: int, first: str | None, second: str | None) -> bool:
    if action == sqlite3.SQLITE_FUNCTION:
        return (second or "").lower() not in _FUNCTIONS_OUT
    return action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _TELLING


def _explained(error: Exception, name: str, limit: float, write: bool) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "The SQL, or one of its parameters, holds half of a character."
    said = f"SQLite: {str(error).rstrip('.')}."
    code = getattr(error, "sqlite_errorcode", 0)
    if said.startswith("SQLite: not authorized"):  # of functions it comes without the code
        code = sqlite3.SQLITE_AUTH
    if code in (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY):
        return (
            f"A program was interrupted while it wrote to {name!r}. Whoever may write to it must "
            "open it first; that undoes what is half done."
        )
    what = "one statement that changes tables or rows" if write else "one reading statement"
    unreadable = f"{name!r} cannot be read as a SQLite database. {said}"
    locked = f"{name!r} is locked by another program; try again later."
    explanations = {
        sqlite3.SQLITE_AUTH: f"{said} Only {what} can run here; no ATTACH, no PRAGMA that sets "
        "something, no transactions, no extensions.",
        sqlite3.SQLITE_READONLY: f"{said} The file, or its directory, may not be written.",
        sqlite3.SQLITE_INTERRUPT: f"The statement took longer than {limit:g} seconds. Ask for "
        "less, or use an index.",
        sqlite3.SQLITE_TOOBIG: f"{said} No value may have more than {_LONGEST_VALUE:,} bytes.",
        sqlite3.SQLITE_IOERR: f"{said} Perhaps it sorts or groups too much.",
        sqlite3.SQLITE_NOTADB: unreadable,
        sqlite3.SQLITE_CORRUPT: unreadable,
        sqlite3.SQLITE_CANTOPEN: unreadable,
        sqlite3.SQLITE_BUSY: locked,
        sqlite3.SQLITE_LOCKED: locked,
    }
    return explanations.get(code & 0xFF, said)


def _done(asked: dict[str, Any]) -> Any:
    write = asked["write"]
    work: Callable[..., Any] = statement if "sql" in asked else schema
    given = [asked["sql"], asked["parameters"]] if "sql" in asked else []
    with closing(_connected(asked["path"], asked["limit"], asked["wait"], write)) as connection:
        _check(asked)
        if write:
            connection.execute("BEGIN IMMEDIATE")
            _check(asked)  # the log, which is open now, before anything is written to it
        connection.set_authorizer(_may_write if write else _may_read)
        value = work(connection, *given)
        _check(asked)  # before anything is said or kept
        if write:
            connection.set_authorizer(None)
            connection.execute("COMMIT")
        return value


def _check(asked: dict[str, Any]) -> None:
    if not _has_only(asked["path"]):
        raise sqlite3.Error(f"{asked['name']!r} was just replaced; try again")


def main() -> None:
    """Read what is asked, do it, and write its value or what is wrong."""
    asked = json.load(sys.stdin)
    try:
        result = {"value": _done(asked)}
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
        result = {"error": _explained(error, asked["name"], asked["limit"], asked["write"])}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
