"""Finding files below a directory, and text in them."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Iterator

from agentkit import ToolError
from agentkit.safe import SafePath

_LONGEST_PATTERN = 500  # characters
_MOST_ENTRIES = 100_000  # that one call looks at
_MOST_BYTES = 200_000_000  # that one search reads
_SHOWN = 200  # characters of a line with a hit


class Pattern:
    """A glob. Without a slash it is a pattern for names in all directories.

    It is matched name by name, so that directories that cannot hold a match are not gone into.
    `States` are the places in the pattern that may come next.
    """

    def __init__(self, text: str) -> None:
        parts = [part for part in text.split("/") if part not in ("", ".")]
        if not parts or text.startswith("/") or ".." in parts or len(text) > _LONGEST_PATTERN:
            raise ToolError(
                "A pattern is relative, such as src/**/*.py, without .. and of at most "
                f"{_LONGEST_PATTERN} characters."
            )
        parts = parts if "/" in text.removeprefix("./") else ["**", *parts]
        # None stands for **; translate() makes expressions that do not backtrack.
        self._parts = [None if each == "**" else _compiled(each) for each in parts]
        self._dotted = [each.startswith(".") for each in parts]
        self.start = frozenset({0})

    def after(self, states: frozenset[int], name: str) -> frozenset[int]:
        """The states behind one more name; none if nothing can match any more."""
        found = set()
        for state in self._reach(states) - {len(self._parts)}:
            part = self._parts[state]
            if name.startswith(".") and not self._dotted[state]:
                continue
            if part is None:
                found.add(state)
            elif part.match(name):
                found.add(state + 1)
        return frozenset(found)

    def ends(self, states: frozenset[int]) -> bool:
        """Whether what was named so far is a match."""
        last = len(self._parts)
        return last in self._reach(states) or (last - 1 in states and self._parts[-1] is None)

    def _reach(self, states: frozenset[int]) -> set[int]:
        """The states and those behind a ** that stands for no directory."""
        reached: set[int] = set()
        todo = [*states]
        while todo:
            state = todo.pop()
            if state not in reached:
                reached.add(state)
                if state < len(self._parts) and self._parts[state] is None:
                    todo.append(state + 1)
        return reached


class Finding:
    """Goes through the files below a directory that match a pattern, and counts what is left out.

    Directories and files whose names begin with a dot are gone into only where the pattern names
    them so.
    """

    def __init__(self, path: SafePath, pattern: str) -> None:
        self._path = path
        self._pattern = Pattern(pattern)
        self.left_out: Counter[str] = Counter()
        self._all = True

    def files(self) -> Iterator[tuple[SafePath, int]]:
        """Each file with its size in bytes."""
        states = {self._path.parts: self._pattern.start}
        for listing in self._path.walk(most=_MOST_ENTRIES):
            self.left_out["names that no path may have"] += listing.left_out
            self.left_out["directories that cannot be read"] += bool(listing.problem)
            self._all = listing.complete
            before = states.pop(listing.path.parts)
            inner = []
            for entry in listing.entries:
                now = self._pattern.after(before, entry.path.parts[-1])
                if entry.kind == "directory" and now:
                    states[entry.path.parts] = now
                    inner.append(entry)
                elif entry.kind == "file" and self._pattern.ends(now):
                    yield entry.path, entry.size
                elif entry.kind != "directory" and self._pattern.ends(now):
                    self.left_out["links, hard links, pipes or devices"] += 1
            listing.entries[:] = inner

    def note(self) -> str:
        """A sentence that says what was left out."""
        parts = [f"{what} ({number:,})" for what, number in self.left_out.items() if number]
        if not self._all:
            parts.append(f"all that comes after {_MOST_ENTRIES:,} names")
        return f"Left out: {'; '.join(parts)}." if parts else ""


class Search:
    """A search for a text, file by file."""

    def __init__(self, text: str, ignore_case: bool, limit: int, max_bytes: int) -> None:
        if not text:
            raise ToolError("There is no text to search for.")
        self._needle = text.lower() if ignore_case else text
        self._lower = ignore_case
        self._limit = limit
        self._max_bytes = max_bytes
        self._left = _MOST_BYTES
        self.hits: list[str] = []
        self.files = 0

    def through(self, finding: Finding) -> None:
        """Search the files that are found, until there are enough hits."""
        for path, size in finding.files():
            if len(self.hits) > self._limit:
                break
            if size > self._max_bytes:
                finding.left_out[f"files larger than {self._max_bytes:,} bytes"] += 1
            elif size > self._left:
                finding.left_out[f"files after the first {_MOST_BYTES:,} bytes"] += 1
            else:
                self._left -= size
                finding.left_out[self._skipped(path)] += 1
        del finding.left_out[""]

    def inside(self, path: SafePath) -> None:
        """Search one file.

        Raises:
            ToolError: It cannot be read, or is no text.
        """
        text = path.read_text(max_bytes=self._max_bytes).removeprefix("\ufeff")
        text = text.replace("\r\n", "\n")
        self.files += 1
        searched = text.lower() if self._lower else text
        at = searched.find(self._needle)
        number, counted = 1, 0
        lines = text.split("\n") if at >= 0 else []
        while at >= 0 and len(self.hits) <= self._limit:  # one more tells that there are more
            number += searched.count("\n", counted, at)
            counted = at
            column = at - (searched.rfind("\n", 0, at) + 1)
            self.hits.append(f"{path}:{number}: {_around(lines[number - 1], column)}")
            end = searched.find("\n", at)
            at = searched.find(self._needle, end) if end >= 0 else -1

    def _skipped(self, path: SafePath) -> str:
        """Why a file was not searched; nothing if it was."""
        try:
            self.inside(path)
        except ToolError:
            return "files that are binary or cannot be read"
        return ""


def _around(line: str, column: int) -> str:
    """The line, or the part of a long one where the hit is."""
    if len(line) <= _SHOWN:
        return line
    start = max(0, min(column - _SHOWN // 4, len(line) - _SHOWN))
    end = start + _SHOWN
    return f"{'...' if start else ''}{line[start:end]}{'...' if end < len(line) else ''}"


def _compiled(part: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(part))
