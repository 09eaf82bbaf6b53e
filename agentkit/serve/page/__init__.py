"""The page of the service: chat, runs and tools, for people.

It is drawn by the service and read without scripts; a small script shows what happens as it does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agentkit.errors import AgentkitError
from agentkit.serve.page import chat, runs, signing, static, tools
from agentkit.serve.page.render import page
from agentkit.serve.problems import Problem, problem_of

if TYPE_CHECKING:
    from agentkit.serve.service import Service

Handler = Callable[["Service", Request], Response | Awaitable[Response]]

_PAGES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", chat.chat),
    ("POST", "/", chat.say),
    ("GET", "/runs", runs.runs),
    ("GET", "/runs/{id}", runs.run),
    ("POST", "/runs/{id}", runs.decide),
    ("GET", "/tools", tools.tools),
    ("GET", "/tools/{name}", tools.tool),
    ("POST", "/tools/{name}", tools.call),
    ("GET", "/sign-in", signing.sign_in),
    ("POST", "/sign-in", signing.signed_in),
    ("POST", "/sign-out", signing.sign_out),
)


def routes(service: Service) -> list[Route]:
    """The routes of the page.

    Args:
        service: The `Service`.
    """
    made = [Route(path, _told(service, each), methods=[method]) for method, path, each in _PAGES]
    return [*made, static.route]


def _told(service: Service, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose errors are pages too. Those that only read do so in a thread."""

    async def handle(request: Request) -> Response:
        try:
            if iscoroutinefunction(handler):
                return await handler(service, request)  # type: ignore[no-any-return]
            return await run_in_threadpool(handler, service, request)  # type: ignore[arg-type]
        except (AgentkitError, Problem) as error:
            found = problem_of(error, begun=False)
            title = "Not found" if found.status == 404 else "This did not work"
            told = {"title": title, "message": str(found)}
            return page(request, service, "problem", told, found.status)

    return handle
