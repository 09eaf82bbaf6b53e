"""Answers as lines of JSON or CSV, in a file that is the batch's alone or on stdout."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TextIO

from agentkit import ConfigError
from agentkit.cli.batch.answers import Answer
from agentkit.cli.batch.rows import Rows
from agentkit.cli.output import write
from agentkit.cli.text import json_text
from agentkit.errors import AgentkitError
from agentkit.redact import environment_secrets, hide_in

_OWN = ("state", "output", "error", "run_id", "prompt_tokens", "completion_tokens", "cost")

_ENDS = re.compile("[\u2028\u2029]")  # which some readers take for the end of a line


class OutputError(AgentkitError):
    """The output cannot be written any more."""


class Writer(Protocol):
    """Takes answers one after the other."""

    def write(self, answer: Answer) -> None:
        """Write one, at once.

        Raises:
            OutputError: It cannot be written.
            OutputClosedError: Nobody reads it any more.
        """


class _Lines:
    """A line of JSON for each answer."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write, self._secrets = write, environment_secrets()

    def write(self, answer: Answer) -> None:
        value = {
            "id": hide_in(answer.row.id, self._secrets),
            "state": answer.state,
            "output": answer.output,
            "error": answer.error,
            "input": hide_in(answer.row.fields, self._secrets),
            **{name: getattr(answer, name) for name in _OWN[3:]},
        }
        line = json_text(value, ascii_only=False)
        self._write(_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n")


class _Table:
    """A line of CSV for each answer: the row's own columns, and what came of it."""

    def __init__(self, write: Callable[[str], None], fields: Sequence[str], tabs: bool) -> None:
        self._secrets, self._fields = environment_secrets(), fields
        dialect: Any = {"delimiter": "\t" if tabs else ",", "lineterminator": "\n"}
        self._csv = csv.writer(_Written(write), **dialect)
        self._csv.writerow([*fields, *(own_column(name, fields) for name in _OWN)])

    def write(self, answer: Answer) -> None:
        row = hide_in(answer.row.fields, self._secrets)
        own = (getattr(answer, name) for name in _OWN)
        self._csv.writerow(map(_cell, (*(row.get(name) for name in self._fields), *own)))


class _Written:
    """What the csv module takes for a file."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write = write


def own_column(name: str, fields: Sequence[str]) -> str:
    """A column's name that none of the row's own has."""
    while name in fields:
        name += "_"
    return name


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json_text(value, ascii_only=False)
    return value.encode("utf-8", "replace").decode()  # half surrogate pairs are no UTF-8


@contextmanager
def writer(output: Path | None, fields: Sequence[str], stdout: TextIO) -> Iterator[Writer]:
    """What writes answers.

    Args:
        output: The file, which begins anew; stdout if not given.
        fields: The names of the rows' fields.
        stdout: What was stdout before tools' words were kept out of it.

    Raises:
        ConfigError: The file cannot be opened.
        OutputError: It cannot be written any more.
    """
    if output is None:
        yield _Lines(partial(write, stdout=stdout))
        return
    try:
        file = output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}.") from error

    def put(text: str) -> None:
        with _translated(output):
            file.write(text)
            file.flush()

    try:
        ending = output.suffix.lower()
        is_table = ending in (".csv", ".tsv")
        yield _Table(put, fields, ending == ".tsv") if is_table else _Lines(put)
    finally:
        with _translated(output):
            file.close()


@contextmanager
def _translated(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror or error}.") from error


def check_output(output: Path, rows: Rows, journal: Path | None) -> None:
    """See that the output is none of the other files.

    Raises:
        ConfigError: It is.
    """
    for other in filter(None, (rows.path, journal)):
        if output.absolute() == other.absolute() or _same(output, other):
            raise ConfigError(
                f"{output} is {'the input' if other == rows.path else 'the journal'}"
                " too: give another -o."
            )


@contextmanager
def alone(output: Path, who: str = "Another batch", option: str = "-o") -> Iterator[None]:
    """Nobody else writes the output meanwhile.

    Args:
        output: The file.
        who: Who else may write it, for the error.
        option: What names the file.

    Raises:
        ConfigError: Somebody does, or it cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(f"{output}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigError(
            f"{who} writes {output}: wait for its end, or give another {option}."
        ) from None
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
