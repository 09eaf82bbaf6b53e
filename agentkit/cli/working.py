"""`agentkit worker` and `agentkit submit`: durable runs in queues."""

from __future__ import annotations

import json as json_module
import signal
from contextlib import closing
from threading import Event
from typing import Annotated, Any

import typer

from agentkit.cli.agents import load_agents
from agentkit.cli.durable_options import (
    After,
    AgentsPlace,
    Concurrency,
    Connections,
    DatabaseAddress,
    Deps,
    Grace,
    NewId,
    Queue,
    Queues,
    Version,
)
from agentkit.cli.errors import NotApprovedError
from agentkit.cli.options import Json
from agentkit.cli.output import apart, note, write, write_json
from agentkit.errors import ConfigError


def worker(
    agents: AgentsPlace,
    *,
    database: DatabaseAddress,
    queue: Queues = None,
    concurrency: Concurrency = 50,
    version: Version = "1",
    grace: Grace = 30.0,
    connections: Connections = 20,
) -> None:
    """Carry out durable runs until it is stopped.

    As many as wanted, on as many machines as wanted. SIGTERM or Ctrl-C leaves the runs between two
    steps, and others go on with them; so they do when a worker dies. A second Ctrl-C does not wait.
    """
    from agentkit.durable import Engine
    from agentkit.durable.engine import QUEUE

    engine = Engine(database, load_agents(agents), version=version)
    stop = Event()

    def stopped(*_: Any) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGTERM, stopped)
    signal.signal(signal.SIGINT, stopped)
    queues = queue or [QUEUE]
    worker = engine.worker(queues, concurrency=concurrency, grace=grace, connections=connections)
    with closing(engine), apart(), worker as running:
        names = ", ".join(engine.agents)
        note(f"worker {running.id}, version {version}: {names}; queues: {', '.join(queues)}.")
        while not stop.wait(1.0):  # so that signals are seen
            pass
        note("stopping: runs are left between two steps.")


def submit(
    agent: Annotated[str, typer.Argument(help="The agent's name, as workers know it.")],
    prompt: Annotated[str, typer.Argument(help="What is asked.")],
    *,
    database: DatabaseAddress,
    queue: Queue = None,
    version: Version = "1",
    run_id: NewId = None,
    deps: Deps = None,
    after: After = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the answer and print it.")] = False,
    json: Json = False,
) -> None:
    """Put a durable run into a queue, and print its id."""
    from agentkit.durable import Engine
    from agentkit.durable.engine import QUEUE

    with closing(Engine(database, version=version)) as engine:
        found = engine.submit(
            agent, prompt, run_id=run_id, queue=queue or QUEUE, deps=_read(deps), after=after
        )
        if not wait:
            write_json({"id": found}) if json else write(f"{found}\n")
            return
        run = engine.result(found)
    if run.pending:
        raise NotApprovedError(run)
    write_json(run.to_dict()) if json else write(f"{run.output}\n")


def _read(deps: str | None) -> Any:
    if deps is None:
        return None
    try:
        return json_module.loads(deps)
    except ValueError as error:
        raise ConfigError(f"--deps is no JSON: {error}.") from None
