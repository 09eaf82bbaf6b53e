"""Conversations: turns that go on from one another, by name, in a journal."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.agent_settings import RunOptions
from agentkit.errors import ConfigError
from agentkit.messages import Message, UserMessage
from agentkit.recorder import Store
from agentkit.transcript import closed


def turn_of(journal: Store | None, given: RunOptions) -> tuple[int | None, RunOptions]:
    """Which turn a run is, where it must be a certain one; what it is given, with the transcript.

    Raises:
        ConfigError: There is no journal or no name, or calls of the last turn wait.
        JournalError: The last turn has not ended, or the journal cannot be used.
    """
    conversation = given["conversation"]
    if not conversation or not isinstance(conversation, str) or not _is_whole(conversation):
        raise ConfigError(f"The name of a conversation is some text, not {conversation!r}.")
    if given.get("after") is not None or given.get("messages") is not None:
        _kept_in(journal)
        return None, given
    turn, messages = next_turn(journal, conversation)
    return turn, {**given, "messages": messages}


def next_turn(journal: Store | None, conversation: str) -> tuple[int, Sequence[Message]]:
    """The number of a conversation's next turn, and the transcript that it goes on from.

    Of a turn that was cut short counts what was done; calls without a result get one that says so.

    Raises:
        ConfigError: There is no journal, or calls of the last turn wait for a decision.
        JournalError: The last turn has not ended, or the journal cannot be used.
    """
    number, run = _kept_in(journal).last_turn(conversation)
    if run is None:
        return 1, ()
    if run.pending:
        raise ConfigError(
            f"Calls of the last run of {conversation!r} wait for approval. Decide on them first: "
            f"run = agent.stored({run.id!r}), run.approve(call) or run.deny(call, why) for each of "
            "run.pending, then agent.run(after=run)."
        )
    unsaid = [] if run.unsaid is None else [UserMessage(run.unsaid)]
    return number + 1, (*closed(run.messages), *unsaid)


def _kept_in(journal: Store | None) -> Store:
    if journal is None:
        raise ConfigError(
            "A conversation is kept in a journal: Agent(journal=...), or AGENTKIT_JOURNAL."
        )
    return journal


def _is_whole(text: str) -> bool:
    """Whether no half of a surrogate pair is in it."""
    return text == text.encode("utf-8", "replace").decode()
