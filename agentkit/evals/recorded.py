"""Recorded runs, judged without a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from agentkit.evals.attempt import outcome_of
from agentkit.evals.case import Case
from agentkit.evals.checking import checked
from agentkit.evals.judging import Schemas, judged
from agentkit.evals.outcome import Outcome
from agentkit.evals.report import Report, Variant
from agentkit.journal import Journal
from agentkit.journal.stored import StoredRun
from agentkit.messages import UserMessage
from agentkit.redact import redact

_MOST = 1_000  # runs of a journal in which a prompt is looked for


def judge_runs(
    cases: Sequence[Case],
    journal: Journal,
    schemas: Schemas | None = None,
    *,
    repeat: int = 1,
    threshold: float = 1.0,
) -> Report:
    """What the runs of a journal come to that have the prompts of cases.

    Each interface and model is a variant. A case of which there is no run has no outcome.

    Args:
        cases: The cases.
        journal: The journal.
        schemas: The parameters of the tools; if not given, nothing is known of defaults.
        repeat: How many runs of a case count in each variant, the latest first.
        threshold: The share of runs that must pass in each variant.

    Raises:
        ConfigError: The cases do not fit each other or the tools.
        JournalError: The journal cannot be used.
    """
    named = checked(cases, *([] if schemas is None else [schemas]))
    variants: dict[str, Variant] = {}
    found: dict[tuple[str, str], list[Outcome]] = {}
    for case in named:
        for stored in _runs_of(case, journal):
            name = f"{stored.interface}:{stored.model}"
            variants.setdefault(name, Variant(name, stored.interface, stored.model))
            others = found.setdefault((name, case.id), [])
            if len(others) < repeat:
                outcome = replace(_outcome(case, journal, stored), variant=name)
                others.append(replace(judged(case, outcome, schemas or {}), repeat=len(others)))
    ordered = {name: variants[name] for name in sorted(variants)}
    outcomes = (o for name in ordered for case in named for o in found.get((name, case.id), ()))
    return Report(named, tuple(ordered.values()), tuple(outcomes), tuple(schemas or ()), threshold)


def _runs_of(case: Case, journal: Journal) -> Iterator[StoredRun]:
    """The runs that ended and have a case's turns, the latest first."""
    prompts = _prompts(case)
    for stored in journal.runs(text=prompts[-1], limit=_MOST):
        if stored.state not in ("done", "failed", "waiting") or stored.prompt != prompts[-1]:
            continue
        messages = journal.run(stored.id).messages
        said = [each.content for each in messages if isinstance(each, UserMessage)]
        rest = iter(said)
        if said[:1] == prompts[:1] and all(each in rest for each in prompts):
            yield stored


def _prompts(case: Case) -> list[str]:
    """Its prompts as a journal keeps them."""
    return [redact(each.prompt) for each in case.all_turns]


def _outcome(case: Case, journal: Journal, stored: StoredRun) -> Outcome:
    parts = _turns(journal, stored, len(case.all_turns))
    error = " ".join((stored.error or "").split())
    if stored.state == "waiting":
        error = "The run waits for a decision."
    runs = [journal.run(each.id) for each in parts]
    outcome = outcome_of(case, runs, error, _prompts(case))
    latency = sum(_waited(journal, each) for each in parts) - sum(each.waited for each in runs)
    seconds = [None if each.ended is None else each.ended - each.begun for each in parts]
    return replace(
        outcome,
        latency=max(0.0, latency),
        seconds=None if None in seconds else sum(filter(None, seconds)),
        run_id=stored.id,
    )


def _turns(journal: Journal, stored: StoredRun, count: int) -> list[StoredRun]:
    """The runs of the turns of a conversation up to this one, or it alone."""
    if stored.conversation is None or count == 1:
        return [stored]
    runs = journal.runs(conversation=stored.conversation, limit=_MOST)
    turns = [each for each in runs if (each.turn or 0) <= (stored.turn or 0)]
    return sorted(turns, key=lambda each: each.turn or 0)[-count:]


def _waited(journal: Journal, stored: StoredRun) -> float:
    """Seconds from requests to their responses."""
    seconds, asked = 0.0, None
    for event in journal.events(stored.id):
        if event.kind == "request":
            asked = event.at
        elif event.kind == "response" and asked is not None:
            seconds, asked = seconds + event.at - asked, None
    return seconds
