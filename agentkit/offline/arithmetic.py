"""Arithmetic in a sentence, written as an expression: "17 times 23" is `17 * 23`."""

from __future__ import annotations

import re

__all__ = ["find_expression", "spelled_numbers"]

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBERS = {word: i for i, word in enumerate(_SMALL.split())}
_NUMBERS |= {word: 10 * i for i, word in enumerate(_TENS.split(), 2)}
_NUMBERS |= {"once": 1, "twice": 2, "dozen": 12}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_WORD = rf"(?:{'|'.join((*_NUMBERS, *_SCALES))})"
_SPELLED = re.compile(rf"\b{_WORD}(?:[\s-]+{_WORD})*\b", re.IGNORECASE)

_N = r"(-?\d{1,40}(?:\.\d{1,40})?|\([^()]{0,400}\))"  # bounded, lest odd texts take long
_ALONE = r"(?<![-+*/%.\d])(?<![-+*/%] )"  # not the last number of a longer sum
_PERCENT = r"\s*(?:%|percent\b)(?!\s*[\d(])"
_REWRITES = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (r"\b(?:raised\s+)?to\s+the\s+power\s+of\b|\^", "**"),
        (r"\bmultiplied\s+by\b|\btimes\b|(?<=\d)\s*x\s*(?=[\d(])", " * "),
        (r"\bdivided\s+by\b", "/"),
        (r"\bmod(?:ulo)?\b", "%"),
        (r"\bplus\b", "+"),
        (r"\bminus\b", "-"),
        (rf"{_N}\s*(?:%|percent)\s+of\s+", r"\1 / 100 * "),
        (rf"{_ALONE}{_N}\s*([-+])\s*{_N}{_PERCENT}", r"\1 * (1 \2 \3 / 100)"),
        (rf"{_N}{_PERCENT}", r"(\1 / 100)"),
        (rf"\bsquare\s+root\s+of\s+{_N}", r"sqrt(\1)"),
        (rf"{_N}\s+squared\b", r"\1 ** 2"),
        (rf"{_N}\s+cubed\b", r"\1 ** 3"),
        (rf"\bdouble\s+{_N}", r"\1 * 2"),
        (rf"\btriple\s+{_N}", r"\1 * 3"),
        (rf"\b(?:halve|half\s+of)\s+{_N}", r"\1 / 2"),
        (rf"\bdifference\s+between\s+{_N}\s+and\s+{_N}", r"\1 - \2"),
        (rf"\badd\s+{_N}\s+(?:to|and)\s+{_N}", r"\1 + \2"),
        (rf"\bsubtract\s+{_N}\s+from\s+{_N}", r"\2 - \1"),
        (rf"\bmultiply\s+{_N}\s+(?:by|with|and)\s+{_N}", r"\1 * \2"),
        (rf"\bdivide\s+{_N}\s+by\s+{_N}", r"\1 / \2"),
    )
)
_SERIES = re.compile(
    rf"\b(sum|total|product|average|mean)\s+of\s+({_N}(?:\s*,\s*{_N})*,?\s+and\s+{_N})",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\S*|\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d{2,4}-\d{3}-\d{3,4}\b")
_NAMES = r"(?:sqrt|sin|cos|tan|log10|log2|log|ln|exp|abs|round|floor|ceil|factorial|pi|min|max)"
_EXPRESSION = re.compile(  # with commas inside brackets only
    rf"(?:(?<![A-Za-z]){_NAMES}(?![A-Za-z])|[-+*/%()\d\s]|\.\d|,(?=[^()]{{1,80}}\)))+"
)
_OPERATION = re.compile(r"[\d)]\s*(?:\*\*|//|[-+*/%])\s*[-(.\da-z]|[a-z]\w*\([^)]")


def spelled_numbers(text: str) -> list[tuple[int, int, int]]:
    """Where words such as "twenty-five" stand, and the number that they spell."""
    return [(m.start(), m.end(), _number(m.group())) for m in _SPELLED.finditer(text)]


def _number(words: str) -> int:
    total = current = 0
    for word in re.findall(r"\w+", words.lower()):
        if word == "hundred":
            current = max(current, 1) * 100
        elif word in _SCALES:
            total, current = total + max(current, 1) * _SCALES[word], 0
        else:
            current += _NUMBERS[word]
    return total + current


def find_expression(text: str) -> str | None:
    """The longest arithmetic expression of a text, or None where it has no operation."""
    plain = _DATE.sub(" ; ", text)
    for start, end, value in reversed(spelled_numbers(plain)):
        plain = f"{plain[:start]}{value}{plain[end:]}"
    plain = _SERIES.sub(_joined, plain)
    for pattern, instead in _REWRITES:
        plain = pattern.sub(instead, plain)
    found = (_tidy(each) for each in _EXPRESSION.findall(plain))
    return max((each for each in found if _OPERATION.search(each)), key=len, default=None)


def _joined(match: re.Match[str]) -> str:
    """The sum, product or mean of a list in words."""
    numbers = re.findall(_N, match[2])
    kind = match[1].lower()
    whole = (" * " if kind == "product" else " + ").join(numbers)
    return f"({whole}) / {len(numbers)}" if kind in ("average", "mean") else whole


def _tidy(text: str) -> str:
    """The expression with single spaces, without loose ends; nothing where brackets are open."""
    plain = " ".join(text.split()).strip("*/%+ ").rstrip("-( ")
    if plain.count(")") > plain.count("("):
        plain = plain.rstrip(") ")
    return plain if plain.count("(") == plain.count(")") else ""
