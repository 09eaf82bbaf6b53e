"""What is said between the `mcp` package and us."""

from __future__ import annotations

import re
from typing import Any

from mcp.client import Client
from mcp.shared.exceptions import MCPError as ProtocolError
from mcp_types import Tool
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agentkit.mcp.client.cleaning import clean_schema

_PARTS = (
    *("name", "title", "description", "inputSchema", "outputSchema", "annotations"),
    "execution",
)
_REFUSED = "Server returned an error response"  # as the package calls a status without a message
_NO_SESSION = re.compile(
    r"(no valid|unknown|invalid|expired) session|session (id )?(not found|terminated|expired)",
    re.IGNORECASE,
)

Listing = tuple[dict[str, Any], ...]
"""The definitions of tools, as a server gave them."""


def plain(tool: Tool) -> dict[str, Any]:
    """The definition as it came; the package goes on with an output schema that does no harm."""
    found = tool.model_dump(by_alias=True, mode="json", exclude_none=True)
    if tool.output_schema is not None:
        try:
            harmless = clean_schema(tool.output_schema)
        except RecursionError:  # it is checked by nobody
            harmless = {}
        tool.output_schema.clear()
        tool.output_schema.update(harmless)
    return {name: found[name] for name in _PARTS if name in found}


def is_session_lost(error: ProtocolError, alone: bool) -> bool:
    """Whether an error says that the server does not know our session.

    Args:
        error: What came of a call.
        alone: Whether its status was one of those with which servers say so, and sure to be its.
    """
    return bool(_NO_SESSION.search(error.message)) or (alone and error.message == _REFUSED)


def is_modern(client: Client) -> bool:
    """Whether the newer protocol is spoken, which has no session."""
    return client.protocol_version in MODERN_PROTOCOL_VERSIONS


def own_version() -> str:
    """The version of agentkit."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("agentkit")
    except PackageNotFoundError:  # run from a source tree
        return "0"
