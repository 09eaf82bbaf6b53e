"""Conversations: turns that go on from one another, by name, in a journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentkit.errors import ConfigError
from agentkit.messages import Message, UserMessage
from agentkit.recorder import Store
from agentkit.transcript import closed


def next_turn(journal: Store | None, conversation: str) -> tuple[int, Sequence[Message]]:
    """The number of a conversation's next turn, and the transcript that it goes on from.

    Of a turn that was cut short counts what was done; calls without a result get one that says so.

    Raises:
        ConfigError: There is no journal, or calls of the last turn wait for a decision.
        JournalError: The last turn has not ended, or the journal cannot be used.
    """
    number, run = kept_in(journal).last_turn(conversation)
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


def kept_in(journal: Store | None) -> Store:
    """The journal.

    Raises:
        ConfigError: There is none.
    """
    if journal is None:
        raise ConfigError(
            "A conversation is kept in a journal: Agent(journal=...), or AGENTKIT_JOURNAL."
        )
    return journal


def check_name(conversation: Any) -> None:
    """Refuse what is no name of a conversation.

    Raises:
        ConfigError: It is not some text, or has half of a surrogate pair in it.
    """
    is_text = bool(conversation) and isinstance(conversation, str)
    if not is_text or conversation != conversation.encode("utf-8", "replace").decode():
        raise ConfigError(f"The name of a conversation is some text, not {conversation!r}.")
