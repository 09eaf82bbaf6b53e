"""What the API can do: each operation is a route, and stands in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that the API can do.

    Args:
        method: GET or POST.
        path: Its path, with parameters in braces.
        name: Its name in the document.
        handler: What does it.
        says: What it does, in a sentence.
        body: What it takes.
        gives: The name of the schema of its reply, or a type of media; any JSON if not given.
        status: The status of its reply.
        query: What its query may have, with what each is.
        refuses: The statuses of its errors, beside 400, 401, 403, 413, 415 and 429.
        is_open: Whether it needs no key.
    """

    method: str
    path: str
    name: str
    handler: Handler
    says: str
    body: type[BaseModel] | None = None
    gives: str = ""
    status: int = 200
    query: Mapping[str, str] = field(default_factory=dict)
    refuses: tuple[int, ...] = ()
    is_open: bool = False

    def route(self) -> Route:
        """The route."""
        path = self.path.replace("{model}", "{model:path}")
        return Route(path, self.handler, methods=[self.method], name=self.name)


def query_number(request: Request, name: str, default: int, most: int) -> int:
    """A number from 1 on in a query.

    Raises:
        Problem: It is none.
    """
    from agentkit.serve.problems import Problem

    text: Any = request.query_params.get(name, str(default))
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= most:
        raise Problem(400, f"{name} is a number from 1 to {most}.", "invalid_value", param=name)
    return int(text)
