"""Conversations: turns that go on from one another, by name, in a journal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from agentkit.errors import ConfigError
from agentkit.messages import Message, UserMessage
from agentkit.recorder import Start, Store
from agentkit.run import Run
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
            f"Calls of the last run of {conversation!r} wait for a decision. `agentkit runs resume "
            f"{run.id}` asks for it; in a program agent.stored({run.id!r}) gives the run, and "
            "run.approve(call), run.deny(call, why) or run.answer(call, result) decides on each of "
            "run.pending, before agent.run(after=run)."
        )
    unsaid = [] if run.unsaid is None else [UserMessage(run.unsaid)]
    return number + 1, (*closed(run.messages), *unsaid)


def keep_turn(journal: Store, conversation: str, messages: Sequence[Message], why: str) -> None:
    """Make a transcript the last turn of a conversation, without asking a model.

    Args:
        journal: Where it is kept.
        conversation: Its name.
        messages: The transcript.
        why: What the user did, in place of a prompt.

    Raises:
        JournalError: The journal cannot be used.
    """
    run: Run[None] = Run(id=os.urandom(16).hex(), output=None, messages=tuple(messages), done=True)
    start = Start(prompt=why, conversation=conversation)
    journal.begin(run, start).end(run)


def kept_in(journal: Store | None) -> Store:
    """The journal.

    Raises:
        ConfigError: There is none.
    """
    if journal is None:
        raise ConfigError(
            "A conversation is kept in a journal: Agent(journal=...), --journal FILE, or "
            "AGENTKIT_JOURNAL."
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
