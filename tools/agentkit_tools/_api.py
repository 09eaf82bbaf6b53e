"""Asking an HTTP API whose answers are JSON of a known form."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ValidationError

from agentkit import ToolError, safe

_SECONDS = 15.0
_MAX_BYTES = 1_000_000
_SHOWN = 300  # characters of what an API says is wrong

Model = TypeVar("Model", bound=BaseModel)


async def ask(url: str, model: type[Model], guard: safe.Guard | None, **parameters: Any) -> Model:
    """What an API answers.

    Args:
        url: The URL without a query.
        model: The form of the answer.
        guard: What may be connected to; the host of the URL, and no other, if not given.
        parameters: The query; None leaves one out.

    Raises:
        ToolError: It cannot be asked, or says that something is wrong.
    """
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    full = f"{url}?{query}" if query else url
    host = urlsplit(url).hostname or ""
    guard = guard or safe.Guard(hosts=[host])
    page = await safe.afetch(full, guard=guard, seconds=_SECONDS, max_bytes=_MAX_BYTES)
    if not page.ok:
        raise ToolError(f"{host} answers with status {page.status}{_why(page)}.")
    try:
        return model.model_validate_json(page.content)
    except ValidationError:
        raise ToolError(f"{host} answers otherwise than expected.") from None


class _Problem(BaseModel):
    reason: str = ""  # of Open-Meteo
    message: str = ""  # of Frankfurter


def _why(page: safe.Page) -> str:
    try:
        problem = _Problem.model_validate_json(page.content)
    except ValidationError:
        return ""
    said = (problem.reason or problem.message).strip().rstrip(".")
    return f": {said[:_SHOWN]}" if said else ""
