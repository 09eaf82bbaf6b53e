"""Agents by the names that the command line has for them."""

from __future__ import annotations

from typing import Any

from agentkit import Agent, ConfigError
from agentkit.importing import attribute, module_of, place_of


def load_agent(name: str) -> Agent[Any]:
    """The agent that `--agent` names: file.py:name or module:name.

    Raises:
        ConfigError: There is none, or it cannot be imported.
    """
    where, inside = place_of(name) or (name, None)
    if not inside:
        raise ConfigError(f"--agent takes file.py:name or module:name, not {name!r}.")
    agent = attribute(module_of(where), where, inside)
    if not isinstance(agent, Agent):
        raise ConfigError(f"{name} is no Agent, but a {type(agent).__name__}.")
    return agent


def load_agents(name: str) -> dict[str, Agent[Any]]:
    """The agents of file.py, module, file.py:name or module:name, by name.

    An agent without a name of its own is called as its variable.

    Raises:
        ConfigError: There are none, two have one name, or it cannot be imported.
    """
    where, inside = place_of(name) or (name, None)
    values = {inside: load_agent(name)} if inside else vars(module_of(where))
    agents: dict[str, Agent[Any]] = {}
    for variable, value in values.items():
        if isinstance(value, Agent):
            called = value.name or variable
            if agents.setdefault(called, value) is not value:
                raise ConfigError(f"{name} has two agents that are called {called!r}.")
    if not agents:
        raise ConfigError(f"{name} has no agents.")
    return agents
