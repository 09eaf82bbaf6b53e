"""From the options of the command line to a run."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from agentkit import Agent, ConfigError, Event, LimitError, Limits, Message, Request, Run, RunEnded
from agentkit.agent_settings import RunOptions
from agentkit.cli.asking import Asker
from agentkit.cli.loading import load_tools
from agentkit.cli.output import apart
from agentkit.cli.screen import Screen
from agentkit.journal import Journal


def build_agent(
    tools: Sequence[str] | None,
    mcp: Sequence[str] | None,
    interface: str | None,
    model: str,
    *,
    options: dict[str, Any],
    system: str | None = None,
    max_steps: int | None,
    approval: str,
    journal: str | None = None,
    trace: str | None = None,
) -> Agent[str]:
    """The agent that the options describe, checked before anything is asked."""
    agent = Agent(
        load_tools(tools, mcp),
        interface,
        model=model,
        instructions=system,
        options=options,
        limits=Limits() if max_steps is None else Limits(steps=max_steps),
        approval=cast(Any, approval),  # the agent checks it
        journal=journal,
        trace=trace,
    )
    agent.interface.check(Request(messages=(), model=model, options=options))
    return agent


def read_options(given: Sequence[str], stream: bool | None, as_json: bool) -> dict[str, Any]:
    """The model's options from `name=value` texts; a value is JSON where it can be read as such."""
    options: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise ConfigError(f"--option {text!r} is not of the form name=value.")
        options[name.strip()] = _value(value)
    if stream is None:
        stream = options.get("stream", sys.stdout.isatty() and not as_json)
    options.pop("stream", None)
    return {**options, "stream": stream} if stream else options


def follow(
    agent: Agent[str],
    screen: Screen,
    prompt: str,
    messages: Sequence[Message] | None = None,
    *,
    asker: Asker | None = None,
    conversation: str | None = None,
) -> Run[str]:
    """Run the agent, show it, and ask for approval where a call needs it.

    Whatever ends the run carries it as `error.run`.
    """
    given: RunOptions = {"conversation": conversation}
    if messages is not None:
        given["messages"] = messages
    with _hinted(agent):
        run = _followed(agent.iter(prompt, **given), screen)
        return _decided(agent, screen, run, asker or Asker())


def go_on(agent: Agent[str], screen: Screen, run: Run[str], asker: Asker) -> Run[str]:
    """`follow` for a run that was cut short."""
    with _hinted(agent):
        return _decided(agent, screen, _followed(agent.iter(after=run), screen), asker)


@contextmanager
def _hinted(agent: Agent[str]) -> Iterator[None]:
    """Give an error that ends a run of a journal a `hint`: how to go on with it."""
    try:
        yield
    except BaseException as error:
        run: Run[str] | None = getattr(error, "run", None)
        if run is not None and run.revision and isinstance(agent.journal, Journal):
            path = os.fspath(agent.journal.path)
            known = os.path.abspath(os.environ.get("AGENTKIT_JOURNAL", "")) == path
            more = " and a higher --max-steps" if isinstance(error, LimitError) else ""
            cast(Any, error).hint = (
                f"`agentkit runs resume {run.id}{'' if known else f' --journal {path}'}` goes on "
                f"with it, with the same --tools{more}."
            )
        raise


def _decided(agent: Agent[str], screen: Screen, run: Run[str], asker: Asker) -> Run[str]:
    while run.pending:
        try:
            decided = asker.decide(run)
        except BaseException as error:
            cast(Any, error).run = run
            screen.failed(run, error)
            raise
        run = _followed(agent.iter(after=decided), screen)
    return run


def _followed(events: Iterator[Event], screen: Screen) -> Run[str]:
    try:
        with apart():
            for event in events:
                if not isinstance(event, RunEnded):
                    screen.show(event)
                    continue
                if not event.run.pending:
                    screen.show(event)
                return event.run
    except BaseException as error:
        screen.close()
        _hand_over(events, error)
        if (so_far := getattr(error, "run", None)) is not None:
            screen.failed(so_far, error)
        raise
    finally:
        screen.close()
    raise AssertionError("a run ends with RunEnded")


def _hand_over(events: Any, error: BaseException) -> None:
    """Let the run know of an error that came while an event was shown, such as Ctrl-C."""
    if getattr(error, "run", None) is None and isinstance(events, Generator):
        try:
            events.throw(error)
        except type(error):
            pass  # the same error, now with the run


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
