"""Which texts may be a path: decided by the text alone, before any file is looked at.

Every name that is let through means itself on every system. What a system reads in its own way is
refused everywhere: Windows' devices, drives and streams, `~` of shells, blanks that are trimmed.
"""

from __future__ import annotations

import unicodedata

from agentkit.errors import ToolError

LONGEST_PATH, LONGEST_NAME = 4_096, 255  # bytes, as on Linux
_QUOTES = frozenset("'\"`\u2018\u2019\u201c\u201d")
_UNSEEN = {
    "Cc": "control character",
    "Cf": "invisible character",
    "Cs": "half of a character",
    "Zl": "line separator",
    "Zp": "line separator",
}
_DIGITS = "0123456789\u00b9\u00b2\u00b3"  # Windows takes the superscripts for digits
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [kind + digit for kind in ("com", "lpt") for digit in _DIGITS]
)


def parts_of(text: str) -> tuple[str, ...]:
    """The names that a relative path consists of; none for `.`, the root itself.

    `.` between slashes and doubled slashes count for nothing.

    Raises:
        ToolError: The text is no path that could be opened; it says why.
    """
    fault = _fault_of_path(text)
    if fault:
        raise ToolError(f"The path {fault}.")
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    for part in parts:
        if fault := fault_of_name(part):
            raise ToolError(f"The path holds a name that {fault}: {part[:100]!r}.")
    return parts


def fault_of_name(name: str) -> str:
    """What is wrong with one name of a path, such as "ends with a dot"; nothing if it is right."""
    if fault := _fault_of_characters(name):
        return fault
    if name == "..":
        return "leads out of its directory"
    if len(name.encode()) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} bytes"
    if name.startswith("~"):
        return "begins with ~"
    if name[:1].isspace() or name[-1:].isspace():
        return "begins or ends with a blank"
    if name.endswith("."):
        return "ends with a dot"
    if name[0] in _QUOTES or name[-1] in _QUOTES:
        return "begins or ends with a quotation mark; give paths without quotes"
    if name.partition(".")[0].rstrip().lower() in _DEVICES:
        return "is a device on Windows"
    return ""


def _fault_of_path(text: str) -> str:
    if not text:
        return 'is empty; "." is the root itself'
    if len(text) > LONGEST_PATH:  # before anything that looks at every character
        return f"is longer than {LONGEST_PATH:,} bytes"
    if fault := _fault_of_characters(text.replace("/", " ")):
        return fault
    if len(text.encode()) > LONGEST_PATH:
        return f"is longer than {LONGEST_PATH:,} bytes"
    if text.startswith("/"):
        return "must be relative to the root: it must not begin with /"
    return ""


def _fault_of_characters(text: str) -> str:
    for character in text:
        if kind := _UNSEEN.get(unicodedata.category(character)):
            return f"holds a {kind} (U+{ord(character):04X})"
    if "\\" in text:
        return "holds a backslash; separate names by /"
    if ":" in text:
        return "holds a colon, which names drives and streams on Windows"
    if not unicodedata.is_normalized("NFC", text):
        return "has letters and accents apart; write them as one character each (NFC)"
    return "holds /" if "/" in text else ""
