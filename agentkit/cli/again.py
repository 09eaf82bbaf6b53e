"""`agentkit runs replay`: a run of a journal, once more, answered from what is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, cast

import typer

from agentkit import Agent, ConfigError, LimitError, Limits, Run, Tool, Toolbox, ToolError
from agentkit.cli.asking import Asker
from agentkit.cli.errors import FAILED
from agentkit.cli.kept import RunId, opened
from agentkit.cli.loading import load_tools
from agentkit.cli.options import Approve, JournalPath, Json
from agentkit.cli.output import note, write, write_json
from agentkit.errors import ReplayError
from agentkit.journal.store import Journal
from agentkit.messages import ANSWER
from agentkit.reading import READ
from agentkit.replay import Replay
from agentkit.replay.canonical import told
from agentkit.replay.lines import difference, message_lines
from agentkit.replay.stored import Recorded
from agentkit.transcript import open_calls, replies_in

Decide = Callable[[Run[str]], Run[str]]


def replay(
    run_id: RunId,
    *,
    tools: Annotated[
        list[str] | None,
        typer.Option(
            "--tools",
            "-t",
            metavar="SOURCE",
            show_default=False,
            help="Tools to call now, as for `agentkit run`. Default: none; the recorded results "
            "are taken.",
        ),
    ] = None,
    approval: Approve = "ask_for_destructive",
    journal: JournalPath = None,
    json: Json = False,
) -> None:
    """Run it again from what is recorded.

    No model is asked. With --tools the calls are run now, also those that a person approved then;
    where a result or a definition is another than it was, the request that follows is not recorded,
    and the difference is shown.
    """
    kept = opened(journal)
    _run_again(kept, kept.find(run_id), tools, approval, as_json=json)


def _run_again(
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
    recorded = Recorded.of(kept.events(run_id), alike=tools is None)
    agent = _agent(recorded, run_id, tools, approval)
    try:
        run = _all_parts(agent, recorded, run_id, _approved if tools is None else Asker().decide)
    except ReplayError as error:
        if not _ends_there(before, error.run):
            head, _, more = str(error).partition("\n")
            note(head)
            write(f"{more}\n" if more else "")
            raise typer.Exit(FAILED) from None
        run = before
    if as_json:
        write_json(run.to_dict())
        return
    if changed := difference(_lines(before), _lines(run), most=None):
        note("it came out in another way ('-' as recorded, '+' now):")
        write(f"{changed}\n")
        raise typer.Exit(FAILED)
    write(f"{run}\n")
    note("the same as recorded.")


def _ends_there(before: Run[Any], run: Run[Any] | None) -> bool:
    """Whether a run that got no result came as far as the recorded one, which got none either."""
    if run is None or not open_calls(before.messages):
        return False
    shorter = replace(run, messages=run.messages[: len(before.messages)])
    return _lines(before) == _lines(shorter)


def _agent(
    recorded: Recorded, run_id: str, tools: Sequence[str] | None, approval: str
) -> Agent[str]:
    """The agent that the recording answers."""
    if recorded.first is None or not recorded.responses:
        raise ConfigError(f"The run {run_id!r} has no response to be replayed.")
    if ANSWER in recorded.definitions:
        raise ConfigError(
            f"The run {run_id!r} has a typed answer, whose type only its program has. Replay it "
            "there: agentkit runs export --format recording, then Agent(output=..., replay=...)."
        )
    return Agent(
        _stand_ins(recorded) if tools is None else load_tools(tools),
        model=recorded.first.model,
        options={} if tools is None else recorded.first.options,
        limits=Limits(steps=recorded.responses, repeats=None),
        approval="never" if tools is None else cast(Any, approval),  # the agent checks it
        replay=Replay(
            None, "replay", results=tools is None, tape=recorded.tape, waited=recorded.waited
        ),
        journal="",
        trace="",
    )


def _all_parts(agent: Agent[str], recorded: Recorded, run_id: str, decide: Decide) -> Run[str]:
    """The run, with what it went on with after it had ended or waited.

    Args:
        agent: Runs it.
        recorded: What is known of it.
        run_id: Its id.
        decide: Decides on calls that did not wait when it was recorded.
    """
    (messages, unsaid), *later = recorded.begins
    try:
        run = agent.run(unsaid, messages=messages, run_id=run_id)
        for messages, unsaid in later:
            while run.pending and replies_in(run.messages) < replies_in(messages):
                run = agent.run(after=decide(run))
            if not (run.pending or run.done):
                break
            run = agent.run(after=replace(run, messages=messages, unsaid=unsaid))
        while run.pending and not recorded.ends_waiting:
            run = agent.run(after=decide(run))
    except LimitError as error:  # where the recorded run ended, too
        return cast(Run[str], error.run)
    return run


def _approved(run: Run[str]) -> Run[str]:
    for each in run.pending:
        run = run.approve(each)
    return run


def _stand_ins(recorded: Recorded) -> Toolbox:
    """Tools with the recorded definitions, which are never called."""
    return Toolbox(
        Tool.declared(each.to_dict(), _never, strict=each.strict)
        for name, each in recorded.definitions.items()
        if name != READ
    )


def _never(**arguments: Any) -> str:
    raise ToolError(f"There is no recorded result for {json.dumps(arguments)}.")


def _lines(run: Run[Any]) -> list[str]:
    return [line for each in run.messages for line in message_lines(told(each))]
