"""Rows with their prompts and ids, checked before any of them is run."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from agentkit import ConfigError
from agentkit.cli.batch.formats import PROMPT, Format, Record, format_of, no_field, records, refuse
from agentkit.cli.text import json_text
from agentkit.redact import redact

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_SHOWN = 32  # characters of an id that are in a run's
_MANY = 1_000  # names of fields in a file, at most
_SNIFFED = 1_024  # bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is to be run.

    Args:
        number: Its place, from 1.
        id: What names it: the value of a column, or its number.
        prompt: What the model is asked.
        fields: All of its values.
    """

    number: int
    id: str | int
    prompt: str
    fields: dict[str, Any]

    @property
    def key(self) -> str:
        """Its part of a run's id: another one once the prompt is another."""
        text = f"{json_text(self.id, ascii_only=True)}\n{self.prompt}"
        shown = _UNFIT.sub("_", redact(str(self.id)))[:_SHOWN]
        return f"{shown}:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


class Template:
    """A prompt with `{name}` where a field goes; `{{` and `}}` are braces.

    Args:
        text: The template.

    Raises:
        ConfigError: A brace stands alone.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        for found in _FIELD.finditer(text):
            if found[0] in ("{", "}"):
                raise ConfigError(
                    f"--template has a {found[0]!r} without its other: write it twice, where it "
                    "stands for itself."
                )

    def filled(self, record: Record, name: str) -> str:
        """The prompt of a row.

        Raises:
            ConfigError: The row lacks a field.
        """

        def value(found: re.Match[str]) -> str:
            if found[0] in ("{{", "}}"):
                return found[0][0]
            return _text_of(record, found[1].strip(), name, "--template names it.")

        return _FIELD.sub(value, self._text)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was seen of rows that are fit: how many there are, and the names of their fields."""

    count: int
    fields: tuple[str, ...]


class Rows:
    """The rows of a file, any number of times.

    Args:
        path: The file; `-` is stdin. What is no ordinary file is copied to one first.
        kind: How it is written, if its name does not tell.
        template: What makes prompts of fields; the field `prompt` if not given.
        id_column: The field that names a row; its number if not given.

    Raises:
        ConfigError: There is no such file, or it cannot be read.
    """

    def __init__(
        self, path: str, kind: Format | None, template: str | None, id_column: str | None
    ) -> None:
        self.name = "stdin" if path == "-" else path
        self.path = None if path == "-" else Path(path)
        self._file = _opened(self.path, self.name)
        self._kind = kind or format_of(self.name, self._file.read(_SNIFFED))
        self._template = Template(template) if template is not None else None
        self._id = id_column

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Row]:
        return (row for row, _ in self._rows())

    def check(self) -> Checked:
        """Look at all of them before any is run.

        Raises:
            ConfigError: A row cannot be read, lacks a field, or has the id of another; the line is
                named.
        """
        count = 0
        fields: dict[str, None] = {}
        with closing(sqlite3.connect("")) as seen:  # in a file that nobody else sees
            seen.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
            for row, line in self._rows():
                count += 1
                if len(fields) < _MANY:
                    fields.update(dict.fromkeys(row.fields))
                if self._id is not None:
                    self._see(seen, row, line)
        return Checked(count, tuple(fields))

    def _see(self, seen: sqlite3.Connection, row: Row, line: int) -> None:
        given = json_text(row.id, ascii_only=True)
        try:
            seen.execute("INSERT INTO ids VALUES (?, ?)", (given, line))
        except sqlite3.IntegrityError:
            (first,) = seen.execute("SELECT line FROM ids WHERE id = ?", (given,)).fetchone()
            refuse(self.name, line, f"its {self._id!r} is {row.id!r}, as in line {first} already.")

    def _rows(self) -> Iterator[tuple[Row, int]]:
        self._file.seek(0)
        for number, record in enumerate(records(self._file, self._kind, self.name), 1):
            prompt = self._prompt(record)
            if not prompt.strip():
                refuse(self.name, record.line, "the prompt is empty.")
            yield Row(number, self._id_of(record, number), prompt, record.fields), record.line

    def _prompt(self, record: Record) -> str:
        if self._template is not None:
            return self._template.filled(record, self.name)
        if PROMPT not in record.fields and len(record.fields) == 1:
            return _text_of(record, next(iter(record.fields)), self.name, "")
        what = "It is what the model is asked; --template makes it of other fields."
        return _text_of(record, PROMPT, self.name, what)

    def _id_of(self, record: Record, number: int) -> str | int:
        if self._id is None:
            return number
        found = record.fields.get(self._id)
        if self._id not in record.fields:
            no_field(self.name, record, self._id, "--id names it.")
        if type(found) not in (str, int) or found == "":
            refuse(self.name, record.line, f"its {self._id!r} is no text or whole number: --id.")
        return found  # type: ignore[return-value] # as was just seen


def _text_of(record: Record, field: str, name: str, what: str) -> str:
    """A field as text: values that are none as JSON."""
    if (value := record.fields.get(field)) is None:
        no_field(name, record, field, what)
    return value if isinstance(value, str) else json_text(value, ascii_only=False)


def _opened(path: Path | None, name: str) -> BinaryIO:
    """The file, or a copy of what can be read only once."""
    try:
        if path is None:
            return _copied(sys.stdin.buffer)
        file = path.open("rb")
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        with file:
            return _copied(file)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror or error}.") from error


def _copied(source: BinaryIO) -> BinaryIO:
    from shutil import copyfileobj
    from tempfile import TemporaryFile

    copy = TemporaryFile()  # noqa: SIM115 - it is closed with the rows
    copyfileobj(source, copy)
    copy.seek(0)
    return copy
