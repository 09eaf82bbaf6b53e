"""Pairs of expected calls and of calls that were made: the best that there are."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from agentkit.evals.pairing import in_order, paired


@st.composite
def tables(draw):
    rows, columns = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    worth = st.sampled_from([1, 1_000, 1_998, 1_999, 1_000_000])
    return [[draw(worth) for _ in range(columns)] for _ in range(rows)]


def worth(values, pairs):
    taken = [each for each in pairs if each is not None]
    assert len(set(taken)) == len(taken)
    return sum(values[row][column] for row, column in enumerate(pairs) if column is not None)


def best(values, fits=lambda chosen: True):
    """The greatest worth, by trying all."""
    width = len(values[0]) if values else 0
    places = [*range(width), *[None] * len(values)]
    found = {0}
    for chosen in set(permutations(places, len(values))):
        if fits([each for each in chosen if each is not None]):
            found.add(worth(values, chosen))
    return max(found)


@given(tables())
def test_no_other_pairing_is_worth_more(values):
    assert worth(values, paired(values)) == best(values)


@given(tables())
def test_no_other_pairing_in_order_is_worth_more(values):
    pairs = in_order(values)
    taken = [each for each in pairs if each is not None]

    assert taken == sorted(taken)
    assert worth(values, pairs) == best(values, lambda chosen: chosen == sorted(chosen))


def test_a_greedy_choice_does_not_take_what_another_needs():
    values = [[1_000_000, 1_000_000], [1_000_000, 1]]

    assert paired(values) == [1, 0]


def test_many_calls_are_paired_too():
    values = [[1_000_000 if row == 59 - column else 1 for column in range(60)] for row in range(60)]

    assert paired(values) == list(reversed(range(60)))
