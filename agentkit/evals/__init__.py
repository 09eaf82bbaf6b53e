"""Evaluations: does a model pick the right one of your tools, with the right arguments?"""

from agentkit.evals.case import Answer, Call, Case, OneOf, Turn
from agentkit.evals.matching import AnyOf, Anything, Exact, Like, Optional, Pattern, Predicate
from agentkit.evals.outcome import Check, Made, Outcome, Wanted
from agentkit.evals.reading import read_cases
from agentkit.evals.recorded import judge_runs
from agentkit.evals.report import Report, Variant
from agentkit.evals.running import Evaluation, aevaluate, evaluate
from agentkit.evals.wording import reworded

__all__ = [
    "Answer",
    "AnyOf",
    "Anything",
    "Call",
    "Case",
    "Check",
    "Evaluation",
    "Exact",
    "Like",
    "Made",
    "OneOf",
    "Optional",
    "Outcome",
    "Pattern",
    "Predicate",
    "Report",
    "Turn",
    "Variant",
    "Wanted",
    "aevaluate",
    "evaluate",
    "judge_runs",
    "read_cases",
    "reworded",
]
