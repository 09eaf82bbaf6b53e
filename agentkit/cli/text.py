"""Text made fit for a terminal: what models and tools write is data, never a command to it."""

from __future__ import annotations

import json
import re
from typing import Any

from agentkit.redact import spelled
from agentkit.terminal import columns, one_line

__all__ = ["columns", "exact", "json_text", "one_line"]

_UNFIT_IN_JSON = re.compile(r"[\x7f-\x9f\ud800-\udfff]")  # json itself escapes the others


def json_text(value: Any, *, ascii_only: bool, indent: int | None = None) -> str:
    """JSON without a character that a terminal could take for a command, and nothing lost."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    return _UNFIT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def exact(value: Any) -> str:
    """JSON on several lines in which each character that does not show is spelled out."""
    return spelled(json.dumps(value, ensure_ascii=False, indent=2))
