"""Fifty things that people ask of the built-in tools, in `everyday.jsonl`.

They were written before the rules were tried on them. Added afterwards was one expression that is
as right: `18 / 100 * 64.50`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentkit import Agent, Toolbox
from agentkit.evals import Report, evaluate, read_cases
from agentkit.offline import OfflineInterface
from agentkit_tools import calculator, clock, files, sqlite, text
from agentkit_tools import json as json_tools

CASES = read_cases(Path(__file__).with_name("everyday.jsonl"))
PACKS = (calculator, clock, files, files.writing, text, json_tools, sqlite, sqlite.writing)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What came of the prompts on Saturday 14 March 2026, in an empty directory."""
    offline = OfflineInterface(clock=lambda: datetime(2026, 3, 14, 9, 30, tzinfo=UTC))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("everyday"))
        return evaluate(CASES, Agent(Toolbox(*PACKS), offline), concurrency=1)


def test_most_prompts_get_exactly_the_right_calls(report: Report) -> None:
    assert len(report.outcomes) == 50
    failed = [each.case for each in report.outcomes if not each.passed]
    assert len(failed) <= 8, failed


def test_no_prompt_gets_a_call_of_a_wrong_tool(report: Report) -> None:
    wrong = [
        (outcome.case, made.name)
        for outcome in report.outcomes
        for made in outcome.calls
        if made.name not in {name for each in outcome.wanted or () for name in each.names}
    ]
    assert wrong == []
