"""The file of a recording.

One JSON object a line. Messages and definitions stand once, each under its hash:

    {"part": "9f86d081884c7d65", "value": {"role": "user", "content": "What is 17 * 23?"}}
    {"request": {"model": "agent", "messages": ["9f86d081884c7d65"], ...}, "response": {...}}
    {"call": {"name": "calculate", "arguments": "..."}, "result": {...}}
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentkit.errors import ReplayError

_PARTS = ("definitions", "messages")
Entry = Mapping[str, Any]
"""A request with its response, or a call with its result, as plain values."""


def read(path: Path) -> Iterator[tuple[int, Entry]]:
    """The entries, each with the number of its line. A last line that was cut is left out.

    Raises:
        ReplayError: The file cannot be read, or is no recording.
    """
    parts: dict[str, Any] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            entry = json.loads(line)
            if "part" in entry:
                parts[entry["part"]] = entry["value"]
            elif "request" in entry:
                yield number, {**entry, "request": _each_part(entry["request"], parts.__getitem__)}
            else:
                yield number, entry
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise not_recorded(path, number, error) from error


def not_recorded(path: Path, number: int, error: Exception) -> ReplayError:
    """The error for a line that no recording has."""
    return ReplayError(
        f"Line {number} of {os.fspath(path)!r} is not as it was recorded ({error!r}): "
        "record it again."
    )


class Writer:
    """Writes entries, each in one piece, with what it is the first to have.

    Args:
        write: Takes the lines of an entry.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._written: set[str] = set()

    @classmethod
    def of_file(cls, path: Path, *, anew: bool) -> Writer:
        """One that adds to a file.

        Args:
            path: The file; its directory is made with it.
            anew: Whether what the file holds is thrown away, once there is an entry to write.
        """

        def append(text: str) -> None:
            nonlocal anew
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb" if anew else "ab") as file:
                    file.write(text.encode())
            except OSError as error:
                raise ReplayError(f"{os.fspath(path)!r} cannot be written: {error}.") from error
            anew = False

        return cls(append)

    def write(self, entry: Entry) -> None:
        """Write an entry.

        Raises:
            ReplayError: The file cannot be written.
        """
        new: dict[str, str] = {}

        def marked(part: Any) -> str:
            mark = sha256(dumped(part).encode()).hexdigest()[:16]
            if mark not in self._written:
                new[mark] = dumped({"part": mark, "value": part})
            return mark

        if "request" in entry:
            entry = {**entry, "request": _each_part(entry["request"], marked)}
        self._write("".join(f"{line}\n" for line in (*new.values(), dumped(entry))))
        self._written |= new.keys()


def dumped(value: Any) -> str:
    """A value as JSON that UTF-8 can carry."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def _lines(path: Path) -> Iterator[str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReplayError(f"{os.fspath(path)!r} cannot be read: {error}.") from error
    whole, _, cut = data.rpartition(b"\n")
    if cut:  # its writer was killed; what is added must begin on a line of its own
        os.truncate(path, len(whole) + bool(whole))
    yield from whole.decode("utf-8", "replace").split("\n") if whole else ()


def _each_part(request: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {**request, **{name: [change(each) for each in request[name]] for name in _PARTS}}
