"""Text made fit for a terminal: what models and tools write is data, never a command to it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from agentkit.redact import plain, spelled

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNFIT_IN_JSON = re.compile(r"[\x7f-\x9f\ud800-\udfff]")  # json itself escapes the others


def one_line(text: str) -> str:
    """The plain text on one line, in which what turns the order of letters is spelled out."""
    line = " ".join(plain(text).split())
    return _TURNS.sub(lambda found: spelled(found[0]), line)


def json_text(value: Any, *, ascii_only: bool, indent: int | None = None) -> str:
    """JSON without a character that a terminal could take for a command, and nothing lost."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    return _UNFIT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def exact(value: Any) -> str:
    """JSON on several lines in which each character that does not show is spelled out."""
    return spelled(json.dumps(value, ensure_ascii=False, indent=2))


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows as lines with aligned columns, of any width: a pipe has no edge."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
