"""Carrying an evaluation out: with what is told of it, and what is written in the end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agentkit import ConfigError
from agentkit.cli.batch.carrying import told
from agentkit.cli.batch.progress import Tally, progress
from agentkit.cli.batch.writing import alone
from agentkit.cli.errors import FAILED
from agentkit.cli.evals.making import chosen_cases, variants
from agentkit.cli.evals.writing import check_files, write_report
from agentkit.cli.loading import load_tools
from agentkit.cli.output import apart, note
from agentkit.evals.case import Case
from agentkit.evals.outcome import Outcome
from agentkit.evals.recorded import judge_runs
from agentkit.evals.report import Report
from agentkit.evals.running import Evaluation
from agentkit.journal import Journal

_SETTINGS = ("repeat", "concurrency", "run_tools", "first_reply", "retry_errors", "threshold")


def run_eval(given: Mapping[str, Any]) -> int:
    """Evaluate as the command was told to, and give the exit code.

    Args:
        given: The parameters of the command, by name.

    Raises:
        AgentkitError: It cannot be begun, or cannot go on.
    """
    cases = chosen_cases(given["cases"], given["tag"], given["case"])
    check_files(given)
    report = _of_recorded(cases, given) if given["runs"] else _of_new(cases, given)
    if drafts := sum(each.draft for each in report.cases):
        note(f'{drafts} of the cases are drafts: look at them, and take out "draft".')
    write_report(report, given)
    return 0 if report.met else FAILED


def _of_recorded(cases: list[Case], given: Mapping[str, Any]) -> Report:
    path = Path(os.path.expanduser(given["runs"]))
    if not path.exists():
        raise ConfigError(f"There is no journal {str(path)!r}.")
    schemas = None
    if given["tools"] or given["mcp"]:
        tools = load_tools(given["tools"], given["mcp"])
        schemas = {each.name: each.parameters for each in tools.definitions}
    settings = {name: given[name] for name in ("repeat", "threshold")}
    report = judge_runs(cases, Journal(path), schemas, **settings)
    seen = {each.case for each in report.outcomes}
    if lacking := [each.id for each in report.cases if each.id not in seen]:
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        note(f"no run has the prompt of {', '.join(lacking[:5])}{more}.")
    return report


def _of_new(cases: list[Case], given: Mapping[str, Any]) -> Report:
    results = None if given["results"] is None else Path(os.path.expanduser(given["results"]))
    with ExitStack() as stack:
        if results is not None:
            stack.enter_context(alone(results, "Another evaluation", "--results"))
        agents = variants(given)
        for agent in agents.values():
            agent.check()
        settings = {name: given[name] for name in _SETTINGS}
        evaluation = Evaluation(cases, agents, results=results, **settings)
        tally = Tally(len(evaluation.jobs), "run", "passed")
        stack.enter_context(apart())
        with told(tally, results):
            _carry_out(evaluation, tally)
    note(tally.summary())
    errors = sum(bool(each.error) for each in evaluation.known)
    if errors and results is not None:
        note(f"an error ended {errors} of them: --retry-errors runs these again.")
    return evaluation.report()


def _carry_out(evaluation: Evaluation, tally: Tally) -> None:
    for each in evaluation.known:
        _count(tally, each, before=True)
    shown = progress(tally)
    try:
        for outcome in evaluation.outcomes():
            _count(tally, outcome, before=False)
            shown.see()
    finally:
        shown.close()


def _count(tally: Tally, outcome: Outcome, *, before: bool) -> None:
    tokens = (outcome.prompt_tokens or 0) + (outcome.completion_tokens or 0)
    tally.count("passed" if outcome.passed else "failed", tokens, outcome.cost, before=before)
