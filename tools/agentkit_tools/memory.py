"""Notes that an agent keeps for later runs, in one SQLite file of the user's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from agentkit import ToolError, tool

__all__ = ["forget", "recall", "remember"]

_VERSION = 1  # of the tables
_MOST = 10_000  # notes
_LONGEST = 2_000  # characters of a note
_BUSY = 10.0  # seconds to wait for another process
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS notes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  note TEXT NOT NULL UNIQUE,
  made TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M', 'now'))
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
  note, content='notes', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON notes BEGIN
  INSERT INTO words (rowid, note) VALUES (new.id, new.note);
END;
CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON notes BEGIN
  INSERT INTO words (words, rowid, note) VALUES ('delete', old.id, old.note);
END;
"""
_WORD = re.compile(r"\w+")
_SECRET = re.compile(
    r"\b(?:sk|gsk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[opsu]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abprs]-[\w-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bxai-\w{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.[\w-]{10,}\."
    r"|\b(?:password|passwd|passphrase|api[ _-]?key|secret|token)\s*(?:is|[:=])\s*\S{4,}",
    re.IGNORECASE,
)


class Memory:
    """The tools that keep notes.

    Args:
        path: The file. If not given it is AGENTKIT_MEMORY, otherwise `agentkit/memory.db` in the
            user's data directory; which one is looked at with each call. It is made, for the user
            alone, with the first note.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._path = path

    @tool(idempotent=True)
    def remember(self, note: Annotated[str, Field(min_length=1, max_length=_LONGEST)]) -> str:
        """Keep a note for later conversations, such as what the user likes. Never keep secrets.

        Args:
            note: A sentence or two that make sense by themselves.
        """
        text = note.strip()
        if not text:
            raise ToolError("The note is empty.")
        if _SECRET.search(text):
            raise ToolError("That looks like a password or a key; secrets are not kept.")
        with self._opened() as connection:
            connection.executescript(f"{_TABLES} PRAGMA user_version = {_VERSION};")
            kept = connection.execute("SELECT id FROM notes WHERE note = ?", (text,)).fetchone()
            if kept is None:
                (number,) = connection.execute("SELECT count(*) FROM notes").fetchone()
                if number >= _MOST:
                    raise ToolError(f"There are {_MOST:,} notes, which is the most; forget some.")
                insert = "INSERT INTO notes (note) VALUES (?) RETURNING id"
                kept = connection.execute(insert, (text,)).fetchone()
            connection.execute("COMMIT")
        return f"Remembered as note {kept[0]}."

    # What an earlier run kept may have come from anybody, such as from a page that it read.
    @tool(read_only=True, idempotent=True, open_world=True)
    def recall(self, query: str = "", limit: Annotated[int, Field(ge=1, le=100)] = 10) -> str:
        """Find notes of earlier conversations: the best match first, each with its number.

        Args:
            query: Words to look for, any of which may be there; the newest notes if empty.
            limit: The most notes.
        """
        words = " OR ".join(f'"{word}"' for word in _WORD.findall(query)[:50])
        if query.strip() and not words:
            raise ToolError("A query is made of words.")
        sql = "SELECT id, made, note FROM notes ORDER BY id DESC LIMIT ?"
        given: tuple[Any, ...] = (limit,)
        if words:
            sql = (
                "SELECT id, made, notes.note FROM words JOIN notes ON id = words.rowid "
                "WHERE words MATCH ? ORDER BY round(rank, 6), id DESC LIMIT ?"
            )
            given = (words, limit)
        with self._opened(make=False) as connection:
            found = connection.execute(sql, given).fetchall() if connection else []
        return "\n".join(f"{id_} ({made} UTC): {note}" for id_, made, note in found) or "No note."

    @tool(destructive=True, idempotent=True)
    def forget(self, id: int) -> str:  # noqa: A002 - the model's word for it
        """Delete a note for good.

        Args:
            id: The note's number, as recall shows it.
        """
        with self._opened(make=False) as connection:
            gone = connection and connection.execute("DELETE FROM notes WHERE id = ?", (id,))
        return f"Note {id} is forgotten." if gone and gone.rowcount else f"There is no note {id}."

    @contextmanager
    def _opened(self, *, make: bool = True) -> Iterator[Any]:
        """A connection; None where there is no file and none is to be made."""
        import sqlite3

        path = Path(self._path or os.environ.get("AGENTKIT_MEMORY") or _usual())
        try:
            if not make and not path.exists():
                yield None
                return
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            with closing(sqlite3.connect(path, timeout=_BUSY, isolation_level=None)) as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version > _VERSION:
                    raise ToolError("The notes were kept by a newer agentkit; this one is too old.")
                yield connection if make or version else None
        except sqlite3.Error as error:
            raise ToolError(f"The notes cannot be used: {error}.") from error
        except OSError as error:
            raise ToolError(f"The notes cannot be used: {error.strerror}.") from error


def _usual() -> Path:
    base = Path(os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA") or "")
    home = base if base.is_absolute() else Path.home() / ".local" / "share"  # as XDG wants it
    return home / "agentkit" / "memory.db"


_kept = Memory()
remember = _kept.remember
recall = _kept.recall
forget = _kept.forget
