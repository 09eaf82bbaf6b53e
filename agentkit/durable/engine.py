"""`Engine`: submits durable runs, and has workers for them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dbos import EnqueueOptions
from dbos import error as dbos_error

from agentkit.agent import Agent
from agentkit.durable.awaited import AwaitedRuns
from agentkit.durable.database import Database
from agentkit.durable.listing import WORKFLOW, found_run
from agentkit.durable.records import stored
from agentkit.durable.worker import Worker
from agentkit.durable.workflow import TRACEPARENT
from agentkit.errors import ConfigError, DurableError, closest
from agentkit.tracing import traceparent
from agentkit.workers import in_thread_awaited

QUEUE = "agentkit"
"""The queue of runs that name none."""


class Engine(AwaitedRuns):
    """Durable runs in a database: each request and each call is done once, whatever dies.

    An engine submits runs and asks about them, from any process; workers carry them out, in this
    process (`with engine.worker():`) or on other machines (`agentkit worker`).

    Args:
        database: A path or `sqlite:///PATH` for one machine; `postgresql://USER:PASSWORD@HOST/NAME`
            for many. The tables are made where they are missing.
        agents: The agents by name, or agents that have names. Who only asks about runs needs none;
            then answers that are typed are plain values.
        version: Of the agents. Workers take the runs of their version alone: give a changed agent
            another one, so that runs which have begun are finished by what they began with.
        patience: Seconds to wait for a database that cannot be reached.

    Raises:
        ConfigError: The address or an agent's name does not fit.
    """

    def __init__(
        self,
        database: str | os.PathLike[str],
        agents: Mapping[str, Agent[Any]] | Iterable[Agent[Any]] = (),
        *,
        version: str = "1",
        patience: float = 60.0,
    ) -> None:
        if not isinstance(version, str) or not version:
            raise ConfigError(f"version= is some text, not {version!r}.")
        super().__init__(Database(database, patience=patience), _named(agents), version)

    def __repr__(self) -> str:
        return f"Engine({str(self.database)!r}, {list(self.agents)}, version={self.version!r})"

    def worker(
        self,
        queues: Sequence[str] = (QUEUE,),
        *,
        concurrency: int = 50,
        deps: Any = None,
        grace: float = 30.0,
        connections: int = 20,
    ) -> Worker:
        """A worker of this process; `with` starts it, and stops it at the end.

        Args:
            queues: The queues to take runs from.
            concurrency: The most runs at once.
            deps: What tools find in their context: a function of what `submit(deps=)` was given, or
                the thing itself.
            grace: Seconds that calls in flight have to end when it stops.
            connections: The most connections to the database for its runs; it has 16 others.

        Raises:
            ConfigError: The engine has no agents, or a setting does not fit.
        """
        if not self.agents:
            raise ConfigError("A worker needs agents: Engine(database, agents=...).")
        return Worker(
            self.database,
            self.agents,
            version=self.version,
            queues=queues,
            concurrency=concurrency,
            deps=deps,
            grace=grace,
            connections=connections,
        )

    def submit(
        self,
        agent: Agent[Any] | str,
        prompt: str | None = None,
        *,
        run_id: str | None = None,
        queue: str = QUEUE,
        deps: Any = None,
        after: str | None = None,
    ) -> str:
        """Put a run into a queue, and give its id. It is kept when this returns.

        The same id twice is one run, also from two processes at once.

        Args:
            agent: The agent or its name.
            prompt: What the user says.
            run_id: The id, if not one by chance.
            queue: The queue.
            deps: For the tools' context; plain values that JSON has.
            after: A run that has its answer, to go on from as a run of its own.

        Raises:
            ConfigError: There is no such agent, or something cannot be stored as JSON.
            DurableError: The id belongs to another prompt, or the database cannot be used.
        """
        job = self.job(agent, prompt, queue=queue, deps=deps, after=after)
        run_id = os.urandom(16).hex() if run_id is None else _checked_id(run_id)
        self.put(run_id, job)
        return run_id

    def put(self, run_id: str, job: dict[str, Any]) -> bool:
        """Put a `job` into its queue, and tell whether it is new.

        Raises:
            DurableError: The id belongs to another job, or the database cannot be used.
        """
        try:
            self.database.patiently(lambda: self._enqueue(run_id, job))
        except dbos_error.DBOSWorkflowIDInUseError:
            there = found_run(self.database, run_id)
            if {name: each for name, each in there.job.items() if name != TRACEPARENT} != job:
                raise DurableError(
                    f"The run {run_id!r} is there, and was submitted with something else: choose "
                    "another id."
                ) from None
            return False
        return True

    def _enqueue(self, run_id: str, job: dict[str, Any]) -> None:
        options: EnqueueOptions = {
            "queue_name": job["queue"],
            "workflow_name": WORKFLOW,
            "workflow_id": run_id,
            "workflow_id_reuse_policy": "reject",
            "app_version": self.version,
        }
        above = traceparent()  # what a trace goes on from, wherever the run is carried out
        self.database.client.enqueue(options, {**job, **({TRACEPARENT: above} if above else {})})

    def job(
        self,
        agent: Agent[Any] | str,
        prompt: str | None,
        *,
        queue: str = QUEUE,
        deps: Any = None,
        after: str | None = None,
    ) -> dict[str, Any]:
        """What `put` takes: what is to be run, as plain values. Args and errors: see `submit`."""
        if not isinstance(prompt, str) or not prompt.strip():
            raise ConfigError("There is nothing to do: give a prompt.")
        if not isinstance(queue, str) or not queue or queue.startswith("_dbos"):
            raise ConfigError(f"{queue!r} is no name for a queue.")
        job = {"agent": self._name(agent), "prompt": prompt, "queue": queue}
        job |= {} if deps is None else {"deps": _plain(deps)}
        if after is not None:
            found_run(self.database, after).run()  # else it would fail later, where nobody looks
            job["after"] = after
        kept: dict[str, Any] = stored(job)
        return kept

    def _name(self, agent: Agent[Any] | str) -> str:
        if isinstance(agent, str):
            if self.agents and agent not in self.agents:
                hint = closest(agent, self.agents)
                raise ConfigError(f"The engine has no agent {agent!r}.{hint}")
            return agent
        for name, each in self.agents.items():
            if each is agent:
                return name
        raise ConfigError("This agent is none of the engine's: Engine(database, agents=[...]).")

    async def asubmit(
        self, agent: Agent[Any] | str, prompt: str | None = None, **given: Any
    ) -> str:
        """`submit`, awaited."""
        return await in_thread_awaited(lambda: self.submit(agent, prompt, **given))


def _named(agents: Mapping[str, Agent[Any]] | Iterable[Agent[Any]]) -> dict[str, Agent[Any]]:
    if isinstance(agents, Mapping):
        named = dict(agents)
    else:
        many = list(agents)
        named = {each.name: each for each in many}
        if len(named) < len(many) or "" in named:
            raise ConfigError(
                "Agents of an engine have a name each: Agent(name=...), or agents={name: agent}."
            )
    for name, agent in named.items():
        if not isinstance(name, str) or not name or not isinstance(agent, Agent):
            raise ConfigError(f"agents= takes agents by their names, not {name!r}: {agent!r}.")
    return named


def _checked_id(run_id: Any) -> str:
    if not isinstance(run_id, str) or not run_id.strip() or run_id != run_id.strip():
        raise ConfigError(f"run_id= is some text, not {run_id!r}.")
    return run_id


def _plain(deps: Any) -> Any:
    try:
        return json.loads(json.dumps(deps, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"deps= goes to another process, and takes what JSON has: {error}. What workers have "
            "themselves, such as a connection, is given to them: engine.worker(deps=...)."
        ) from error
