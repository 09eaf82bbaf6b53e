"""`agentkit runs resume`: going on with a run as it was begun."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentkit import Agent, ConfigError, Run
from agentkit.catalog import names
from agentkit.cli.output import note
from agentkit.journal.store import Journal
from agentkit.journal.stored import StoredEvent
from agentkit.reading import READ
from agentkit.transcript import open_calls


@dataclass(frozen=True, slots=True)
class Before:
    """How a run was begun.

    Args:
        interface: The name of its interface.
        model: Its model.
        options: What was sent to the model.
        offered: The names of the functions that it was offered.
    """

    interface: str
    model: str
    options: Mapping[str, Any]
    offered: frozenset[str]

    @classmethod
    def of(cls, kept: Journal, run_id: str) -> Before:
        """How a run of a journal was begun."""
        listed, events = kept.listed(run_id), kept.events(run_id)
        return cls(
            listed.interface, listed.model, _options(events), frozenset(_names(events)) - {READ}
        )

    def interface_or(self, given: str | None) -> str:
        """The interface to go on with.

        Raises:
            ConfigError: None is given, and no name opens the one before.
        """
        if given is None and self.interface not in (*names(), "offline"):
            raise ConfigError(
                f"The run was begun with {self.interface!r}, which is no name of an interface: "
                "give --interface."
            )
        return given or self.interface

    def check_tools(self, agent: Agent[str], run: Run[str]) -> None:
        """See that a run that goes on has its tools, at least those of its open calls.

        Without them the model would be told that there are no such tools, and a decision that is
        to be made would be lost.

        Raises:
            ConfigError: The tool of an open call is missing.
        """
        missing = self.offered - agent.toolbox.keys()
        if needed := sorted(missing & {call.name for call in open_calls(run.messages)}):
            raise ConfigError(
                f"This run is about to call {', '.join(needed)}, which is none of the tools now: "
                "give it the same --tools as before."
            )
        if missing:
            note(f"it goes on without {', '.join(sorted(missing))}: --tools offers what it had.")


def _options(events: Sequence[StoredEvent]) -> dict[str, Any]:
    """Those of the first request."""
    first = next((each for each in events if each.kind == "request"), None)
    options: dict[str, Any] = json.loads(first.data["options"]) if first else {}
    return {name: value for name, value in options.items() if name != "stream"}


def _names(events: Sequence[StoredEvent]) -> list[str]:
    return [
        json.loads(text)["name"] for each in events for text in each.data.get("definitions", ())
    ]
