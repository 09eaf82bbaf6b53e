"""Docstrings -> descriptions: Google, NumPy, reST and Epydoc."""

from __future__ import annotations

import inspect

from docstring_parser import ParseError, parse


def read_docstring(text: str | None) -> tuple[str, dict[str, str]]:
    """The summary with the long description, and the description of each parameter.

    A docstring in none of the four styles is a description as a whole.
    """
    text = inspect.cleandoc(text or "")
    try:
        parsed = parse(text)
    except ParseError:
        return text, {}
    described = {
        name.strip().lstrip("\\*"): (each.description or "").strip()
        for each in parsed.params
        for name in each.arg_name.split(",")  # NumPy's `a, b : int`
    }
    return (parsed.description or "").strip(), described
