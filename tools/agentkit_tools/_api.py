"""Asking an HTTP API whose answers are JSON of a known form."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ValidationError

from agentkit import ToolError
from agentkit.safe import Guard, Page, afetch

_SECONDS = 15.0
_MAX_BYTES = 1_000_000
_SHOWN = 300  # characters of what an API says is wrong

Model = TypeVar("Model", bound=BaseModel)


def guard_for(*urls: str) -> Guard:
    """Lets only the hosts of these URLs be asked."""
    return Guard(hosts=[urlsplit(url).hostname or "" for url in urls])


async def ask(url: str, model: type[Model], guard: Guard, **parameters: Any) -> Model:
    """What an API answers.

    Args:
        url: The URL without a query.
        model: The form of the answer.
        guard: What may be connected to.
        parameters: The query; None leaves one out.

    Raises:
        ToolError: It cannot be asked, or says that something is wrong.
    """
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    full = f"{url}?{query}" if query else url
    page = await afetch(full, guard=guard, seconds=_SECONDS, max_bytes=_MAX_BYTES)
    if not page.ok:
        raise ToolError(f"{urlsplit(url).hostname} answers with status {page.status}{_why(page)}.")
    try:
        return model.model_validate_json(page.content)
    except ValidationError:
        raise ToolError(f"{urlsplit(url).hostname} answers otherwise than expected.") from None


class _Problem(BaseModel):
    reason: str = ""  # of Open-Meteo
    message: str = ""  # of Frankfurter


def _why(page: Page) -> str:
    try:
        problem = _Problem.model_validate_json(page.content)
    except ValidationError:
        return ""
    said = (problem.reason or problem.message).strip().rstrip(".")
    return f": {said[:_SHOWN]}" if said else ""
