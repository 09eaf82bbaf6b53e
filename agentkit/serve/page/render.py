"""Templates made into pages."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from agentkit.journal.figures import harmless, moment
from agentkit.serve.page.static import address


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("agentkit.serve.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["harmless"] = lambda text, *longest: harmless(str(text), *longest)
    made.filters["moment"] = moment
    return made


def page(request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of the service.

    Args:
        request: What asks for it.
        name: The template, without its ending.
        status: The HTTP status.
        values: What the template shows; all texts are escaped.
    """
    root = request.scope.get("root_path", "")
    first = "/" + request.url.path.removeprefix(root).strip("/").partition("/")[0]
    known = {"root": root, "here": first, "static": lambda file: root + address(file)}
    known |= {"is_outside": False, "has_keys": False}
    text = _templates().get_template(f"{name}.html").render(known | values)
    return HTMLResponse(text, status)
