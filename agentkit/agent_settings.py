"""What an agent and its runs can be given, and what is made of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from agentkit.approval import Approval
from agentkit.errors import ConfigError, closest
from agentkit.limits import Limits
from agentkit.messages import Message
from agentkit.recorder import Store
from agentkit.run import Run
from agentkit.tracing import Trace

if TYPE_CHECKING:
    from agentkit.answer import Answer  # needs pydantic
    from agentkit.replay import Replay  # heavy, and rarely used


class AgentSettings(TypedDict, total=False):
    """Settings of an `Agent`, which describes them."""

    model: str | Sequence[str]
    instructions: str | None
    options: Mapping[str, Any] | None
    limits: Limits | None
    approval: Approval
    journal: Store | str | os.PathLike[str] | None
    replay: Replay | str | os.PathLike[str] | None
    trace: Trace | str | os.PathLike[str] | None
    name: str


class ResumeOptions(TypedDict, total=False):
    """What can be given to a run that is resumed.

    Args:
        deps: What tools find as `Context.deps`.
        options: Sent to the model in this run, over those of the agent.
    """

    deps: Any
    options: Mapping[str, Any] | None


class RunOptions(ResumeOptions, total=False):
    """What can be given to a run beside the prompt: also what `ResumeOptions` has.

    Args:
        after: A run to go on with: its calls without a result are run first, limits, steps and
            usage count on, and `call_key`s stay the same. After one that has its answer a run of
            its own begins: the next turn of a conversation.
        messages: A transcript to continue as a run of its own, such as a conversation so far.
        run_id: The id of the run, if not one by chance.
        conversation: The name of a conversation in the journal: the run goes on from its last turn,
            or from `after` or `messages` where one is given, and is its next.
    """

    after: Run[Any]
    messages: Sequence[Message]
    run_id: str | None
    conversation: str | None


def answer_of(output: Any) -> Answer[Any] | None:
    """What the final answer must be, if not text."""
    if output in (None, str):
        return None
    from agentkit.answer import Answer

    return Answer(output)


def journal_of(given: Store | str | os.PathLike[str] | None) -> Store | None:
    """The journal that is meant, or that AGENTKIT_JOURNAL names, if any: the one of the process for
    a path."""
    given = os.environ.get("AGENTKIT_JOURNAL") if given is None else given
    if not isinstance(given, str | os.PathLike):
        if given is not None and (isinstance(given, type) or not isinstance(given, Store)):
            raise ConfigError(f"journal= takes a path or a Journal, not {given!r}.")
        return given
    from agentkit.journal.store import journal_at

    return journal_at(os.path.abspath(os.path.expanduser(given))) if given else None


def replay_of(given: Replay | str | os.PathLike[str] | None) -> Replay | None:
    """The replay that is meant, if any."""
    if given is None:
        return None
    from agentkit.replay.replay import Replay, writer_at

    if not isinstance(given, str | os.PathLike):
        if not isinstance(given, Replay):
            raise ConfigError(f"replay= takes a path or a Replay, not {given!r}.")
        return given
    replay = Replay(given)
    writes = replay.mode in ("record", "missing")
    return writer_at(os.path.abspath(replay.path or ""), replay.mode) if writes else replay


def trace_of(given: Trace | str | os.PathLike[str] | None) -> Trace | None:
    """The trace that is meant, or that AGENTKIT_TRACE names, if any: the one of the process for a
    path."""
    given = os.environ.get("AGENTKIT_TRACE") if given is None else given
    if not isinstance(given, str | os.PathLike):
        if given is not None and (isinstance(given, type) or not isinstance(given, Trace)):
            raise ConfigError(f"trace= takes a path, 'otel' or a Trace, not {given!r}.")
        return given
    if given == "otel":
        from agentkit.telemetry.process import of_process

        known: Trace = of_process()
        return known
    from agentkit.telemetry.lines import lines_at

    return lines_at(os.path.abspath(os.path.expanduser(given))) if given else None


def check_names(given: RunOptions) -> None:
    """Refuse what no run has.

    Raises:
        TypeError: There is something.
    """
    if unknown := given.keys() - RunOptions.__annotations__.keys():
        raise TypeError(
            f"A run has no argument {min(unknown)!r}, only a prompt and "
            f"{', '.join(RunOptions.__annotations__)}. Model and limits are settings of the "
            "Agent; what is sent to the model, such as temperature, goes into options={...}."
        )


def check_values(prompt: Any, given: RunOptions) -> None:
    """Refuse a prompt, transcript, run or id that is none.

    Raises:
        ConfigError: There is one.
    """
    after, messages, run_id = given.get("after"), given.get("messages"), given.get("run_id")
    if not isinstance(prompt, str | None):
        raise ConfigError(f"A prompt is some text, not {type(prompt).__name__}.")
    if not isinstance(after, Run | None):
        raise ConfigError(
            f"after= takes a Run, not {type(after).__name__}; agent.stored(run_id) gives one of "
            "the journal."
        )
    is_list = isinstance(messages, Sequence) and not isinstance(messages, str | bytes)
    if messages is not None and not (is_list and all(isinstance(m, Message) for m in messages)):
        raise ConfigError("messages= takes messages; load_messages makes them of stored ones.")
    if not isinstance(run_id, str | None):
        raise ConfigError(f"run_id= is some text, not {run_id!r}.")


def check_options(options: Mapping[str, Any], tools: Collection[str]) -> None:
    """Refuse options that make no sense inside an agent.

    Args:
        options: The model's.
        tools: The names of the agent's.

    Raises:
        ConfigError: There is one.
    """
    if options.get("n") not in (None, 1):
        raise ConfigError("n must be 1 inside an agent: a run follows one answer.")
    if options.get("functions"):
        raise ConfigError(
            "functions is not an option of an agent: pass tools=[...], or "
            "Tool.declared(definition, function) for a definition of your own."
        )
    choice = options.get("function_call")
    name = choice.get("name") if isinstance(choice, Mapping) else choice
    if isinstance(choice, Mapping) and not name:
        raise ConfigError('function_call is a name, or {"name": ...}.')
    if name not in (None, "none", "auto", "required") and name not in tools:
        raise ConfigError(
            f"function_call names {name!r}, which is none of the tools.{closest(str(name), tools)}"
        )
