"""Cases as a file has them, for people to edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.evals.matching import MATCHERS
from agentkit.redact import HIDDEN

Written = dict[str, Any]
"""A case as it stands in a file, or a call in it."""


def written_call(name: str, arguments: Mapping[str, Any]) -> Written:
    """A call that is expected, with exactly these arguments."""
    return {"name": name, "arguments": {key: _written(each) for key, each in arguments.items()}}


def _written(value: Any) -> Any:
    """What stands for this very value. One with a secret, which is not known, may be anything."""
    if isinstance(value, str) and HIDDEN in value:
        return {"anything": True}
    if isinstance(value, list):
        return [_written(each) for each in value]
    if not isinstance(value, dict):
        return value
    inside = {name: _written(each) for name, each in value.items()}
    is_like_a_matcher = len(value) == 1 and not MATCHERS.isdisjoint(value)
    return {"exact": value} if is_like_a_matcher else inside
