"""What the deploy directory has, read as those who use it read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
import yaml

from agentkit import Agent
from agentkit.cli.app import app
from agentkit.durable import Engine

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
DOCKERFILE = DEPLOY / "Dockerfile"
MANIFESTS = sorted(
    path
    for path in (DEPLOY / "kubernetes").glob("*.yaml")
    if path.name not in ("kustomization.yaml", "secret.yaml")  # the latter is a user's own
)


def compose() -> dict[str, Any]:
    """The compose file, with what its anchors stand for."""
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return loaded


def objects(kind: str | None = None) -> list[dict[str, Any]]:
    """The objects of all manifests, or those of a kind."""
    found = [
        each
        for path in MANIFESTS
        for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        if kind in (None, each["kind"])
    ]
    assert found
    return found


def pods() -> dict[str, dict[str, Any]]:
    """What pods are made from, by the name of what makes them."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in objects()
        if "template" in each.get("spec", {})
    }


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each container of each pod."""
    for name, pod in pods().items():
        for each in [*pod.get("initContainers", ()), *pod["containers"]]:
            yield name, each


def parsed(arguments: list[str]) -> tuple[str, Mapping[str, Any]]:
    """A command line of agentkit as its own parser takes it: the command and its options."""
    assert arguments[0] == "agentkit"
    command: Any = typer.main.get_command(app)
    context: Any = command.make_context("agentkit", arguments[1:])
    names = []
    while hasattr(command, "commands"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        names.append(name)
        context = command.make_context(name, rest, parent=context)
    return " ".join(names), context.params


def seconds(text: str) -> float:
    """A time of a compose file."""
    assert text.endswith("s")
    return float(text[:-1])


def most_connections() -> int:
    """How many connections to PostgreSQL a worker has at the most."""
    engine = Engine("postgresql://nobody@localhost/none", [Agent(name="none")])  # never opened
    worker: Any = engine.worker()
    watch, limits = worker._lookout._watch, worker._limits
    pools: list[Any] = [
        each.pool
        for each in (engine.database.engine, worker._connections, watch._engine, limits._engine)
    ]
    return sum(each.size() + each._max_overflow for each in pools)
