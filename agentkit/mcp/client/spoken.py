"""What is said between the `mcp` package and us."""

from __future__ import annotations

import re
from typing import Any

from mcp.client import Client
from mcp.shared.exceptions import MCPError as ProtocolError
from mcp_types import CONNECTION_CLOSED, Tool
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agentkit.declared import check_references
from agentkit.errors import DefinitionError
from agentkit.mcp.client.cleaning import clean_schema

_PARTS = (
    *("name", "title", "description", "inputSchema", "outputSchema", "annotations"),
    "execution",
)
_REFUSED = "Server returned an error response"  # as the package calls a status without a message
_LOST = ("Connection closed", "SSE stream")  # as it begins to tell that no answer comes
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
        harmless = _harmless(tool.output_schema)
        tool.output_schema.clear()
        tool.output_schema.update(harmless)
    return {name: found[name] for name in _PARTS if name in found}


def _harmless(schema: dict[str, Any]) -> Any:
    """What results can be checked against on the loop that all connections share."""
    try:
        check_references(schema, "it", may_recur=False)
        return clean_schema(schema)
    except (DefinitionError, RecursionError):
        return {}


def is_session_lost(error: ProtocolError, alone: bool) -> bool:
    """Whether an error says that the server does not know our session.

    Args:
        error: What came of a call.
        alone: Whether its status was one of those with which servers say so, and sure to be its.
    """
    return bool(_NO_SESSION.search(error.message)) or (alone and error.message == _REFUSED)


def is_connection_lost(error: ProtocolError) -> bool:
    """Whether the package says by an error that no answer comes; servers have its code as well."""
    return error.code == CONNECTION_CLOSED and error.message.startswith(_LOST)


def is_modern(client: Client) -> bool:
    """Whether the newer protocol is spoken, which has no session."""
    return client.protocol_version in MODERN_PROTOCOL_VERSIONS
