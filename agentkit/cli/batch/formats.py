"""A file of rows, read a row at a time: JSON lines, CSV, or plain lines."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, NoReturn

from agentkit import ConfigError
from agentkit.errors import closest
from agentkit.strict_json import strict

Format = Literal["jsonl", "csv", "tsv", "text"]
PROMPT = "prompt"
"""The field that a row's prompt is in, where no template makes it of others."""

_BY_NAME: dict[str, Format] = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "csv": "csv",
    "tsv": "tsv",
    "txt": "text",
}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it stands in its file.

    Args:
        line: The line that it begins in, from 1.
        fields: Its values by name.
    """

    line: int
    fields: dict[str, Any]


def format_of(name: str, begin: bytes) -> Format:
    """The format that a file's name tells, or else what it begins with.

    Args:
        name: The file's name.
        begin: Some of its first bytes.

    Raises:
        ConfigError: It is a JSON file that is not read row by row.
    """
    ending = name.rpartition(".")[2].lower()
    if found := _BY_NAME.get(ending):
        return found
    begin = begin.removeprefix(_BOM).lstrip()
    if begin.startswith(b"[") and ending == "json":
        raise ConfigError(
            f"{name} is one JSON array, which cannot be read row by row: write an object on each "
            f"line, as `jq -c '.[]' {name}` does."
        )
    return "jsonl" if begin.startswith(b"{") else "text"


def records(file: BinaryIO, kind: Format, name: str) -> Iterator[Record]:
    """The rows of a file; blank lines are none.

    Args:
        file: At its beginning.
        kind: How it is written.
        name: What errors call it.

    Raises:
        ConfigError: A row cannot be read; the line is named.
    """
    lines = _lines(file, name)
    match kind:
        case "jsonl":
            return _json_records(lines, name)
        case "text":
            texts = ((number, text.rstrip("\r\n")) for number, text in lines)
            return (Record(number, {PROMPT: text}) for number, text in texts if text.strip())
    return _table(lines, name, "\t" if kind == "tsv" else None)


def refuse(name: str, line: int, what: str) -> NoReturn:
    """Refuse a row.

    Raises:
        ConfigError: Always.
    """
    raise ConfigError(f"{name}, line {line}: {what}")


def no_field(name: str, record: Record, field: str, what: str) -> NoReturn:
    """Refuse a row that lacks a field.

    Raises:
        ConfigError: Always.
    """
    known = ", ".join(record.fields) or "none"
    near = closest(field, record.fields)
    refuse(name, record.line, f"there is no {field!r} (there is: {known}).{near} {what}".rstrip())


def _lines(file: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(file, 1):
        try:
            yield number, (raw.removeprefix(_BOM) if number == 1 else raw).decode("utf-8")
        except UnicodeDecodeError:
            refuse(name, number, "it is no UTF-8: `iconv -t utf-8` makes it so.")


def _json_records(lines: Iterable[tuple[int, str]], name: str) -> Iterator[Record]:
    for number, text in lines:
        if not text.strip():
            continue
        try:
            value = strict(text)
        except ValueError as error:
            refuse(name, number, f"it is no JSON: {error}.")
        if isinstance(value, str):
            value = {PROMPT: value}
        if not isinstance(value, dict):
            refuse(name, number, f"a row is a JSON object or a text, not {text.strip()[:40]}.")
        yield Record(number, value)


def _table(lines: Iterator[tuple[int, str]], name: str, delimiter: str | None) -> Iterator[Record]:
    csv.field_size_limit(sys.maxsize)  # a prompt may be a book
    header = next(lines, (0, ""))[1]
    usual = ";" if ";" in header and "," not in header else ","
    texts = _with_first(header, lines)
    rows = csv.reader(texts, delimiter=delimiter or usual, strict=True)
    names: Sequence[str] = ()
    begun = 1
    try:
        for row in rows:
            line, begun = begun, rows.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if not names:
                names = _names(row, name)
                continue
            if len(row) != len(names):
                refuse(name, line, f"it has {len(row)} fields, and the header has {len(names)}.")
            yield Record(line, dict(zip(names, row, strict=True)))
    except csv.Error as error:
        refuse(name, max(rows.line_num, 1), f"it is no CSV: {error}.")


def _with_first(header: str, lines: Iterable[tuple[int, str]]) -> Iterator[str]:
    yield header
    for _, text in lines:
        yield text


def _names(row: Sequence[str], name: str) -> Sequence[str]:
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(row, 1)]
    if twice := next((each for each in names if names.count(each) > 1), None):
        refuse(name, 1, f"two columns are named {twice!r}.")
    return names
