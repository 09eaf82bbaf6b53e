"""What a check says, and how it tells of errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from agentkit.catalog import Page
from agentkit.errors import InterfaceError, StatusError
from agentkit.redact import redact

_SHOWN = 300  # characters of the server's words

Verdict = Literal["ok", "warning", "problem", "skipped"]
"""How it is with what was looked at; `skipped` was not looked at."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and what to do where it is not well."""

    name: str
    verdict: Verdict
    text: str


def skipped(names: Iterable[str], why: str) -> Iterator[Check]:
    """Checks that are not made."""
    return (Check(name, "skipped", why) for name in names)


def is_denied(error: InterfaceError) -> bool:
    """Whether the server refuses the key, or whoever has it."""
    return isinstance(error, StatusError) and error.status in (401, 403)


def denied(error: InterfaceError, page: Page) -> str:
    """That the server refuses the key, and what to do.

    The words of a 401 are left out, because some servers show a part of the key in them.
    """
    told = "401" if getattr(error, "status", 0) == 401 else words(error)
    if not page.key_variable:
        return f"reached, but it answers {told}: it wants a key, and {page.name} has none"
    where = page.key.get("address")
    made = f"; keys are made at {where}" if where else ""
    return f"reached, but it answers {told}: check the key in {page.key_variable}{made}"


def words(error: InterfaceError) -> str:
    """The server's own words where it has some, else the error's."""
    body = error.body if isinstance(error, StatusError) else None
    told = body.get("message") if isinstance(body, Mapping) else body
    text = f"{error.status}: {told}" if isinstance(error, StatusError) and told else str(error)
    text = " ".join(redact(text).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def successors(page: Page, model: str) -> Iterator[str]:
    """A model and those that a page names in its place, one after the other."""
    yield model
    while found := page.successor(model):
        model = found.successor
        yield model
