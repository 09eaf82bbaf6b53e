"""What a run begins with, from what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.agent_settings import RunOptions, check_names, check_values
from agentkit.conversation import check_name, kept_in, next_turn
from agentkit.errors import ConfigError
from agentkit.messages import Message, SystemMessage
from agentkit.recorder import Start, Store
from agentkit.run import Run


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run begins with.

    Args:
        messages: The transcript.
        prompt: What is said next, if anything.
        run_id: The run's id, if it is not one by chance.
        earlier: The run of which it is a further part.
        turn: Which turn of its conversation it must be.
    """

    messages: Sequence[Message]
    prompt: str | None
    run_id: str
    earlier: Run[Any] | None
    turn: int | None

    @property
    def goes_on(self) -> bool:
        """Whether a run of this id may be there already."""
        return self.earlier is not None and bool(self.run_id)

    def start(
        self, prompt: str | None, interface: str, model: str, conversation: str | None
    ) -> Start:
        """What a store is told of it; see `Start`."""
        return Start(
            prompt=prompt,
            interface=interface,
            model=model,
            goes_on=self.goes_on,
            conversation=conversation,
            turn=self.turn,
            revision=self.earlier.revision if self.earlier else "",
        )

    @classmethod
    def of(
        cls, prompt: str | None, given: RunOptions, instructions: str | None, journal: Store | None
    ) -> Beginning:
        """What is meant.

        Args:
            prompt: What the user says.
            given: What else the run was given.
            instructions: The agent's. They take the place of those that a conversation began with,
                but not of those in `after` or `messages`.
            journal: Where conversations are kept.

        Raises:
            TypeError: A run has no such argument.
            ConfigError: The arguments do not go together, or calls of the last turn wait.
            JournalError: The last turn has not ended, or the journal cannot be used.
        """
        check_names(given)
        check_values(prompt, given)
        after, messages, turn = given.get("after"), given.get("messages"), None
        if after is not None and (messages is not None or given.get("run_id")):
            raise ConfigError("after= brings messages and run_id along: give it alone.")
        if (conversation := given.get("conversation")) is not None:
            check_name(conversation)
            kept_in(journal)
            if after is None and messages is None:
                turn, messages = next_turn(journal, conversation)
        begin = list(after.messages if after is not None else messages or ())
        told = bool(begin) and isinstance(begin[0], SystemMessage)
        if instructions and (turn is not None or not told):
            begin[: int(told)] = [SystemMessage(instructions)]
        if after is None:
            return cls(begin, prompt, given.get("run_id") or "", None, turn)
        if after.unsaid is not None:
            prompt = after.unsaid if prompt is None else f"{after.unsaid}\n\n{prompt}"
        if after.done:  # the next turn is a run of its own
            return cls(begin, prompt, "", None, None)
        return cls(begin, prompt, after.id, after, None)
