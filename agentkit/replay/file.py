"""The file of a recording.

One JSON object a line. Messages and definitions stand once, each under its mark, and so do lists of
them, each as what is new in it behind another:

    {"part": "9f86d081884c7d65", "value": {"role": "user", "content": "What is 17 * 23?"}}
    {"list": "60303ae22b998861", "parts": ["9f86d081884c7d65"]}
    {"request": {"model": "agent", "messages": "60303ae22b998861", ...}, "turn": 0, "response": ...}
    {"list": "a4e624d686e03ed2", "after": "60303ae22b998861", "parts": ["ef2d127de37b942b"]}
    {"call": {"name": "calculate", ...}, "index": 0, "messages": "a4e624d686e03ed2", "turn": 0, ...}

`turn` counts equal requests, and equal calls, in the order in which they were asked.
"""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agentkit.errors import ReplayError
from agentkit.redact import is_json
from agentkit.workers import renew_in_children

Entry = Mapping[str, Any]
"""What one line holds."""


def read(path: Path) -> Iterator[tuple[int, Entry]]:
    """What the lines hold, each with its number; a last one that was cut is left out.

    Raises:
        ReplayError: The file cannot be read, or is no recording.
    """
    try:
        whole, _, last = path.read_bytes().rpartition(b"\n")
    except OSError as error:
        raise ReplayError(f"{os.fspath(path)!r} cannot be read: {error}.") from error
    lines = whole.decode("utf-8-sig", "replace").split("\n") if whole else []
    if last and is_json(last):
        lines.append(last.decode())
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue  # editors and merges leave such
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise not_recorded(path, number, error) from error
        yield number, entry


def not_recorded(path: Path, number: int, error: Exception) -> ReplayError:
    """The error for a line that no recording has."""
    return ReplayError(
        f"Line {number} of {os.fspath(path)!r} is not as it was recorded ({error!r}): "
        "record it again."
    )


class Appender:
    """Adds lines to a file, which several threads and processes may do at once.

    Args:
        path: The file; its directory is made with it.
        anew: Whether what the file holds is thrown away, once there is a line to write.
    """

    def __init__(self, path: Path, *, anew: bool) -> None:
        self._path, self._anew = path, anew
        self._file: int | None = None
        renew_in_children(self)

    def renew(self) -> None:
        """Open the file anew in a forked child: a lock on it is one of the whole descriptor."""
        self._anew = self._anew and self._file is None
        self._file = None

    def check(self) -> None:
        """See whether the file can be written, and leave it as it is.

        Raises:
            ReplayError: It cannot, or another recorder began it anew.
        """
        with self._told():
            if self._file is not None:
                self._check_it_is_ours(self._file)
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666))
            if self._anew:
                os.close(os.open(self._new, os.O_RDWR | os.O_CREAT, 0o666))
                os.unlink(self._new)

    def append(self, lines: str) -> None:
        """Write lines in one piece.

        Raises:
            ReplayError: The file cannot be written, or another recorder began it anew.
        """
        with self._told():
            if self._file is None:
                self._file = self._opened()
                weakref.finalize(self, os.close, self._file)
            self._check_it_is_ours(self._file)
            with _locked(self._file):
                _mend(self._file)
                _write(self._file, lines.encode())

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        if self._anew:  # a file of its own, so that whoever still writes to the old one notices
            file = os.open(self._new, flags, 0o666)
            os.replace(self._new, self._path.resolve())
            return file
        return os.open(self._path, flags, 0o666)

    @property
    def _new(self) -> Path:
        """Where a file that is written anew begins, beside the one whose place it takes."""
        return self._path.resolve().with_name(f".agentkit-{os.getpid()}-{id(self):x}")

    def _check_it_is_ours(self, file: int) -> None:
        if not os.path.samestat(os.fstat(file), os.stat(self._path)):
            raise ReplayError(
                f"Another recorder began {os.fspath(self._path)!r} anew: "
                "give all agents that record into a file the same Replay."
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReplayError(f"{os.fspath(self._path)!r} cannot be written: {error}.") from error


class Lines:
    """Takes lines into memory, as an `Appender` does into a file."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def check(self) -> None:
        """Nothing: there is always room."""

    def append(self, lines: str) -> None:
        """Keep lines."""
        self.lines += lines.splitlines()


def dumped(value: Any) -> str:
    """A value as JSON that UTF-8 can carry."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def _mend(file: int) -> None:
    """See to it that what is added begins on a line of its own: a writer may have been killed."""
    size = os.fstat(file).st_size
    if not size or _read(file, size - 1) == b"\n":
        return
    _, _, last = _read(file, 0).rpartition(b"\n")
    if is_json(last):
        _write(file, b"\n")
    else:
        os.ftruncate(file, size - len(last))


def _read(file: int, start: int) -> bytes:
    os.lseek(file, start, os.SEEK_SET)
    return b"".join(iter(lambda: os.read(file, 1 << 20), b""))


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


@contextmanager
def _locked(file: int) -> Iterator[None]:
    """Nobody else appends meanwhile, where the system has such locks."""
    lock: Callable[[int, int], None] | None = None
    with suppress(ImportError):
        import fcntl

        lock = fcntl.flock
        lock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if lock is not None:
            lock(file, fcntl.LOCK_UN)
