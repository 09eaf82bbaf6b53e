"""Replies in a file: a run that was stopped goes on, and nothing is asked twice."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentkit.interface import place_of

from .asking import Asker, Reply
from .data import Row


def replies(
    asker: Asker, rows: Iterable[Row], concurrency: int, file: Path | None
) -> Generator[Reply, None, None]:
    """The reply to each row: what the file has, then what is asked, which is added to it.

    A row that got no reply is not kept, and asked again the next time.

    Raises:
        SystemExit: The file has replies of another model, or is no such file.
        AgentkitError: What would go wrong with all rows, such as a key that is refused.
    """
    if file is None:
        yield from asker.replies(rows, concurrency)
        return
    asked = _asked(asker)
    known = _read(file, asked) if file.exists() else {}
    wanted = {row.key: row for row in rows}
    yield from (known[key] for key in wanted if key in known)
    lines = [json.dumps(asked), *(json.dumps(asdict(each)) for each in known.values())]
    with _replaced(file, lines).open("a", encoding="utf-8") as opened:
        new = (row for key, row in wanted.items() if key not in known)
        for reply in asker.replies(new, concurrency):
            if not reply.error:
                print(json.dumps(asdict(reply)), file=opened, flush=True)
            yield reply


def _asked(asker: Asker) -> dict[str, Any]:
    """What replies depend on besides the row; the file's first line."""
    return {
        "interface": place_of(asker.interface),
        "model": asker.model,
        "dialect": "functions" if asker.one_by_one else "tools",
        "options": dict(asker.options),
    }


def _read(file: Path, asked: Mapping[str, Any]) -> dict[str, Reply]:
    lines = file.read_text(encoding="utf-8").splitlines()
    try:
        first = json.loads(lines[0]) if lines else asked
        if first != asked:
            raise SystemExit(f"{file} has replies of {first}, and {asked} is asked: name another.")
        found = [Reply(**each) for each in map(_whole, lines[1:]) if each]
    except (ValueError, TypeError) as error:
        raise SystemExit(f"{file} has no replies of this command: {error}") from error
    return {each.key: each for each in found}


def _whole(line: str) -> dict[str, Any]:
    """What a line holds; nothing where it was cut short."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return {}


def _replaced(file: Path, lines: Iterable[str]) -> Path:
    """The file with these lines alone, put in its place at once."""
    new = file.with_name(f"{file.name}.new")
    new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return new.replace(file)
