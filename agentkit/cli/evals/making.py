"""From the options of `eval` to cases, and to the agents that are to be right about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from agentkit import Agent, ConfigError
from agentkit.agent_settings import replay_of
from agentkit.approval import Gate
from agentkit.cli.batch.making import chosen_agent
from agentkit.errors import closest
from agentkit.evals.case import Case
from agentkit.evals.reading import read_cases
from agentkit.evals.records import document
from agentkit.evals.report import Variant
from agentkit.evals.wording import reworded
from agentkit.interface import Interface
from agentkit.interfaces import open_interface
from agentkit.replay import Replay
from agentkit.toolbox import Toolbox

_OF_AN_AGENT = ("tools", "mcp", "option", "system", "max_steps")
_VARIED = ("agent", "interface", "model", "dialect", "wording")


def chosen_cases(path: str, tags: Sequence[str] | None, ids: Sequence[str] | None) -> list[Case]:
    """The cases of a file that are wanted.

    Raises:
        ConfigError: It cannot be read, or there are none such.
    """
    cases = read_cases(path)
    known = [each.id for each in cases]
    for each in ids or ():
        if each not in known:
            raise ConfigError(f"{path} has no case {each!r}.{closest(each, known)}")
    wanted = [
        each
        for each in cases
        if (not tags or set(tags) & set(each.tags)) and (not ids or each.id in ids)
    ]
    if not wanted:
        raise ConfigError(f"{path} has no case with the tag {' or '.join(tags or ())}.")
    return wanted


def variants(given: Mapping[str, Any]) -> dict[Variant, Agent[Any]]:
    """The agents that the options describe, by what they differ in.

    Raises:
        ConfigError: The options do not fit each other.
        DefinitionError: A tool cannot be offered.
    """
    own = {**{name: given[name] for name in _OF_AN_AGENT}, "approval": None, "trace": None}
    replay = replay_of(given["replay"])
    found: dict[Variant, Agent[Any]] = {}
    for choice in _choices(given):
        variant, agent = _variant(choice, own, replay)
        if variant in found:
            raise ConfigError(f"{variant.name} is given twice.")
        found[variant] = agent
    return found


def _choices(given: Mapping[str, Any]) -> Iterator[dict[str, str | None]]:
    for values in product(*(given[name] or [None] for name in _VARIED)):
        yield dict(zip(_VARIED, values, strict=True))


def _variant(
    choice: Mapping[str, str | None], own: Mapping[str, Any], replay: Replay | None
) -> tuple[Variant, Agent[Any]]:
    agent = _base(choice, own, replay)
    tools = _tools(agent.toolbox, choice["wording"])
    inner = agent.interface
    if choice["agent"] or choice["dialect"]:
        inner = _interface(choice, agent)
    model = choice["model"] or agent.model
    named = choice["interface"] or inner.name
    label = named if ":" in named and not choice["model"] else f"{named}:{model}"
    wording = choice["wording"] if choice["wording"] not in (None, "none") else ""
    words = Path(wording).name if wording else ""
    parts = (choice["agent"], label, choice["dialect"], words)
    name = " ".join(filter(None, parts))
    other = agent.around(
        inner if replay is None else replay.around(lambda: inner),
        Gate(tools, agent.gate.policy, agent.gate.waited),
    )
    other.model = model
    return Variant(name, named, model, choice["dialect"] or "", words), other


def _base(
    choice: Mapping[str, str | None], own: Mapping[str, Any], replay: Replay | None
) -> Agent[Any]:
    if choice["agent"] is not None:
        return chosen_agent(choice["agent"], {**own, "interface": None, "model": None})
    interface = choice["interface"]
    if replay is not None and replay.mode == "replay":
        interface = "offline"  # which is never asked, and needs no key
    return chosen_agent(None, {**own, "interface": interface, "model": choice["model"]})


def _interface(choice: Mapping[str, str | None], agent: Agent[Any]) -> Interface:
    name, dialect = choice["interface"], choice["dialect"]
    if dialect is None:
        return agent.interface if name is None else open_interface(name)
    if name is None and choice["agent"]:
        raise ConfigError("--dialect with --agent needs --interface, whose dialect it is.")
    opened = open_interface(name, dialect=dialect)
    if opened.name == "offline":
        raise ConfigError("--dialect is for servers: the offline model has one way of calling.")
    return opened


def _tools(tools: Toolbox, wording: str | None) -> Toolbox:
    if wording in (None, "none"):
        return tools
    words = document(Path(wording).expanduser())
    if not isinstance(words, Mapping):
        raise ConfigError(f"{wording}: a wording is an object with descriptions by tools' names.")
    return reworded(tools, words, wording)
