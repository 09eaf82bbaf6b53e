"""Outcomes and cases without the secrets that models and tools may have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agentkit.evals.case import Case
from agentkit.evals.outcome import Outcome
from agentkit.redact import hide, hide_in

_KEPT = ("case", "variant", "kind", "name", "run_id", "key")  # others find things by them


def hidden_outcome(outcome: Outcome, secrets: Sequence[str]) -> Outcome:
    """The outcome without API keys and the given secrets."""
    return Outcome.from_dict(hide_in(outcome.to_dict(), secrets, _KEPT))


def hidden_case(case: Case, secrets: Sequence[str]) -> Case:
    """The case with prompts without API keys and the given secrets."""
    turns = tuple(replace(each, prompt=hide(each.prompt, secrets)) for each in case.turns)
    return replace(case, prompt=hide(case.prompt, secrets), turns=turns)
