"""Text: patterns in it, its size, and what differs between two."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agentkit import tool
from agentkit.safe import SafePath
from agentkit_tools._apart import apart
from agentkit_tools._given import given_text

__all__ = ["count_text", "diff_texts", "find_pattern"]

_MAX_BYTES = 2_000_000
_LONGEST_PATTERN = 1_000  # characters
_SHOWN = 300  # characters of a match

_Limit = Annotated[int, Field(ge=1, le=500)]
_Text = Annotated[str, Field(max_length=_MAX_BYTES)] | None


@tool(read_only=True, idempotent=True)
def find_pattern(
    pattern: Annotated[str, Field(max_length=_LONGEST_PATTERN)],
    text: _Text = None,
    path: SafePath | None = None,
    limit: _Limit = 50,
) -> str:
    """Find what matches a regular expression: a match a line, as line number: match.

    Give either a text or a file. A search that takes longer than 5 seconds is stopped.

    Args:
        pattern: A regular expression of Python; (?i) ignores case, ^ and $ stand at line ends.
        text: The text to search.
        path: The file to search, relative to the working directory.
        limit: The most matches.
    """
    given = given_text(text, path, _MAX_BYTES)
    found = apart(
        "_worker_text.py", work="find", pattern=pattern, text=given, limit=limit, longest=_SHOWN
    )
    lines = [
        f"{number}: {match}" + (f"  groups: {groups!r}" if groups else "")
        for number, match, groups in found[:limit]
    ]
    if len(found) > limit:
        lines.append(f"[There are more; these are the first {limit}.]")
    return "\n".join(lines) or "Nothing matches."


@tool(read_only=True, idempotent=True)
def count_text(
    text: _Text = None, path: SafePath | None = None, occurrences_of: str = ""
) -> dict[str, int]:
    """Count the lines, words, characters and bytes (UTF-8) of a text or file.

    Args:
        text: The text.
        path: The file instead, relative to the working directory.
        occurrences_of: A text whose occurrences are counted too.
    """
    given = given_text(text, path, _MAX_BYTES)
    counts = {
        "lines": len(given.splitlines()),
        "words": len(given.split()),
        "characters": len(given),
        "bytes": len(given.encode(errors="surrogatepass")),
    }
    more = {"occurrences": given.count(occurrences_of)} if occurrences_of else {}
    return counts | more


@tool(read_only=True, idempotent=True)
def diff_texts(
    old: _Text = None,
    new: _Text = None,
    old_path: SafePath | None = None,
    new_path: SafePath | None = None,
) -> str:
    """Compare two texts or files line by line; the result is a unified diff.

    Args:
        old: The first text.
        new: The second text.
        old_path: The file with the first text instead, relative to the working directory.
        new_path: The file with the second text instead.
    """
    found: str = apart(
        "_worker_text.py",
        work="diff",
        old=given_text(old, old_path, _MAX_BYTES),
        new=given_text(new, new_path, _MAX_BYTES),
        old_name=str(old_path or "old"),
        new_name=str(new_path or "new"),
    )
    return found or "There is no difference."
