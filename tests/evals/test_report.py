"""Figures, intervals, confusion and comparisons, against values known from elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.evals import Case, Made, Outcome, Report, Variant, Wanted
from agentkit.evals.intervals import difference, percentile, rate


def rounded(interval):
    return round(interval.low, 4), round(interval.high, 4)


@pytest.mark.parametrize(
    ("right", "of", "expected"),
    [  # as statsmodels.stats.proportion.proportion_confint(..., method="wilson") gives them
        (0, 10, (0.0, 0.2775)),
        (10, 10, (0.7225, 1.0)),
        (8, 10, (0.4902, 0.9433)),
        (42, 50, (0.7149, 0.9166)),
        (81, 263, (0.2553, 0.3662)),
    ],
)
def test_a_share_has_wilsons_interval(right, of, expected):
    assert rounded(rate([[n < right] for n in range(of)])) == expected


def test_repeats_of_a_case_that_are_alike_tell_no_more_than_one():
    once = [[1], [0], [1], [1]]
    alike = [each * 5 for each in once]
    unlike = [[1, 1, 1, 0]] * 20

    assert rounded(rate(alike)) == rounded(rate(once))
    assert rounded(rate(unlike)) == rounded(rate([[n % 4 > 0] for n in range(80)]))
    assert rounded(rate([[1] * 5] * 4)) == rounded(rate([[1]] * 4))
    assert rate([]) is None


def test_a_difference_has_bonetts_and_prices_interval():
    # Of 50 pairs the second alone is right in 10, and the first alone in 2: with one more of each
    # (11 - 3) / 52, and 1.96 times the root of (14 / 52 - (8 / 52)**2) / 52 to either side.
    found, interval = difference([1] * 10 + [-1] * 2 + [0] * 38)
    less, wider = difference([1] * 10 + [-1] * 2 + [0] * 38, comparisons=4)

    assert found == less == 0.16
    assert rounded(interval) == (0.0192, 0.2885)
    assert wider.low < interval.low < interval.high < wider.high


def test_few_cases_tell_no_difference_however_great_it_looks():
    for count in (0, 1, 2, 3):
        assert difference([1.0] * count)[1].low < 0
    assert difference([1.0] * 10)[1].low > 0


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), max_size=30))
def test_an_interval_of_differences_turns_with_its_sign(values):
    found, interval = difference(values)
    turned, other = difference([-each for each in values])

    assert turned == pytest.approx(-found)
    assert (other.low, other.high) == pytest.approx((-interval.high, -interval.low))
    assert -1 <= interval.low <= interval.high <= 1


def test_a_percentile_is_one_of_the_values():
    assert percentile([], 0.95) is None
    assert percentile([3.0], 0.95) == 3.0
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
    assert percentile([1.0, 2.0], 0.5) == 1.0


def outcome(case, *pairs, variant="a", repeat=0, passed=True, **known):
    """An outcome by pairs of an expected tool and the one that was called; None for none."""
    calls = tuple(Made(called) for _, called in pairs if called)
    places = iter(range(len(calls)))
    wanted = []
    for expected, called in pairs:
        place = next(places) if called else None
        if expected:
            right = expected == called
            wanted.append(Wanted((expected,), expected, 0, place, right, right and passed))
    return Outcome(
        case=case,
        variant=variant,
        repeat=repeat,
        passed=passed,
        calls=calls,
        wanted=tuple(wanted),
        **known,
    )


def report(*outcomes, variants=("a",), tools=("get", "put", "now")):
    cases = tuple(Case("Hi.", [], id=each) for each in dict.fromkeys(o.case for o in outcomes))
    return Report(cases, tuple(map(Variant, variants)), outcomes, tools, 0.5)


MIXED = (
    outcome("1", ("get", "get"), latency=1.0, cost=0.1, prompt_tokens=5, completion_tokens=1, steps=2),
    outcome("2", ("get", "put"), passed=False, latency=3.0, cost=0.2, steps=4),
    outcome("3", ("put", None), (None, "now"), passed=False),
    outcome("4"),
    outcome("5", ("get", "get"), passed=False, error="E: x"),
)  # fmt: skip


def test_figures_count_what_the_outcomes_have():
    figures = report(*MIXED).figures("a")

    assert (figures.passed.count, figures.passed.total) == (2, 5)
    assert (figures.right_tools.count, figures.right_tools.total) == (2, 4)
    assert (figures.right_arguments.count, figures.right_arguments.total) == (1, 2)
    assert (figures.missing, figures.extra, figures.errors) == (1, 1, 1)
    assert (figures.always, figures.sometimes, figures.never) == (2, 0, 3)
    assert (figures.tokens, figures.cost, figures.steps) == (6, None, 1.2)
    assert (figures.latency, figures.latency_95) == (2.0, 3.0)


def test_a_case_that_passes_now_and_then_is_told_of():
    runs = [outcome("1", repeat=n, passed=n > 0) for n in range(3)]
    figures = report(*runs).figures("a")

    assert (figures.always, figures.sometimes, figures.never) == (0, 1, 0)


def test_confusion_has_a_place_for_no_call():
    confusion = report(*MIXED).confusion()

    assert confusion.names == ("get", "put", "now", "")
    assert confusion.counts == ((2, 1, 0, 0), (0, 0, 0, 1), (0, 0, 0, 0), (0, 0, 1, 1))
    assert confusion.confusions == [("get", "put", 1), ("put", "", 1), ("", "now", 1)]


def test_a_tool_has_precision_and_recall():
    get, put, now = report(*MIXED).tool_figures("a")

    assert (get.precision.count, get.precision.total) == (2, 2)
    assert (get.recall.count, get.recall.total) == (2, 3)
    assert (get.right_arguments.count, get.right_arguments.total) == (1, 2)
    assert (put.precision.value, put.recall.value) == (0.0, 0.0)
    assert (now.precision.value, now.recall.value) == (0.0, None)


def test_variants_are_compared_over_the_cases_that_both_have():
    first = [outcome(str(n), passed=n > 11) for n in range(24)]
    second = [replace(each, variant="b", passed=True) for each in first[:20]]
    passed, tools = report(*first, *second, variants=("a", "b")).comparisons()

    assert (passed.cases, passed.better, passed.worse) == (20, 12, 0)
    assert passed.difference == 0.6
    assert passed.can_be_told
    assert passed.words.startswith(
        "b is better than a: +60.0 points of passed (95 %: +26.7 to +82.4; "
    )
    assert not tools.can_be_told
    assert tools.words.startswith(
        "b and a: no difference that can be told over 20 cases: +0.0 points of "
    )


def test_the_threshold_is_to_be_met_by_each_variant():
    good = [outcome(str(n)) for n in range(4)]
    bad = [replace(each, variant="b", passed=False) for each in good]

    assert report(*good).met
    assert not report(*good, *bad, variants=("a", "b")).met
    assert not report(*good, variants=("a", "b")).met
    assert not report().met


@pytest.mark.parametrize("each", [*MIXED, replace(MIXED[0], wanted=None, answers=("a", "b"))])
def test_an_outcome_is_the_same_again_after_a_file(each):
    assert Outcome.from_dict(each.to_dict()) == each
