"""SQLite databases, each used for one statement by a process of its own.

SQLite cannot be stopped inside a function of its own, and one statement can fill any memory. The
process can be ended. While it writes, too: what is not whole is undone by who opens the file next.
"""

from __future__ import annotations

from typing import Any

from agentkit import ToolError
from agentkit.safe import SafePath
from agentkit_tools._apart import apart

_BESIDE = ("-journal", "-wal", "-shm")  # files that SQLite has beside a database
_TEMPORARY = 100_000_000  # bytes of a temporary file, as for sorting
_LARGEST = 100_000_000_000  # bytes of a database that is written
_GRACE = 2.0  # seconds more, as the statement itself is stopped in time and says so


def use_database(database: SafePath, *, seconds: float, write: bool = False, **asked: Any) -> Any:
    """What the worker says of a database: its schema, or the result of a statement.

    SQLite opens files by name. So the worker is told which file was found on the way that leads
    through no link, and ends if SQLite has opened another one. Windows has no such numbers of files
    there; nobody should swap directories there meanwhile.

    Args:
        database: Its file.
        seconds: How long a statement may run.
        write: Whether it may change the database.
        asked: The rest of what the worker takes.

    Raises:
        ToolError: The file is no database, is locked, or SQLite refuses the statement.
    """
    return apart(
        "_worker_sqlite.py",
        seconds=seconds + _GRACE,
        file_size=_LARGEST if write else _TEMPORARY,
        path=database.root.real_path(database.parts),
        file=_identity(database),
        name=str(database),
        limit=seconds,
        write=write,
        **asked,
    )


def _identity(database: SafePath) -> tuple[int, int]:
    """The numbers of device and file, by which a file is known whatever its name.

    It is not opened for that: closing it would drop the locks of an application that has it open.
    """
    for beside in _BESIDE:
        if SafePath(f"{database}{beside}", database.root).kind() not in (None, "file"):
            raise ToolError(f"'{database}{beside}', which SQLite would use, is no plain file.")
    if database.kind() != "file":
        database.open_file().close()  # says why
        raise ToolError(f"{str(database)!r} was just replaced; try again.")
    with database.root.folder(database.parts[:-1]) as folder:
        found = folder.look(database.parts[-1])
    if found is None:
        raise ToolError(f"{str(database)!r} was just removed.")
    return found.st_dev, found.st_ino
