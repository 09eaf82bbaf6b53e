"""Evaluations: cases run in all variants, side by side, judged, kept and told."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any, TypedDict, Unpack

from agentkit.agent import Agent
from agentkit.crew import Window, aeach, each
from agentkit.errors import ConfigError
from agentkit.evals.attempt import Manner, attempt
from agentkit.evals.case import Case
from agentkit.evals.checking import checked
from agentkit.evals.judging import Schemas, judged
from agentkit.evals.kept import Kept, Place, place_of
from agentkit.evals.outcome import Outcome
from agentkit.evals.rehearsal import RunTools
from agentkit.evals.report import Report, Variant
from agentkit.interface import place_of as name_of

Agents = Agent[Any] | Mapping[str, Agent[Any]] | Mapping[Variant, Agent[Any]]
"""The agent to evaluate, or several by the names of what they differ in."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run of a case that is to be done."""

    case: Case
    variant: Variant
    repeat: int
    key: str

    @property
    def place(self) -> Place:
        """Where its outcome belongs."""
        return self.case.id, self.variant.name, self.repeat


class Evaluation:
    """Cases, and the agents that are to be right about them.

    Args:
        cases: The cases.
        agents: The agent, or several by name, which are compared with the first.
        repeat: How often each case is run.
        concurrency: The most runs at once; a server's limits are kept.
        run_tools: Which tools run: "none", "read_only" or "all"; the others are judged and have a
            result that stands for theirs.
        first_reply: Whether only the calls of the model's first reply are judged; nothing runs.
        results: A file of outcomes. What it has is not asked again, but judged anew.
        retry_errors: Whether runs that an error ended are done again.
        threshold: The share of runs that must pass in each variant, from 0 to 1.
        deps: What tools find as `Context.deps`.

    Raises:
        ConfigError: The cases do not fit each other or the tools, or a setting does not fit.
        DefinitionError: A tool cannot be offered.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        agents: Agents,
        *,
        repeat: int = 1,
        concurrency: int = 10,
        run_tools: RunTools = "read_only",
        first_reply: bool = False,
        results: str | os.PathLike[str] | None = None,
        retry_errors: bool = False,
        threshold: float = 1.0,
        deps: Any = None,
    ) -> None:
        if type(repeat) is not int or repeat < 1:
            raise ConfigError(f"repeat= is a whole number above 0, not {repeat!r}.")
        self._agents = _named(agents)
        self._schemas = {variant: _schemas(agent) for variant, agent in self._agents.items()}
        self.cases = checked(cases, *self._schemas.values(), first_reply=first_reply)
        self._manner = Manner(run_tools, first_reply, deps)
        self._repeat, self._concurrency, self.threshold = repeat, concurrency, threshold
        self._kept, self._retry_errors = Kept(results), retry_errors
        self._found: dict[Place, Outcome] = {}
        self.jobs = tuple(self._all_jobs())
        self._window(concurrency)  # which says what is wrong with it
        self._look()

    @property
    def known(self) -> tuple[Outcome, ...]:
        """The outcomes so far, at first those of the results file, in the order of the cases."""
        return tuple(self._found[job.place] for job in self.jobs if job.place in self._found)

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Run what is not known yet, and yield each outcome as it comes.

        Whatever ends it early, what came by then is kept: another call goes on.

        Raises:
            AgentkitError: What would go wrong with each run, such as a missing key.
        """
        for outcome in each(self._work, self._open(), self._window(self._concurrency)):
            yield self._taken(outcome)

    async def aoutcomes(self) -> AsyncGenerator[Outcome, None]:
        """`outcomes`, awaited. To leave it early, wrap it in `contextlib.aclosing`."""
        found = aeach(self._work, self._open(), self._window(self._concurrency))
        async with aclosing(found):
            async for outcome in found:
                yield self._taken(outcome)

    def report(self) -> Report:
        """What the outcomes so far come to."""
        tools = dict.fromkeys(name for schemas in self._schemas.values() for name in schemas)
        return Report(self.cases, tuple(self._agents), self.known, tuple(tools), self.threshold)

    @staticmethod
    def _window(concurrency: int) -> Window[Outcome]:
        return Window(concurrency, in_order=False)

    def _all_jobs(self) -> Iterator[Job]:
        keys = {variant: _key_of(agent, self._manner) for variant, agent in self._agents.items()}
        for case in self.cases:
            for variant in self._agents:
                key = _digest([keys[variant], [t.prompt for t in case.all_turns], case.results])
                for number in range(self._repeat):
                    yield Job(case, variant, number, key)

    def _look(self) -> None:
        """See what the results file has."""
        for job in self.jobs:
            kept = self._kept.outcomes.get(job.place)
            if kept is None or kept.key != job.key or (kept.error and self._retry_errors):
                continue
            self._found[job.place] = self._kept.rejudged(kept, partial(self._judged, job))

    def _open(self) -> Iterator[Job]:
        return (job for job in self.jobs if job.place not in self._found)

    async def _work(self, index: int, job: Job) -> Outcome:
        outcome = await attempt(job.case, self._agents[job.variant], self._manner)
        named = replace(outcome, variant=job.variant.name, repeat=job.repeat, key=job.key)
        return self._judged(job, named)

    def _judged(self, job: Job, outcome: Outcome) -> Outcome:
        return judged(job.case, outcome, self._schemas[job.variant])

    def _taken(self, outcome: Outcome) -> Outcome:
        self._kept.add(outcome)
        self._found[place_of(outcome)] = outcome
        return outcome


