"""`agentkit runs replay`: a run of a journal, once more, answered from what is recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import typer

from agentkit import Agent, ConfigError, LimitError, Limits, Run, Tool, Toolbox, ToolError
from agentkit.answer import ANSWER
from agentkit.cli.asking import Asker
from agentkit.cli.errors import FAILED
from agentkit.cli.loading import load_tools
from agentkit.cli.output import note, write, write_json
from agentkit.errors import ReplayError
from agentkit.journal.store import Journal
from agentkit.messages import FunctionDefinition
from agentkit.reading import READ
from agentkit.replay import Replay
from agentkit.replay.canonical import told
from agentkit.replay.lines import difference, message_lines
from agentkit.replay.stored import Recorded


def run_again(
    kept: Journal, run_id: str, tools: Sequence[str] | None, approval: str, *, as_json: bool
) -> None:
    """Run it again, and tell whether it came out the same.

    Args:
        kept: The journal.
        run_id: The run.
        tools: What to call; the recorded results are taken where it is None.
        approval: Which calls of these tools to ask about.
        as_json: Whether to print the run as JSON.
    """
    before = kept.run(run_id)
    recorded = Recorded.of(kept.events(run_id))
    agent = _agent(recorded, run_id, tools, approval)
    try:
        run = _all_parts(agent, recorded, run_id)
    except ReplayError as error:
        head, _, more = str(error).partition("\n")
        note(head)
        write(f"{more}\n")
        raise typer.Exit(FAILED) from None
    if as_json:
        write_json(run.to_dict())
        return
    if changed := difference(_lines(before), _lines(run), most=None):
        note("it came out in another way ('-' as recorded, '+' now):")
        write(f"{changed}\n")
        raise typer.Exit(FAILED)
    write(f"{run}\n")
    note("the same as recorded.")


def _agent(
    recorded: Recorded, run_id: str, tools: Sequence[str] | None, approval: str
) -> Agent[str]:
    """The agent that the recording answers."""
    if recorded.first is None or not recorded.responses:
        raise ConfigError(f"The run {run_id!r} has no response to be replayed.")
    if any(each.name == ANSWER for each in recorded.definitions):
        raise ConfigError(
            f"The run {run_id!r} has a typed answer, whose type only its program has. Replay it "
            "there: agentkit runs export --format recording, then Agent(output=..., replay=...)."
        )
    return Agent(
        _stand_ins(recorded.definitions) if tools is None else load_tools(tools),
        model=recorded.first.model,
        options=recorded.first.options,
        limits=Limits(steps=recorded.responses, repeats=None),
        approval="never" if tools is None else cast(Any, approval),  # the agent checks it
        replay=Replay(None, "replay", results=tools is None, tape=recorded.tape),
        journal="",
    )


def _all_parts(agent: Agent[str], recorded: Recorded, run_id: str) -> Run[str]:
    """The run, and what it went on with after it had ended."""
    asker, run = Asker(), None
    for messages, unsaid in recorded.begins:
        if run is not None and not run.done:
            break  # it did not wait where it had waited, or reached the end
        try:
            if run is None:
                run = agent.run(unsaid, messages=messages, run_id=run_id)
            else:
                run = agent.run(after=replace(run, messages=messages, unsaid=unsaid))
            while run.pending:
                run = agent.run(after=asker.decide(run))
        except LimitError as error:  # where the recorded run ended, too
            run = error.run
    assert run is not None  # every run has begun
    return run


def _stand_ins(definitions: Sequence[FunctionDefinition]) -> Toolbox:
    """Tools with the recorded definitions, which are never called."""

    def never(**arguments: Any) -> str:
        raise ToolError(f"There is no recorded result for {json.dumps(arguments)}.")

    return Toolbox(
        Tool.declared(each.to_dict(), never, strict=each.strict)
        for each in definitions
        if each.name not in (READ, ANSWER)
    )


def _lines(run: Run[Any]) -> list[str]:
    return [line for each in run.messages for line in message_lines(told(each))]
