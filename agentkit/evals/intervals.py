"""Intervals of confidence for shares and for differences of shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """From where to where a true value lies."""

    low: float
    high: float


def rate(scores: Sequence[Sequence[float]]) -> Interval | None:
    """Wilson's interval of a mean of scores from 0 to 1, each 0 or 1.

    Repeats of one case are alike, so that they tell less than as many cases would: what counts is
    the number of independent runs that would vary as much as the cases do.

    Args:
        scores: The scores of each case, of its repeats.
    """
    groups = [each for each in scores if each]
    total = sum(map(len, groups))
    if not total:
        return None
    mean = sum(map(sum, groups)) / total
    size = _independent(groups, mean, total)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = (mean + z * z / (2 * size)) / (1 + z * z / size)
    half = z * sqrt(mean * (1 - mean) / size + (z / (2 * size)) ** 2) / (1 + z * z / size)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def _independent(groups: Sequence[Sequence[float]], mean: float, total: int) -> float:
    """How many independent runs tell as much: from the number of cases to that of runs."""
    least, most = float(len(groups)), float(total)
    if mean in (0, 1):  # all are alike, and nobody knows whether that is by chance
        return least
    variance = sum((sum(each) - mean * len(each)) ** 2 for each in groups) / total**2
    return min(max(mean * (1 - mean) / variance, least), most) if variance else most


def difference(differences: Sequence[float], comparisons: int = 1) -> tuple[float, Interval]:
    """The mean of differences between -1 and 1, and its interval.

    It is Bonett's and Price's interval of paired shares, which stays honest where there are few
    cases or none that differ: one case that is won and one that is lost are added.

    Args:
        differences: One for each case.
        comparisons: How many are made: the confidence holds for all of them together.
    """
    count = len(differences)
    size = count + 2
    mean = sum(differences) / size
    variance = (sum(each * each for each in differences) + 2) / size - mean * mean
    z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * comparisons))
    half = z * sqrt(max(0.0, variance) / size)
    found = Interval(max(-1.0, mean - half), min(1.0, mean + half))
    return (sum(differences) / count if count else 0.0), found


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that a share of the values does not exceed; None where there are none."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None