class Settings(TypedDict, total=False):
    """The settings of an `Evaluation`, which describes them."""

    repeat: int
    concurrency: int
    run_tools: RunTools
    first_reply: bool
    results: str | os.PathLike[str] | None
    retry_errors: bool
    threshold: float
    deps: Any


def evaluate(cases: Sequence[Case], agents: Agents, **settings: Unpack[Settings]) -> Report:
    """Run cases and tell what came of them.

    Args:
        cases: The cases.
        agents: The agent, or several by name, which are compared with the first.
        settings: Those of `Evaluation`.

    Raises:
        AgentkitError: It cannot be begun, or what would go wrong with each run.
    """
    evaluation = Evaluation(cases, agents, **settings)
    for _ in evaluation.outcomes():
        pass
    return evaluation.report()


async def aevaluate(cases: Sequence[Case], agents: Agents, **settings: Unpack[Settings]) -> Report:
    """`evaluate`, awaited."""
    for agent in _named(agents).values():
        await agent.aready()
    evaluation = Evaluation(cases, agents, **settings)
    async for _ in evaluation.aoutcomes():
        pass
    return evaluation.report()


def _named(agents: Agents) -> dict[Variant, Agent[Any]]:
    given: Mapping[Any, Agent[Any]] = {"": agents} if isinstance(agents, Agent) else agents
    if not given:
        raise ConfigError("There is no agent to evaluate.")
    found = {}
    for name, agent in given.items():
        place = name_of(agent.interface)
        own = Variant(name or f"{agent.interface.name}:{agent.model}", place, agent.model)
        found[name if isinstance(name, Variant) else own] = agent
    return found


def _schemas(agent: Agent[Any]) -> Schemas:
    return {each.name: each.parameters for each in agent.toolbox.definitions}


def _key_of(agent: Agent[Any], manner: Manner) -> str:
    """Stands for all that an agent's runs depend on, as far as it can be known."""
    options = {name: value for name, value in agent.options.items() if name != "stream"}
    own = [agent.instructions, agent.model, name_of(agent.interface), options, agent.limits.steps]
    told = [*own, manner.runs, manner.first_reply]
    return _digest([told, [each.to_dict() for each in agent.toolbox.definitions]])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
