"""Two texts in which the parts that differ are marked."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from agentkit.journal.sheet import text

_PART = re.compile(r"\w+|\s+|[^\w\s]")
_MOST = 400  # parts; longer texts take long to compare, and are marked as a whole


def differing(one: str, other: str) -> tuple[str, str]:
    """Both as HTML, with `mark` around what the other one has not."""
    old, new = _PART.findall(one), _PART.findall(other)
    if not old or not new or max(len(old), len(new)) > _MOST:
        return _marked(one), _marked(other)
    left = right = ""
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        shown = text if kind == "equal" else _marked
        left, right = left + shown("".join(old[a:b])), right + shown("".join(new[c:d]))
    return left, right


def _marked(said: str) -> str:
    return f"<mark>{text(said)}</mark>" if said else ""
