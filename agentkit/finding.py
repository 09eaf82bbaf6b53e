"""What `Toolbox.lint` gives; apart from the rules, which are loaded when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to put right.

    Args:
        tool: The tool's name; empty for the set as a whole.
        kind: An error keeps a tool from working; a warning makes it work worse.
        rule: What kind of mistake it is, such as `missing-description`.
        text: What is wrong and what to do.
    """

    tool: str
    kind: Literal["error", "warning"]
    rule: str
    text: str
