"""Notes that an agent keeps for later runs, in one SQLite file of the user's."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from agentkit import ToolError, tool

__all__ = ["forget", "recall", "remember"]

_VERSION = 1  # of the tables
_MOST = 10_000  # notes
_LONGEST = 2_000  # characters of a note
_MOST_WORDS = 50  # of a query
_BUSY = 10.0  # seconds to wait for another process
_TABLES = """
CREATE TABLE IF NOT EXISTS notes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  note TEXT NOT NULL UNIQUE,
  made TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M', 'now'))
);
"""
_INDEX = """
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
  note, content='notes', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON notes BEGIN
  INSERT INTO words (rowid, note) VALUES (new.id, new.note);
END;
INSERT INTO words (words) VALUES ('rebuild');
"""
_IS_INDEXED = "SELECT count(*) FROM sqlite_master WHERE name = 'words'"
_MAY_BE_INDEXED = "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'"
_BEST = """
SELECT id, made, notes.note FROM words JOIN notes ON id = words.rowid
WHERE words MATCH ? ORDER BY round(rank, 6), id DESC LIMIT ?
"""
_SECRET = re.compile(
    r"\b(?:sk|gsk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[opsu]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abprs]-[\w-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bxai-\w{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.[\w-]{10,}\.|://[^\s/:@]*:[^\s/@]+@"
    r"|(?<![a-z])(?:password|passwd|passphrase|api[ _-]?key|secret|token)"
    r"(?:[\"']?\s*[:=]\s*\S{3,}|\s+is\s+(?=\S*[\d!@#$%^&*])\S{4,})",
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
            _begin(connection)
            kept = connection.execute("SELECT id FROM notes WHERE note = ?", (text,)).fetchone()
            if kept is None:
                (number,) = connection.execute("SELECT count(*) FROM notes").fetchone()
                if number >= _MOST:
                    raise ToolError(f"There are {_MOST:,} notes, which is the most; forget some.")
                insert = connection.execute("INSERT INTO notes (note) VALUES (?)", (text,))
                kept = (insert.lastrowid,)
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
        if query.strip() and not _words(query):
            raise ToolError("A query is made of words.")
        with self._opened(make=False) as connection:
            found = _found(connection, query, limit) if connection else []
        return "\n".join(map(_shown, found)) or "No note."

    @tool(destructive=True, idempotent=True)
    def forget(self, id: int) -> str:  # noqa: A002 - the model's word for it
        """Delete a note for good.

        Args:
            id: The note's number, as recall shows it.
        """
        with self._opened(make=False) as connection:
            gone = connection is not None and _deleted(connection, id)
        return f"Note {id} is forgotten." if gone else f"There is no note {id}."

    @contextmanager
    def _opened(self, *, make: bool = True) -> Iterator[Any]:
        """A connection; None where there is no file and none is to be made."""
        import sqlite3

        try:
            path = Path(self._path or os.environ.get("AGENTKIT_MEMORY") or _usual())
            if not make and not path.exists():
                yield None
                return
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(_connected(path)) as connection:
                connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version > _VERSION:
                    raise ToolError("The notes were kept by a newer agentkit; this one is too old.")
                yield connection if make or version else None
        except sqlite3.Error as error:
            raise ToolError(f"The notes cannot be used: {error}.") from error
        except OSError as error:
            raise ToolError(f"The notes cannot be used: {error.strerror}.") from error


def _connected(path: Path) -> Any:
    """A connection, with a journal that needs no shared memory: a home may be on a network.

    A new file is for the user alone from its first moment, as SQLite makes it like the temporary
    one. To make it here would mean to close it, which drops the locks of other threads.
    """
    import sqlite3
    import tempfile

    with ExitStack() as stack:
        uri = path.absolute().as_uri()
        if not path.exists():
            private = stack.enter_context(tempfile.NamedTemporaryFile())
            uri += f"?modeof={quote(private.name)}"
        return sqlite3.connect(uri, uri=True, timeout=_BUSY, isolation_level=None)


def _begin(connection: Any) -> None:
    """Begin to write, with the tables there; with the index, too, where SQLite can search."""
    indexed, able = (
        connection.execute(sql).fetchone()[0] for sql in (_IS_INDEXED, _MAY_BE_INDEXED)
    )
    index = "" if indexed or not able else _INDEX
    connection.executescript(
        f"BEGIN IMMEDIATE; {_TABLES} {index} PRAGMA user_version = {_VERSION};"
    )


def _plain(text: str) -> str:
    """The text in lower case and without accents."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in letters if unicodedata.category(each) != "Mn")


def _words(query: str) -> list[str]:
    """Words of letters and digits alone, so that none of them means anything to a search."""
    kept = (
        each if each.isalnum() or unicodedata.category(each) == "Mc" else " "
        for each in _plain(query)
    )
    return "".join(kept).split()


def _found(connection: Any, query: str, limit: int) -> list[tuple[int, str, str]]:
    """The notes with any of the words, the best first; without words all, the newest first."""
    words = _words(query)[:_MOST_WORDS]
    if words and connection.execute(_IS_INDEXED).fetchone()[0]:
        matching = " OR ".join(f'"{word}"' for word in words)
        found: list[tuple[int, str, str]] = connection.execute(_BEST, (matching, limit)).fetchall()
        if found or query.isascii():
            return found
    # The index does not know the words of languages that put no blanks between them.
    sql = "SELECT id, made, note FROM notes ORDER BY id DESC LIMIT ?"
    newest = connection.execute(sql, (_MOST if words else limit,))
    scored = ((sum(word in _plain(row[2]) for word in words), row) for row in newest)
    fitting = [each for each in scored if each[0] or not words]
    return [row for _, row in sorted(fitting, key=lambda each: -each[0])[:limit]]


def _deleted(connection: Any, number: int) -> bool:
    if not 0 < number < 1 << 63:  # SQLite cannot even be asked
        return False
    connection.execute("BEGIN IMMEDIATE")
    gone = bool(connection.execute("DELETE FROM notes WHERE id = ?", (number,)).rowcount)
    if gone and connection.execute(_IS_INDEXED).fetchone()[0]:
        connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
    connection.execute("COMMIT")
    return gone


def _shown(row: tuple[int, str, str]) -> str:
    """A line, with what follows indented, so that no note can look like two."""
    number, made, note = row
    return f"{number} ({made} UTC): " + "\n  ".join(note.splitlines())


def _usual() -> Path:
    base = Path(os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA") or "")
    try:
        home = base if base.is_absolute() else Path.home() / ".local" / "share"  # as XDG wants it
    except RuntimeError as error:
        raise ToolError("There is no home directory; set AGENTKIT_MEMORY to a file.") from error
    return home / "agentkit" / "memory.db"


_kept = Memory()
remember = _kept.remember
recall = _kept.recall
forget = _kept.forget
