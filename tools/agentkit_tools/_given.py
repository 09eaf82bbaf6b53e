"""A text that is given itself, or by the file that holds it."""

from __future__ import annotations

from agentkit import ToolError
from agentkit.safe import SafePath


def given_text(text: str | None, path: SafePath | None, max_bytes: int) -> str:
    """The text.

    Raises:
        ToolError: Both are given or neither, or the file cannot be read or is larger.
    """
    if path is not None and text is None:
        return path.read_text(max_bytes=max_bytes)
    if text is not None and path is None:
        return text
    raise ToolError("Give either a text or a path.")
