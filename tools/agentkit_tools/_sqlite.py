"""SQLite databases, each used for one statement by a process of its own.

SQLite cannot be stopped inside a function of its own, and one statement can fill any memory. The
process can be ended. While it writes, too: what is not whole is undone by who opens the file next.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from agentkit import ToolError
from agentkit.safe import SafePath
from agentkit_tools._apart import apart

_BESIDE = ("-journal", "-wal", "-shm")  # files that SQLite has beside a database
_TEMPORARY = 100_000_000  # bytes of a temporary file, as for sorting
_LARGEST = 100_000_000_000  # bytes of a database that is written
_BUSY = 2.0  # seconds to wait for a lock
_GRACE = 2.0  # seconds more, as the statement itself is stopped in time and says so
_UNDO = 30.0  # seconds to undo what is half done, whatever the statement had


def use_database(database: SafePath, *, seconds: float, write: bool = False, **asked: Any) -> Any:
    """What the worker says of a database: its schema, or the result of a statement.

    SQLite opens files by name. So the worker looks again at what it has opened, and says nothing if
    a link led there. On Windows it cannot; nobody should swap directories there meanwhile.

    Args:
        database: Its file.
        seconds: How long a statement may run.
        write: Whether it may change the database.
        asked: The rest of what the worker takes.

    Raises:
        ToolError: The file is no database, is locked, or SQLite refuses the statement.
    """
    _check(database)
    given: dict[str, Any] = {
        "seconds": seconds + _GRACE,
        "path": database.root.real_path(database.parts),
        "name": str(database),
        "limit": seconds,
        "wait": _BUSY,
    }
    if not write:
        return apart("_worker_sqlite.py", file_size=_TEMPORARY, write=False, **given, **asked)
    given |= {"file_size": _LARGEST, "write": True}
    try:
        return apart("_worker_sqlite.py", **given, **asked)
    except ToolError:
        if _beside(database, "-journal").kind() == "file":  # it may have been ended while it wrote
            with suppress(ToolError):  # to open it undoes what is half done
                apart("_worker_sqlite.py", **given | {"wait": 0, "seconds": _UNDO})
        raise


def _check(database: SafePath) -> None:
    """Refuse what is no plain file, and say why.

    It is not opened for that: closing it would drop the locks of an application that has it open.
    """
    for end in _BESIDE:
        beside = _beside(database, end)
        if beside.kind() not in (None, "file"):
            raise ToolError(f"{str(beside)!r}, which SQLite would use, is no plain file.")
    if database.kind() != "file":
        database.open_file().close()  # says why
        raise ToolError(f"{str(database)!r} was just replaced; try again.")


def _beside(database: SafePath, end: str) -> SafePath:
    return SafePath(f"{database}{end}", database.root)
