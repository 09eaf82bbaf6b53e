"""The page's own style and scripts, under addresses that change with their content."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_YEAR = 31_536_000  # seconds


@cache
def contents() -> dict[str, bytes]:
    """All files, by name."""
    own = files("agentkit.serve.page").joinpath("static").iterdir()
    found = [*own, files("agentkit.journal").joinpath("timeline.css")]
    return {each.name: each.read_bytes() for each in found}


@cache
def version() -> str:
    """Stands for the content of all: scripts name one another, so they change together."""
    whole = sha256()
    for name, content in sorted(contents().items()):
        whole.update(f"{name} {len(content)}\n".encode() + content)
    return whole.hexdigest()[:16]


def address(name: str) -> str:
    """Where a file is, below the root of the service."""
    assert name in contents(), name
    return f"/static/{version()}/{name}"


async def _give(request: Request) -> Response:
    name = request.path_params["name"]
    content = contents().get(name)
    if content is None:
        raise HTTPException(404)
    tag = f'"{version()}"'
    is_this = request.path_params["version"] == version()
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={_YEAR}, immutable" if is_this else "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_KINDS[name.rpartition(".")[2]], headers=headers)


route = Route("/static/{version}/{name}", _give)
