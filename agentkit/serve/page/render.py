"""Templates made into pages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from agentkit.journal.figures import harmless, moment
from agentkit.serve.page.static import address
from agentkit.serve.problems import Problem

if TYPE_CHECKING:
    from agentkit.serve.service import Service

_MOST = 2_000  # fields of a form


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


def page(
    request: Request, service: Service, name: str, values: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """A page of the service.

    Args:
        request: What asks for it.
        service: The service.
        name: The template, without its ending.
        values: What the template shows; all texts are escaped.
        status: The HTTP status.
    """
    root = request.scope.get("root_path", "")
    first = "/" + request.url.path.removeprefix(root).strip("/").partition("/")[0]
    known = {"root": root, "here": first, "static": lambda file: root + address(file)}
    known |= {"is_outside": False, "has_keys": bool(service.keys)}
    text = _templates().get_template(f"{name}.html").render({**known, **values})
    return HTMLResponse(text.encode("utf-8", "replace"), status)


async def typed_in(request: Request) -> dict[str, str]:
    """What was typed into a form that is sent by POST.

    Raises:
        Problem: It is no form.
    """
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Problem(415, "This takes a form.", "unsupported_media_type")
    try:
        body = (await request.body()).decode()
        pairs = parse_qsl(body, True, True, max_num_fields=_MOST)
    except ValueError as error:
        raise Problem(400, f"This is no form: {error}.", "invalid_form") from None
    return {name: text.replace("\r\n", "\n") for name, text in pairs}
