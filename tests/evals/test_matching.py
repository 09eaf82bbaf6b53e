"""What a value must be, and what is said of one that is not."""

from __future__ import annotations

import pytest

from agentkit.evals import AnyOf, Anything, Exact, Like, Optional, Pattern, Predicate
from agentkit.evals.matching import MISSING, problem, same, spelled

FITS = [
    ("Oslo", "Oslo"),
    (1, 1.0),
    (0.5, 0.5),
    (None, None),
    (True, True),
    ([1, "a"], [1.0, "a"]),
    ({"a": [1]}, {"a": [1]}),
    (AnyOf("a", 2), 2.0),
    (AnyOf(Pattern("x+"), "a"), "xxx"),
    (Pattern("[a-z]+"), "oslo"),
    (Pattern(r"\d+"), 12),
    (Like("St. Louis, Missouri"), "st louis missouri"),
    (Like("well-known"), "Well known"),
    (Like("\uff2fslo"), "Oslo"),
    (lambda value: value > 3, 4),
    (Predicate(str.isupper), "A"),
    (Optional("a"), "a"),
    (Optional("a"), MISSING),
    (Anything(), MISSING),
    (Anything(), {"a": 1}),
    (Exact({"any_of": [1]}), {"any_of": [1]}),
    ([AnyOf(1, 2), {"b": Optional(3)}], [2, {}]),
]
WRONG = [
    ("Oslo", "oslo", '"oslo", not "Oslo"'),
    ("5", 5, '5 (a number), not "5"'),
    (5, "5", '"5" (a text), not 5'),
    (1, True, "true, not 1"),
    (False, 0, "0, not false"),
    (None, 0, "0, not null"),
    ("Oslo", MISSING, 'left out, not "Oslo"'),
    ([1, 2], [2, 1], "[0] is 2, not 1"),
    ([1], [1, 2], "[1, 2], not [1]"),
    ({"a": 1}, {"a": 2}, "a is 2, not 1"),
    ({"a": 1}, {"a": 1, "b": 2}, "b is 2, where nothing is expected"),
    ({"a": 1}, {}, "a is left out, not 1"),
    (AnyOf("a", "b"), "c", '"c", not "a" or "b"'),
    (Pattern("[a-z]+"), "oslo 1", '"oslo 1", not /[a-z]+/'),
    (Pattern("true"), True, "true, not /true/"),
    (Like("17*23"), "17/23", '"17/23", not like "17*23"'),
    (Like("1.5"), "15", '"15", not like "1.5"'),
    (Like("-5"), "5", '"5", not like "-5"'),
    (Optional("a"), "b", '"b", not "a"'),
    (Exact({"any_of": [1]}), 1, '1, not {"any_of": [1]}'),
    (lambda value: value > 3, 2, "2, not what the function is true of"),
    (Predicate(lambda value: 1 / value, "near"), 0, "0: what near is true of raised ZeroDivisionError: division by zero"),
    (lambda value: value > 3, MISSING, "left out, not what the function is true of"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FITS)))
def test_what_fits_has_no_problem(number):
    assert problem(*FITS[number]) == ""


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_does_not_fit_is_told_in_a_few_words(number):
    expected, actual, why = WRONG[number]

    assert problem(expected, actual) == why


def test_long_values_are_cut():
    assert len(problem("a", "b" * 5_000)) < 300


def test_equal_values_are_so_whatever_their_depth():
    assert same({"a": [{"b": 1}]}, {"a": [{"b": 1.0}]})
    assert not same({"a": 1}, {"b": 1})
    assert not same([True], [1])


def test_matchers_inside_of_values_are_spelled_for_people():
    value = {"a": [AnyOf(1, "x")], "b": Optional(None)}

    assert spelled(value) == '{"a": [1 or "x"], "b": null or nothing}'
