"""What the value of an argument must be: itself, or what a matcher says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from agentkit.redact import plain

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "nothing"})()
"""Stands for the value of an argument that was not given."""

MATCHERS = frozenset(("any_of", "pattern", "like", "predicate", "optional", "anything", "exact"))
"""What matchers are called in files."""

_UNSPOKEN = re.compile(  # blanks, quotes and marks that carry no meaning of their own
    r"[\s,;:!?'\"`\u2018\u2019\u201c\u201d\u201e_]+|(?<!\d)\.|\.(?!\d)|(?<=[^\W\d])-(?=[^\W\d])"
)
_SHOWN = 200  # characters of a value in a sentence


class Matcher:
    """Says what is right, in place of a value."""

    def problem(self, actual: Any) -> str:
        """What is wrong with a value; "" where nothing is."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Exact(Matcher):
    """The value itself, which may be an object that looks like a matcher."""

    value: Any

    def problem(self, actual: Any) -> str:
        """As `Matcher` says."""
        return "" if same(self.value, actual) else _not(self, actual)

    def __repr__(self) -> str:
        return spelled(self.value)


class AnyOf(Matcher):
    """One of several values or matchers."""

    def __init__(self, *choices: Any) -> None:
        self.choices = choices

    def problem(self, actual: Any) -> str:
        """As `Matcher` says."""
        fits = any(not problem(each, actual) for each in self.choices)
        return "" if fits else _not(self, actual)

    def __repr__(self) -> str:
        return " or ".join(map(spelled, self.choices))


@dataclass(frozen=True, slots=True)
class Pattern(Matcher):
    """A text, or a number as JSON spells it, the whole of which fits a regular expression."""

    pattern: str

    def problem(self, actual: Any) -> str:
        """As `Matcher` says."""
        is_number = isinstance(actual, int | float) and not isinstance(actual, bool)
        text = json.dumps(actual) if is_number else actual
        fits = isinstance(text, str) and re.fullmatch(self.pattern, text)
        return "" if fits else _not(self, actual)

    def __repr__(self) -> str:
        return f"/{self.pattern}/"


@dataclass(frozen=True, slots=True)
class Like(Matcher):
    """A text, in which the case of letters, blanks, quotes and punctuation do not count.

    A point between digits does, and so do signs of arithmetic.
    """

    text: str

    def problem(self, actual: Any) -> str:
        """As `Matcher` says."""
        fits = isinstance(actual, str) and _spoken(actual) == _spoken(self.text)
        return "" if fits else _not(self, actual)

    def __repr__(self) -> str:
        return f"like {spelled(self.text)}"


@dataclass(frozen=True, slots=True)
class Predicate(Matcher):
    """A value of which a function is true.

    Args:
        function: The function. What it raises means that the value is wrong.
        name: What it is called in reports.
    """

    function: Callable[[Any], object]
    name: str = ""

    def problem(self, actual: Any) -> str:
        """As `Matcher` says."""
        if actual is MISSING:
            return _not(self, actual)
        try:
            return "" if self.function(actual) else _not(self, actual)
        except Exception as error:
            return f"{short(actual)}: {self!r} raised {type(error).__name__}: {plain(str(error))}"

    def __repr__(self) -> str:
        name = self.name or getattr(self.function, "__name__", type(self.function).__name__)
        return f"what {name} is true of" if name != "<lambda>" else "what the function is true of"


@dataclass(frozen=True, slots=True)
class Optional(Matcher):
    """What may be left out; if it is given, it must fit."""

    value: Any

    def problem(self, actual: Any) -> str:
        """As `Matcher` says."""
        return "" if actual is MISSING else problem(self.value, actual)

    def __repr__(self) -> str:
        return f"{spelled(self.value)} or nothing"


@dataclass(frozen=True, slots=True)
class Anything(Matcher):
    """Any value, or none."""

    def problem(self, actual: Any) -> str:
        """As `Matcher` says."""
        return ""

    def __repr__(self) -> str:
        return "anything"


def problem(expected: Any, actual: Any) -> str:
    """What is wrong with a value, in a few words; "" where nothing is.

    Args:
        expected: A value as JSON has it, a matcher, a function, or a list or object of these.
        actual: The value, or `MISSING`.
    """
    if isinstance(expected, Matcher):
        return expected.problem(actual)
    if callable(expected):
        return Predicate(expected).problem(actual)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return _in_object(expected, actual)
    if _is_list(expected) and _is_list(actual) and len(expected) == len(actual):
        found = (problem(*pair) for pair in zip(expected, actual, strict=True))
        return next((f"[{n}] is {each}" for n, each in enumerate(found) if each), "")
    return "" if same(expected, actual) else _not(expected, actual)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON: 1 is 1.0, and neither true nor "1"."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def spelled(value: Any) -> str:
    """A value or matcher for people: values as JSON has them."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{json.dumps(n)}: {spelled(each)}' for n, each in value.items())}}}"
    if _is_list(value):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, str | int | float | None):
        return json.dumps(value, ensure_ascii=False)
    return repr(Predicate(value)) if callable(value) else repr(value)


def _in_object(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> str:
    for name in [*expected, *(name for name in actual if name not in expected)]:
        if name not in expected:
            return f"{name} is {short(actual[name])}, where nothing is expected"
        if found := problem(expected[name], actual.get(name, MISSING)):
            return f"{name} is {found}"
    return ""


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _spoken(text: str) -> str:
    return _UNSPOKEN.sub("", normalize("NFKC", text)).casefold()


def _not(expected: Any, actual: Any) -> str:
    hint = ""
    if type(expected) is not type(actual) and str(expected) == str(actual):
        hint = f" ({_KINDS.get(type(actual), 'another type')})"
    return f"{short(actual)}{hint}, not {short(expected)}"


_KINDS = {str: "a text", int: "a number", float: "a number", bool: "true or false"}


def short(value: Any) -> str:
    """A value or matcher for a sentence, cut where it is long."""
    text = "left out" if value is MISSING else spelled(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
