"""`/sign-in` and `/sign-out`: a session in the place of a key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agentkit.serve.page.render import page, typed_in
from agentkit.serve.sessions import COOKIE, tokens_in

if TYPE_CHECKING:
    from agentkit.serve.service import Service

_INSIDE = re.compile(r"/(?![/\\])[^\\\x00-\x20]*\Z")  # a path of this service, and nobody else's


def sign_in(service: Service, request: Request) -> Response:
    """The page that asks for a key."""
    return _page(service, request, request.query_params.get("next", "/"))


async def signed_in(service: Service, request: Request) -> Response:
    """Begin a session for who has a key."""
    typed = await typed_in(request)
    if not service.keys.allow(typed.get("key", "").strip()):
        return _page(service, request, typed.get("next", "/"), "This is none of the keys.", 403)
    reply = RedirectResponse(_root(request) + _inside(typed.get("next", "/")), 303)
    reply.set_cookie(
        COOKIE,
        service.sessions.open(),
        path=_root(request) or "/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return reply


async def sign_out(service: Service, request: Request) -> Response:
    """End the session."""
    for token in tokens_in(request.headers):
        service.sessions.close(token)
    reply = RedirectResponse(f"{_root(request)}/sign-in", 303)
    reply.delete_cookie(COOKIE, path=_root(request) or "/")
    return reply


def _page(
    service: Service, request: Request, place: str, problem: str = "", status: int = 200
) -> Response:
    known = {"next": _inside(place), "problem": problem, "is_outside": True}
    return page(request, service, "sign-in", known, status)


def _inside(place: str) -> str:
    return place if _INSIDE.match(place) else "/"


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
