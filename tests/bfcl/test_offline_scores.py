"""What the offline model reaches on the leaderboard's data that is in this repository.

Its speed is measured by `python -m benchmarks.bfcl`.
"""

from __future__ import annotations

import pytest

from benchmarks.bfcl.scores import offline_scores

LEAST = {
    "simple_python": 64,
    "multiple": 60,
    "parallel": 35,
    "parallel_multiple": 25,
    "irrelevance": 90,
    "live_simple": 41,
    "live_multiple": 45,
    "live_irrelevance": 88,
}


@pytest.mark.parametrize("category", LEAST)
def test_the_offline_model_reaches(category: str) -> None:
    score = offline_scores(categories=[category])[category]
    assert score.percent >= LEAST[category]
