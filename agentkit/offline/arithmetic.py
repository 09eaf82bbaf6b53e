"""Arithmetic in a sentence, written as an expression: "17 times 23" is `17 * 23`."""

from __future__ import annotations

import re

from agentkit.offline.words import NUMBER_WORDS, number_value

__all__ = ["find_expression", "spelled_numbers"]

_N = r"(-?\d+(?:\.\d+)?|\([^()]*\))"
_ALONE = r"(?<![-+*/%.\d])(?<![-+*/%] )"  # not the last number of a longer sum
_PERCENT = r"\s*(?:%|percent\b)(?!\s*[\d(])"
_REWRITES = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (r"\b(?:raised\s+)?to\s+the\s+power\s+of\b|\^", "**"),
        (r"\bmultiplied\s+by\b|\btimes\b", "*"),
        (r"(?<=\d)\s*x\s*(?=[\d(])", " * "),
        (r"\bdivided\s+by\b", "/"),
        (r"\bplus\b", "+"),
        (r"\bminus\b", "-"),
        (r"\bmod(?:ulo)?\b", "%"),
        (rf"{_N}\s*(?:%|percent)\s+of\s+", r"\1 / 100 * "),
        (rf"{_ALONE}{_N}\s*([-+])\s*{_N}{_PERCENT}", r"\1 * (1 \2 \3 / 100)"),
        (rf"{_N}{_PERCENT}", r"(\1 / 100)"),
        (rf"\bsquare\s+root\s+of\s+{_N}", r"sqrt(\1)"),
        (rf"\bdifference\s+(?:of|between)\s+{_N}\s+and\s+{_N}", r"\1 - \2"),
        (rf"\badd\s+{_N}\s+(?:to|and)\s+{_N}", r"\1 + \2"),
        (rf"\bsubtract\s+{_N}\s+from\s+{_N}", r"\2 - \1"),
        (rf"\bmultiply\s+{_N}\s+(?:by|with|and)\s+{_N}", r"\1 * \2"),
        (rf"\bdivide\s+{_N}\s+by\s+{_N}", r"\1 / \2"),
        (rf"{_N}\s+squared\b", r"\1 ** 2"),
        (rf"{_N}\s+cubed\b", r"\1 ** 3"),
    )
)
_SERIES = re.compile(
    rf"\b(sum|total|product|average|mean)\s+of\s+({_N}(?:\s*,\s*{_N})*,?\s+and\s+{_N})",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\S*|\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d{2,4}-\d{3}-\d{3,4}\b")
_NAMES = r"(?:sqrt|sin|cos|tan|log10|log2|log|ln|exp|abs|round|floor|ceil|factorial|pi|min|max)"
_EXPRESSION = re.compile(
    rf"(?:\d+(?:\.\d+)?|(?<![A-Za-z]){_NAMES}(?![A-Za-z])|[-+*/%(),\s]|\.\d+)+"
)
_OPERATION = re.compile(r"[\d)]\s*(?:\*\*|//|[-+*/%])\s*[-(.\da-z]|[a-z]\w*\([^)]")
_SPELLED = re.compile(
    rf"\b(?:{'|'.join(NUMBER_WORDS)})(?:[\s-]+(?:{'|'.join(NUMBER_WORDS)}))*\b", re.IGNORECASE
)


def spelled_numbers(text: str) -> list[tuple[int, int, int]]:
    """Where words such as "twenty-five" stand, and the number that they spell."""
    found: list[tuple[int, int, int]] = []
    for match in _SPELLED.finditer(text):
        value = number_value(re.split(r"[\s-]+", match.group()))
        if value is not None:
            found.append((match.start(), match.end(), value))
    return found


def find_expression(text: str) -> str | None:
    """The longest arithmetic expression of a text, or None where it has no operation."""
    plain = _DATE.sub(" ; ", text)
    for start, end, value in reversed(spelled_numbers(plain)):
        plain = f"{plain[:start]}{value}{plain[end:]}"
    plain = _SERIES.sub(_joined, plain)
    for pattern, instead in _REWRITES:
        plain = pattern.sub(instead, plain)
    pieces = (piece for match in _EXPRESSION.finditer(plain) for piece in _apart(match.group()))
    found = (_tidy(each) for each in pieces)
    return max((each for each in found if _OPERATION.search(each)), key=len, default=None)


def _joined(match: re.Match[str]) -> str:
    """The sum, product or mean of a list in words."""
    numbers = re.findall(_N, match[2])
    kind = match[1].lower()
    whole = (" * " if kind == "product" else " + ").join(numbers)
    return f"({whole}) / {len(numbers)}" if kind in ("average", "mean") else whole


def _apart(text: str) -> list[str]:
    """The text cut at the commas that stand in no brackets."""
    pieces, depth = [""], 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth <= 0:
            pieces.append("")
        else:
            pieces[-1] += sign
    return pieces


def _tidy(text: str) -> str:
    """The expression with single spaces, without loose ends or unmatched brackets."""
    plain = " ".join(text.split()).strip(",*/%+ ").rstrip("-, ")
    while plain.count(")") > plain.count("(") and plain.endswith(")"):
        plain = plain[:-1].rstrip()
    while plain.count("(") > plain.count(")") and plain.startswith("("):
        plain = plain[1:].lstrip()
    return plain if plain.count("(") == plain.count(")") else ""
