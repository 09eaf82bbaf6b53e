"""Runs, agents and tools as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.agent import Agent
from agentkit.function_tool import Tool
from agentkit.interface import place_of
from agentkit.journal import StoredRun
from agentkit.redact import environment_secrets, hide_in
from agentkit.run import Run
from agentkit.saving import save_messages
from agentkit.serve.live import LiveRun
from agentkit.serve.telling import summed, told_call, waiting_in

_KEPT = ("id", "key", "role", "name", "state", "agent", "model")


def summary(stored: StoredRun, live: LiveRun | None) -> dict[str, Any]:
    """A run in a list.

    Args:
        stored: As the journal has it.
        live: Where it is being carried out.
    """
    tokens = {"prompt_tokens": stored.prompt_tokens, "completion_tokens": stored.completion_tokens}
    known = [each for each in tokens.values() if each is not None]
    usage = {**tokens, "total_tokens": sum(known)} if known else None
    shown = {
        "id": stored.id,
        "agent": stored.agent,
        "state": stored.state,
        "prompt": stored.prompt,
        "output": stored.output,
        "error": stored.error,
        "begun": stored.begun,
        "ended": stored.ended,
        "model": stored.model,
        "interface": stored.interface,
        "steps": stored.steps,
        "usage": usage,
        "cost": stored.cost,
        "conversation": stored.conversation,
        "turn": stored.turn,
    }
    if live is not None:
        told = live.teller
        shown |= {"steps": told.steps, "usage": summed(told.usage), "cost": told.cost}
    return shown


def details(run: Run[Any]) -> dict[str, Any]:
    """What a run has beside what a list shows."""
    secrets = environment_secrets()
    messages: dict[str, Any] = hide_in(
        {
            "messages": save_messages(run.messages),
            "pending": [
                {"key": each.key, **told_call(each.call), "why": each.call.waits}
                for each in waiting_in(run)
            ],
        },
        secrets,
        _KEPT,
    )
    return messages


def agent_view(name: str, agent: Agent[Any]) -> dict[str, Any]:
    """An agent in a list."""
    return {
        "name": name,
        "model": agent.model,
        "interface": place_of(agent.interface),
        "instructions": agent.instructions,
        "tools": list(agent.toolbox),
    }


def tool_view(tool: Tool[..., Any], agent: str) -> dict[str, Any]:
    """A tool in a list."""
    parameters: Mapping[str, Any] = tool.definition.parameters
    return {
        "name": tool.name,
        "description": tool.definition.description,
        "parameters": parameters,
        "read_only": tool.read_only,
        "destructive": tool.destructive,
        "idempotent": tool.idempotent,
        "open_world": tool.open_world,
        "agent": agent,
    }
