"""`agentkit runs resume`: going on with a run as it was begun."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentkit import Agent, ConfigError, Run
from agentkit.catalog import names
from agentkit.cli.asking import Asker
from agentkit.cli.kept import RunId, opened
from agentkit.cli.options import (
    Approve,
    JournalPath,
    Json,
    MaxSteps,
    Mcp,
    Options,
    SameInterface,
    SameModel,
    Stream,
    Tools,
    TracePath,
    WhatIsUnfinished,
)
from agentkit.cli.output import note, write, write_json
from agentkit.cli.running import build_agent, go_on, read_options
from agentkit.cli.screen import screen_for
from agentkit.interface import place_of
from agentkit.journal.store import Journal
from agentkit.journal.stored import StoredEvent, options_of
from agentkit.messages import ANSWER
from agentkit.reading import READ
from agentkit.transcript import open_calls


@dataclass(frozen=True, slots=True)
class Before:
    """How a run was begun, and is to go on.

    Args:
        place: Its interface, as `place_of` told it.
        given: The name of another one, if any: model and options of the first are not for it.
        model: Its model.
        options: What was sent to the model.
        offered: The names of the functions that it was offered.
    """

    place: str
    given: str | None
    model: str
    options: dict[str, Any]
    offered: frozenset[str]

    @classmethod
    def of(cls, kept: Journal, run_id: str, given: str | None) -> Before:
        """How a run of a journal was begun.

        Args:
            kept: The journal.
            run_id: The run.
            given: The name of the interface to go on with, if it is given.
        """
        listed, events = kept.listed(run_id), kept.events(run_id)
        same = given in (None, listed.interface)
        return cls(
            listed.interface,
            given,
            listed.model if same else "agent",
            options_of(events) if same else {},
            frozenset(_names(events)) - {READ, ANSWER},
        )

    @property
    def interface(self) -> str | None:
        """The name of the interface to open; None for the usual one."""
        return self.given or (self.place if self.place in (*names(), "offline") else None)

    def check(self, agent: Agent[str], run: Run[str]) -> None:
        """See that the transcript goes nowhere else unasked, and that the run has its tools.

        Without those of its open calls the model would be told that there are no such tools, and a
        decision that is to be made would be lost.

        Raises:
            ConfigError: Another interface would be asked, or the tool of an open call is missing.
        """
        now = place_of(agent.interface)
        if self.given is None and now != self.place:
            raise ConfigError(
                f"The run was begun with {self.place}, and now {now} would be asked: give "
                "--interface."
            )
        missing = self.offered - agent.toolbox.keys()
        if needed := sorted(missing & {call.name for call in open_calls(run.messages)}):
            raise ConfigError(
                f"This run is about to call {', '.join(needed)}, which is none of the tools now: "
                "give it the same --tools as before."
            )
        if missing:
            note(f"it goes on without {', '.join(sorted(missing))}: --tools offers what it had.")


def resume(
    run_id: RunId,
    *,
    tools: Tools = None,
    mcp: Mcp = None,
    interface: SameInterface = None,
    model: SameModel = None,
    option: Options = None,
    stream: Stream = None,
    json: Json = False,
    max_steps: MaxSteps = None,
    approval: Approve = "ask_for_destructive",
    unfinished: WhatIsUnfinished = "ask",
    journal: JournalPath = None,
    trace: TracePath = None,
) -> None:
    """Go on with a run that was cut short; give it the same tools.

    Nothing that has a result is done again. Of a call of which nobody knows whether it ran you are
    asked (repeat it, give its result, or skip it), unless its tool may be called twice. Interface,
    model and options are those that it was begun with, where no others are given.
    """
    kept = opened(journal)
    run_id = kept.find(run_id)
    before, options = Before.of(kept, run_id, interface), read_options(option or [], stream, json)
    more: dict[str, Any] = {"max_steps": max_steps, "approval": approval, "trace": trace}
    more |= {"options": {**before.options, **options}, "journal": os.fspath(kept.path)}
    agent = build_agent(tools, mcp, before.interface, model or before.model, **more)
    run = agent.stored(run_id)
    if run.done:
        note("that run has its answer:")
        write_json(run.to_dict()) if json else write(f"{run.output}\n")
        return
    before.check(agent, run)
    go_on(agent, screen_for(json=json, stream="stream" in options), run, Asker(unfinished))


def _names(events: Sequence[StoredEvent]) -> list[str]:
    return [
        json.loads(text)["name"] for each in events for text in each.data.get("definitions", ())
    ]
