"""What an agent and its runs can be given, for type checkers and for what refuses the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from agentkit.approval import Approval
from agentkit.events import Run
from agentkit.limits import Limits
from agentkit.messages import Message
from agentkit.recorder import Store

if TYPE_CHECKING:
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
            usage count on, and `call_key`s stay the same. After one that has its answer they count
            anew: that is the next turn of a conversation.
        messages: A transcript to continue as a run of its own, such as a conversation so far.
        run_id: The id of the run, if not one by chance.
    """

    after: Run[Any]
    messages: Sequence[Message]
    run_id: str | None
