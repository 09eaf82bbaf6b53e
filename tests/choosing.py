"""Which ids of the suite are run, and of which of them coverage is measured.

With `AGENTKIT_TESTS=whole` all of them are run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import settings
from warm import WHOLE

WAYS = ("transport", "dialect", "stream", "mode")
"""What a test that talks to a model is run with, all of which are there for each of its cases."""


MANY = 12  # cases


def examples(count: int) -> settings:
    """Settings of hypothesis: so many examples, of which a fifth is tried each time.

    They are other ones each time, so that runs of the suite find together what one would find.
    """
    return settings(max_examples=count if WHOLE else count // 5, deadline=None)


def chosen(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Of the 24 ways to talk to a model, as many as any two need to meet.

    A transport knows nothing of a dialect, nor a dialect of whether it is awaited. So for each case
    of a test any two of `WAYS` are there in each combination, which six ways do. Of a test with many
    cases each case has each of their values, which three do, and the next case has the next three:
    so any two meet in some of them. Where there are many cases and nothing but the transport to
    vary, they take the transports in turn.
    """
    if WHOLE:
        return list(items)
    tests: dict[str, dict[Any, list[pytest.Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        params = _params(item)
        case = tuple(id(params[name]) for name in sorted(params.keys() - {*WAYS}))
        tests[_test(item)][case].append(item)
    kept: set[pytest.Item] = set()
    for cases in tests.values():
        for number, ways in enumerate(cases.values()):
            start = number * 5 % len(ways)  # shares no divisor with 24: each comes to be the first
            kept.update(_covering([*ways[start:], *ways[:start]], len(cases) >= MANY))
    return [item for item in items if item in kept]


def _covering(ways: list[pytest.Item], of_many: bool) -> list[pytest.Item]:
    """Those in which each value is, or any two that meet in any of them; the first of them is one."""
    there = {item: [each for each in _params(item).items() if each[0] in WAYS] for item in ways}
    if of_many and [name for name, _ in there[ways[0]]] == ["transport"]:
        return ways[:1]
    met = {item: {*combinations(there[item], 1 if of_many else 2)} for item in ways}
    left = set().union(*met.values())
    found: list[pytest.Item] = []
    while left:
        found.append(max(ways, key=lambda item: len(met[item] & left)))
        left -= met[found[-1]]
    return found or ways


def measured(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """Those with a value of a parameter that no other id of the test before them has.

    Measuring makes a test take twice as long, and what is new to agentkit comes with a value, not
    with the hundredth combination. Nor does what is made up at random tell of lines that no other
    test covers. So the figure is a lower bound.
    """
    seen: set[Any] = set()
    found = set()
    for item in items:
        parts = getattr(getattr(item, "callspec", None), "_idlist", ())
        values = {(_test(item), *pair) for pair in enumerate(parts)}
        if not (values and values <= seen) and not _is_random(item):
            found.add(item)
        seen |= values
    return found


def _is_random(item: pytest.Item) -> bool:
    made_up = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    return bool(made_up) or item.get_closest_marker("unmeasured") is not None


def _test(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _params(item: pytest.Item) -> dict[str, Any]:
    return getattr(getattr(item, "callspec", None), "params", {})
