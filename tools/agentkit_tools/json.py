"""Picking values out of JSON, by JMESPath."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from agentkit import ToolError, tool
from agentkit.safe import SafePath
from agentkit_tools._apart import apart, libraries
from agentkit_tools._given import given_text

__all__ = ["query_json"]

_MAX_BYTES = 5_000_000
_Expression = Annotated[str, Field(max_length=1_000)]


@tool(read_only=True, idempotent=True)
def query_json(
    expression: _Expression,
    text: Annotated[str, Field(max_length=_MAX_BYTES)] | None = None,
    path: SafePath | None = None,
) -> Any:
    """Pick values out of JSON by a JMESPath expression. Give either a text or a file.

    Examples: name, people[0].name, people[?age > `30`].name, length(people), keys(@),
    sort_by(people, &age)[-1].

    Args:
        expression: The JMESPath expression; @ is all of it.
        text: The JSON itself.
        path: A JSON file instead, relative to the working directory.
    """
    given = _given(text, path)
    path_of = libraries("jmespath", "query_json")
    return apart("_worker_text.py", work="query", expression=expression, text=given, path=path_of)


def _given(text: str | None, path: SafePath | None) -> str:
    """The text, which is JSON."""
    given = given_text(text, path, _MAX_BYTES)
    given = given.removeprefix("\ufeff") if path else given
    try:
        json.loads(given)
    except RecursionError:
        raise ToolError("The JSON is nested too deeply.") from None
    except ValueError as error:
        raise ToolError(f"That is no JSON: {error}.") from None
    return given
