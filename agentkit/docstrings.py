"""Docstrings -> descriptions: Google, NumPy, reST and Epydoc."""

from __future__ import annotations

import inspect
import re
from contextlib import suppress

_STYLES = ("rest", "google", "numpydoc", "epydoc")  # in the order in which the parser tries them
# What a docstring of each style has somewhere: the names of the groups are those of the styles.
_MARK = re.compile(
    r"^(?:(?P<rest>:)|(?P<numpydoc>--|\.\.)|(?P<epydoc>@))|(?P<google>:)[ \t\r\f\v]*$", re.MULTILINE
)


def read_docstring(text: str | None) -> tuple[str, dict[str, str]]:
    """The summary with the long description, and the description of each parameter.

    A docstring in none of the four styles is a description as a whole.
    """
    text = inspect.cleandoc(text or "")
    cleaned = inspect.cleandoc(text)  # once more, as the parser does it
    marked = {str(found.lastgroup) for found in _MARK.finditer(cleaned)}
    return _parsed(text, marked) if marked else (_description(cleaned), {})


def summary_of(text: str | None) -> str:
    """The first paragraph of the description, at less cost where it is no more than that."""
    first = _first(_description(inspect.cleandoc(inspect.cleandoc(text or ""))))
    return _first(read_docstring(text)[0]) if _MARK.search(first) else first


def _first(text: str) -> str:
    return text.partition("\n\n")[0]


def _description(text: str) -> str:
    """What each parser makes of a text without a mark of its style."""
    summary, _, rest = text.partition("\n")
    blank = "\n" if rest.startswith("\n") else ""
    return f"{summary}\n{blank}{rest.strip()}".strip()


def _parsed(text: str, marked: set[str]) -> tuple[str, dict[str, str]]:
    """What the style makes of it that finds most; of those without a mark, one stands for all."""
    from docstring_parser import DocstringStyle, ParseError, parse

    unmarked = next((style for style in _STYLES if style not in marked), None)
    found = []
    for style in _STYLES:
        if style in marked or style == unmarked:
            with suppress(ParseError, IndexError):  # the second for a line `::`
                found.append(parse(text, DocstringStyle[style.upper()]))
    if not found:
        return text, {}
    best = max(found, key=lambda each: len(each.meta))
    described = {
        name.strip().lstrip("\\*"): (each.description or "").strip()
        for each in best.params
        for name in each.arg_name.split(",")  # NumPy's `a, b : int`
    }
    return (best.description or "").strip(), described
