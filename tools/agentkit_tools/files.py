"""Files below one or several directories: listing, reading, finding, searching, and writing.

Nothing outside these directories is touched, whatever a model asks for: see `agentkit.safe`.
"""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field

from agentkit import tool
from agentkit.safe import Root, SafePath
from agentkit_tools._files_find import Finding, Search
from agentkit_tools._files_text import edited, shown

__all__ = ["find_files", "list_files", "read_file", "search_text"]

_HERE = SafePath(".")
_MOST_LISTED = 1_000
_MOST_SEEN = 20_000  # names that are looked at for a listing
_MAX_BYTES = 10_000_000

_Limit = Annotated[int, Field(ge=1, le=_MOST_LISTED)]


class _Rooted:
    """What tools for the files below some directories have in common: see `Files`."""

    def __init__(self, *roots: str | os.PathLike[str], max_bytes: int = _MAX_BYTES) -> None:
        self._root = Root(*roots) if roots else None
        self._max_bytes = max_bytes

    def _bound(self, path: SafePath) -> SafePath:
        given = os.environ.get("AGENTKIT_ROOTS", "").split(os.pathsep)
        return path.under(self._root or Root(*filter(None, given)))


class ReadFiles(_Rooted):
    """The tools that read. What they take is what `Files` takes."""

    @tool(read_only=True, idempotent=True)
    def list_files(
        self,
        path: SafePath = _HERE,
        depth: Annotated[int, Field(ge=1, le=20)] = 1,
        limit: _Limit = 300,
    ) -> str:
        """List what is in a directory: directories end with /, files have their size in bytes.

        Paths are relative to the root. Links are shown and not followed.

        Args:
            path: The directory, relative to the root; "." is the root.
            depth: How many levels to list; 1 is the directory alone. Those that begin with a dot
                are listed and not gone into.
            limit: The most lines.
        """
        top = self._bound(path)
        lines: list[str] = []
        left_out = 0
        for listing in top.walk(most=_MOST_SEEN):
            left_out += listing.left_out
            lines += [_line(entry.path, entry.kind, entry.size) for entry in listing.entries]
            lines += filter(None, [listing.problem])
            if len(lines) > limit or not listing.complete:
                lines[limit:] = [_more(limit)]
                break
            if len(listing.path.parts) - len(top.parts) >= depth - 1:
                listing.entries.clear()
            listing.entries[:] = (e for e in listing.entries if e.path.parts[-1][0] != ".")
        if left_out:
            lines.append(f"[Names that no path may have are left out: {left_out:,}.]")
        return "\n".join(lines) or f"{top} is empty."

    @tool(read_only=True, idempotent=True, max_chars=20_000)
    def read_file(
        self,
        path: SafePath,
        start: Annotated[int, Field(ge=1)] = 1,
        lines: Annotated[int, Field(ge=1, le=5_000)] = 500,
        numbers: bool = False,
    ) -> str:
        """Read lines of a text file (UTF-8). The first line of the answer tells how many it has.

        Paths are relative to the root.

        Args:
            path: The file, relative to the root, such as docs/a.txt.
            start: The first line to read, from 1 on.
            lines: How many lines to read; fewer come where they are long.
            numbers: Put the line number and a tab before each line.
        """
        text = self._bound(path).read_text(max_bytes=self._max_bytes)
        return shown(str(path), text, start, lines, numbers)

    @tool(read_only=True, idempotent=True)
    def find_files(self, pattern: str, path: SafePath = _HERE, limit: _Limit = 200) -> str:
        """Find files by a pattern of their paths: one path a line, relative to the root.

        Args:
            pattern: `*` and `?` stand for characters of one name, [abc] for one of these, `**` for
                any directories: src/**/*.py. Without / it matches names in all directories: *.py.
                Names that begin with a dot match only a pattern that does: .github/**.
            path: The directory to look in, relative to the root; the pattern is relative to it.
            limit: The most paths.
        """
        top = self._bound(path)
        finding = Finding(top, pattern)
        found: list[str] = []
        for each, _ in finding.files():
            if len(found) == limit:
                found.append(_more(limit))
                break
            found.append(str(each))
        found.append(finding.note())
        return "\n".join(filter(None, found)) or f"No file in {top} matches {pattern}."

    @tool(read_only=True, idempotent=True)
    def search_text(
        self,
        text: str,
        path: SafePath = _HERE,
        pattern: str = "**",
        ignore_case: bool = False,
        limit: _Limit = 100,
    ) -> str:
        """Search files for a text, taken literally: one line a hit, as path:line: text.

        Paths are relative to the root. Binary and very large files are left out.

        Args:
            text: What to search for; no wildcards.
            path: A directory to search with all below it, or a file, relative to the root.
            pattern: Which files in the directory: *.py, or src/**; dotted names only if named.
            ignore_case: Find other letter case too.
            limit: The most hits.
        """
        top = self._bound(path)
        finding = Finding(top, pattern)
        search = Search(text, ignore_case, limit, self._max_bytes)
        if top.kind() == "directory":
            search.through(finding)
        else:
            search.inside(top)
        lines = search.hits[:limit]
        if len(search.hits) > limit:
            lines.append(_more(limit))
        if not lines:
            lines.append(f"No hit. Files searched: {search.files:,}.")
        return "\n".join(filter(None, [*lines, finding.note()]))


class WriteFiles(_Rooted):
    """The tools that write. What they take is what `Files` takes."""

    @tool(destructive=True)
    def write_file(self, path: SafePath, text: str, overwrite: bool = False) -> str:
        """Write a text file (UTF-8), with the directories that it needs. To change one, edit it.

        Paths are relative to the root.

        Args:
            path: The file, relative to the root, such as docs/a.txt.
            text: All that it is to hold.
            overwrite: Replace the file where there is one already.
        """
        place = self._bound(path)
        place.write_text(text, overwrite=overwrite, make_parents=True, max_bytes=self._max_bytes)
        return f"Wrote {len(text.encode()):,} bytes to {path}."

    @tool(destructive=True)
    def edit_file(self, path: SafePath, old: str, new: str, replace_all: bool = False) -> str:
        """Replace a text in a text file (UTF-8) by another. It must be there exactly once.

        Paths are relative to the root.

        Args:
            path: The file, relative to the root, such as docs/a.txt.
            old: The text to replace, copied exactly from the file, without line numbers.
            new: What to put in its place.
            replace_all: Replace it wherever it is.
        """
        place = self._bound(path)
        text = place.read_text(max_bytes=self._max_bytes)
        changed, said = edited(str(path), text, old, new, every=replace_all, most=self._max_bytes)
        place.write_text(changed, overwrite=True, max_bytes=self._max_bytes)
        return said


class Files(WriteFiles, ReadFiles):
    """The tools that read files and those that write them.

    Args:
        roots: The directories whose files they are for. Without any it is those of the environment
            variable AGENTKIT_ROOTS, separated as in PATH, or else the working directory, each as it
            is at the time of a call. Of several, a path begins with the name of one.
        max_bytes: The largest file that is read or written.
    """


def _line(path: SafePath, kind: str, size: int) -> str:
    if kind == "directory":
        return f"{path}/"
    return f"{path}  {size:,}" if kind == "file" else f"{path}  ({kind}, not followed)"


def _more(limit: int) -> str:
    return f"[There are more; only the first {limit:,} are listed.]"


_reading = ReadFiles()
list_files = _reading.list_files
read_file = _reading.read_file
find_files = _reading.find_files
search_text = _reading.search_text

writing = WriteFiles()
"""The tools that write, as a pack of their own: they are there only for those who ask for them."""
