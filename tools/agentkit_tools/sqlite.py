"""SQLite databases: what is in them, reading queries, and as a pack of its own, writing."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import Field

from agentkit import ToolError, tool
from agentkit.safe import Root, SafePath
from agentkit_tools._sqlite import use_database

__all__ = ["sqlite_query", "sqlite_schema"]

_Parameters = Annotated[list[str | int | float | None] | None, Field(max_length=100)]


class _Rooted:
    def __init__(self, *roots: str | os.PathLike[str], seconds: float = 5.0) -> None:
        self._root = Root(*roots) if roots else None
        self._seconds = seconds

    def _use(self, database: SafePath, write: bool = False, **asked: Any) -> Any:
        bound = database.under(self._root) if self._root else database
        return use_database(bound, seconds=self._seconds, write=write, **asked)


class Sqlite(_Rooted):
    """The tools that read SQLite databases.

    Args:
        roots: The directories that the databases are in; the working directory if not given.
        seconds: How long a statement may run.
    """

    @tool(read_only=True, idempotent=True)
    def sqlite_schema(self, database: SafePath) -> str:
        """Show the tables, views and indexes of a SQLite database, with their numbers of rows.

        Args:
            database: The database's file, relative to the root, such as data/shop.db.
        """
        return self._use(database) or f"{database} has no tables."

    @tool(read_only=True, idempotent=True)
    def sqlite_query(
        self, database: SafePath, sql: str, parameters: _Parameters = None
    ) -> dict[str, Any]:
        """Run one reading SQL statement on a SQLite database.

        At most 200 rows come back, long values are cut, and it must end within seconds: aggregate,
        filter and LIMIT in SQL. Nothing can be changed.

        Args:
            database: The database's file, relative to the root, such as data/shop.db.
            sql: One statement, such as SELECT name FROM users WHERE age > ?
            parameters: The values for its question marks.
        """
        told: dict[str, Any] = self._use(database, sql=sql, parameters=parameters or [])
        if "columns" not in told:
            raise ToolError("That is no statement that gives rows.")
        return {"columns": told["columns"], "rows": told["rows"]} | (
            {"note": told["note"]} if "note" in told else {}
        )


class SqliteWriting(_Rooted):
    """The tool that changes SQLite databases; each of its calls is approved by a person.

    Args:
        roots: The directories that the databases are in; the working directory if not given.
        seconds: How long a statement may run.
    """

    @tool(destructive=True, approve=True)
    def sqlite_execute(
        self, database: SafePath, sql: str, parameters: _Parameters = None
    ) -> dict[str, Any]:
        """Run one SQL statement that changes a SQLite database, as a whole or not at all.

        Args:
            database: The database's file, relative to the root; it must exist.
            sql: One statement, such as UPDATE users SET age = ? WHERE id = ?
            parameters: The values for its question marks.
        """
        told: dict[str, Any] = self._use(database, write=True, sql=sql, parameters=parameters or [])
        return told


_reading = Sqlite()
sqlite_schema = _reading.sqlite_schema
sqlite_query = _reading.sqlite_query

writing = SqliteWriting()
"""The tool that writes, as a pack of its own: it is there only for those who ask for it."""
