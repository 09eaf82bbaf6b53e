"""Text made fit for a line, and rows for a terminal or a pipe."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentkit.redact import plain, spelled

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """The plain text on one line, in which what turns the order of letters is spelled out."""
    line = " ".join(plain(text).split())
    return _TURNS.sub(lambda found: spelled(found[0]), line)


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows as lines with aligned columns, of any width: a pipe has no edge."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
