"""What pages are made of that need no network and no scripts: their head, and anybody's text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Any

from agentkit.journal.figures import LONGEST, harmless, written

_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
_STYLES = (("agentkit.journal", "timeline.css"), ("agentkit.journal", "page.css"))


def document(title: str, parts: Iterable[str], *styles: tuple[str, str]) -> str:
    """A page, whole.

    Args:
        title: Its title, which may be anybody's text.
        parts: What it shows, as HTML.
        styles: Packages and the names of style sheets in them, beside those of all pages.
    """
    css = "".join(
        files(package).joinpath(name).read_text(encoding="utf-8")
        for package, name in (*_STYLES, *styles)
    )
    head = f"{_HEAD}<title>{text(' '.join(title.split()))}</title><style>{css}</style></head>"
    return "".join((head, "<body><main>", *parts, "</main></body></html>\n"))


def text(anybodys: str, longest: int = LONGEST) -> str:
    """Anybody's text, cut, made harmless and escaped."""
    return escape(harmless(anybodys, longest))


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """What is known, each behind its name; what is empty is left out."""
    cells = (f"<div><dt>{text(k)}</dt><dd>{text(v)}</dd></div>" for k, v in pairs if v)
    return f'<dl class="facts">{"".join(cells)}</dl>'


def folded(name: str, inside: str) -> str:
    """A text behind its name."""
    return f"<details><summary>{text(name)}</summary><pre>{text(inside)}</pre></details>"


def block(value: Any, kind: str) -> str:
    """A text, or a value as JSON."""
    shown = value if isinstance(value, str) else written(value)
    return f'<div class="text {kind}">{text(shown)}</div>'
