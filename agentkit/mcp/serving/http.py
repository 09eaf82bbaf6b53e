"""An MCP server over streamable HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings

from agentkit.guard import Guard, Keys
from agentkit.mcp.serving.stdio import LONGEST

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

_SESSIONS = 1_000  # clients that are connected at once
_IDLE = 30 * 60.0  # seconds after which one that sends nothing is forgotten


def application(server: Server[Any], path: str, keys: Keys, guard: Guard) -> Starlette:
    """The application that serves it; its lifespan must be run where it is mounted."""
    app = server.streamable_http_app(
        streamable_http_path=path,
        max_request_body_size=LONGEST,
        session_idle_timeout=_IDLE,
        max_sessions=_SESSIONS,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    app.add_middleware(Guarded, keys=keys, guard=guard)
    return app


@dataclass(frozen=True, slots=True)
class Guarded:
    """Lets in who has a key, and no web page of somebody else.

    Args:
        app: What is guarded.
        keys: The keys; none are needed where it is empty.
        guard: Tells foreign pages.
    """

    app: ASGIApp
    keys: Keys
    guard: Guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        from starlette.datastructures import Headers
        from starlette.responses import Response

        headers = Headers(scope=scope)
        status, more = 403, {}
        why = self.guard.refusal(headers.get("host", ""), headers.get("origin", ""))
        if not why and self.keys and not self.keys.allow_header(headers.get("authorization", "")):
            status, more = 401, {"WWW-Authenticate": "Bearer"}
            why = "A key is needed: Authorization: Bearer KEY."
        if not why:
            return await self.app(scope, receive, send)
        error = types.ErrorData(code=types.INVALID_REQUEST, message=why)
        body = types.JSONRPCError(jsonrpc="2.0", id=None, error=error).model_dump_json()
        await Response(body, status, more, "application/json")(scope, receive, send)
        return None
