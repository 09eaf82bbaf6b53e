"""One run of one case: what a model did, not yet judged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentkit.agent import Agent
from agentkit.errors import LimitError
from agentkit.evals.case import Case
from agentkit.evals.outcome import Made, Outcome
from agentkit.evals.rehearsal import Rehearsal, RehearsalGate, RunTools
from agentkit.interface import Interface
from agentkit.messages import ANSWER, AssistantMessage, Message, Request, ResultMessage, UserMessage
from agentkit.plan import Ask, Plan
from agentkit.reading import READ
from agentkit.redact import plain, redact
from agentkit.results import result_text
from agentkit.run import Run
from agentkit.wrapper import Wrapper


class Timed(Wrapper):
    """Counts the seconds that a model takes, without those of waiting for a limit."""

    def __init__(self, inner: Interface) -> None:
        super().__init__(inner)
        self.seconds = 0.0

    def plan(self, request: Request) -> Plan:
        """Ask."""
        begun = time.monotonic()
        try:
            response = yield Ask(self.inner, request)
        finally:
            self.seconds += time.monotonic() - begun
        assert response is not None
        self.seconds -= response.waited
        return response


@dataclass(frozen=True, slots=True)
class Manner:
    """How cases are run.

    Args:
        runs: Which tools run.
        first_reply: Whether the calls of the model's first reply are all that counts: nothing runs,
            and no answer is asked for.
        deps: What tools find as `Context.deps`.
    """

    runs: RunTools = "read_only"
    first_reply: bool = False
    deps: Any = None


async def attempt(case: Case, agent: Agent[Any], manner: Manner) -> Outcome:
    """Run a case once.

    Raises:
        AgentkitError: What would go wrong with each case, such as a missing key.
    """
    timed = Timed(agent.interface)
    tools = Rehearsal(agent.toolbox, case.results, "none" if manner.first_reply else manner.runs)
    other = agent.around(timed, RehearsalGate(tools, agent.gate.policy, agent.gate.waited))
    if manner.first_reply:
        other.limits = replace(other.limits, steps=1)
    begun = time.monotonic()
    runs, error = await _runs(case, other, manner)
    outcome = outcome_of(case, runs, error)
    latency = max(0.0, timed.seconds)
    return replace(outcome, latency=latency, seconds=time.monotonic() - begun)


async def _runs(case: Case, agent: Agent[Any], manner: Manner) -> tuple[list[Run[Any]], str]:
    """The runs of a case's turns, and what ended the last of them, if anything did."""
    work, runs = agent.worker(deps=manner.deps), list[Run[Any]]()
    for number, turn in enumerate(case.all_turns):
        item: dict[str, Any] = {"prompt": turn.prompt}
        if runs:
            item["after"] = runs[-1]
        done = await work(number, item)
        runs += [done.run] if done.run is not None else []
        if done.error is not None:
            is_meant = manner.first_reply and isinstance(done.error, LimitError)
            return runs, "" if is_meant else told(done.error)
    return runs, ""


def told(error: BaseException) -> str:
    """An error on one line, without secrets."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return " ".join(plain(redact(text)).split())


def outcome_of(
    case: Case, runs: Sequence[Run[Any]], error: str = "", prompts: Sequence[str] | None = None
) -> Outcome:
    """What came of a case, as its runs tell.

    Args:
        case: The case.
        runs: Those of its turns; the last has the whole transcript.
        error: What ended the last.
        prompts: The prompts as the transcript has them, where they are not the case's own.
    """
    usages, costs = [each.usage for each in runs], [each.cost for each in runs]
    prompts = [each.prompt for each in case.all_turns] if prompts is None else prompts
    turns = turns_of(runs[-1].messages, prompts) if runs else []
    for run, turn in zip(reversed(runs), reversed(turns), strict=False):
        if run.done:  # a typed answer is no text of the transcript
            turn.answer = result_text(run.output, ANSWER)
    return Outcome(
        case=case.id,
        variant="",
        passed=False,
        calls=tuple(call for turn in turns for call in turn.calls),
        answers=tuple(turn.answer for turn in turns if turn.answer is not None),
        steps=sum(len(each.steps) for each in runs),
        prompt_tokens=_sum([each.prompt_tokens for each in usages]),
        completion_tokens=_sum([each.completion_tokens for each in usages]),
        cost=None if None in costs or not costs else sum(filter(None, costs)),
        error=error,
    )


@dataclass
class Did:
    """What a model did in one turn."""

    calls: list[Made] = field(default_factory=list)
    answer: str | None = None


def turns_of(messages: Sequence[Message], prompts: Sequence[str]) -> list[Did]:
    """What a model did in each of the turns that begin with these prompts.

    What an agent's own functions are for, to read on and to give a typed answer, is no call.
    """
    turns: list[Did] = []
    step, due = -1, list[int]()
    for message in messages:
        if isinstance(message, UserMessage) and [message.content] == [*prompts[len(turns) :]][:1]:
            turns.append(Did())
            step = -1
        elif isinstance(message, AssistantMessage) and turns:
            step, due = step + 1, _take(turns[-1], message, len(turns) - 1, step + 1)
        elif isinstance(message, ResultMessage) and due and (place := due.pop(0)) >= 0:
            made = turns[-1].calls
            made[place] = replace(made[place], failed=message.is_error)
    return turns


def _take(did: Did, message: AssistantMessage, turn: int, step: int) -> list[int]:
    """Take a reply, and tell where each of its calls is among those of the turn, or -1."""
    places = []
    did.answer = message.content or "" if not message.calls else None
    for call in message.calls:
        places.append(-1 if call.name in (READ, ANSWER) else len(did.calls))
        if places[-1] >= 0:
            did.calls.append(Made(call.name, call.written, turn, step))
    return places


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [each for each in counts if each is not None]
    return sum(known) if known else None
