"""Which calls a person must approve before they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from agentkit.context import Context
from agentkit.errors import ConfigError, ToolError, closest
from agentkit.function_tool import Tool
from agentkit.messages import FunctionCall, Message, ResultMessage
from agentkit.toolbox import Toolbox

Approval = Literal["ask_for_destructive", "ask_after_untrusted", "always", "never"]
"""The policy for tools that do not decide themselves."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Stands before the tools.

    Args:
        toolbox: The tools.
        policy: Decides where a tool does not.
        waited: Whether a call waited in a run that is replayed: then it waits again.

    Raises:
        ConfigError: There is no such policy.
    """

    toolbox: Toolbox
    policy: Approval
    waited: Callable[[FunctionCall], bool] | None = None

    def __post_init__(self) -> None:
        if self.policy not in get_args(Approval):
            raise ConfigError(
                f"approval is one of {', '.join(get_args(Approval))}, not {self.policy!r}."
                f"{closest(str(self.policy), get_args(Approval))}"
            )

    def judge(
        self, call: FunctionCall, context: Callable[[], Context[Any]], messages: Sequence[Message]
    ) -> str | ResultMessage | None:
        """None for a call that may run, why it must wait, or the result of one that is refused.

        A call that cannot run anyway, such as one with wrong arguments, asks nobody: the model is
        told what is wrong with it.

        Args:
            call: The call.
            context: Makes what its tool would be given.
            messages: The transcript so far.
        """
        if call.waits:
            return call.waits  # until somebody decides; another policy or toolbox is no decision
        tool = self.toolbox.get(call.name)
        if tool is None:
            return None
        if self.waited and self.waited(call) and call.approved != call.digest:
            return "it waited when the run was recorded"
        reason = self._by_policy(tool, messages)
        if (tool.approve is None and reason is None) or tool.approve is False:
            return None
        job = self.toolbox.prepare(call, context())
        if isinstance(job, ResultMessage):
            return job  # what does not fit now may fit later, and nobody would have been asked
        try:
            args, kwargs = job.bound
            decision = tool.approve(*args, **kwargs) if callable(tool.approve) else tool.approve
        except ToolError as error:
            return job.failure(error)
        except Exception:  # whoever cannot say that it may run has not said so
            job.warn("approve of")
            decision = True
        if isinstance(decision, str):
            reason = decision
        elif decision is not None:
            reason = None if decision is False else f"{tool.name} asks before it does this"
        return None if call.approved == call.digest else reason

    def _by_policy(self, tool: Tool[..., Any], messages: Sequence[Message]) -> str | None:
        match self.policy:
            case "always":
                return "every call is to be approved"
            case "ask_for_destructive" if tool.destructive:
                return f"{tool.name} may destroy something"
            case "ask_after_untrusted" if not tool.read_only and has_untrusted(
                messages, self.toolbox
            ):
                return f"{tool.name} may change something, and text from outside has come in"
        return None


def has_untrusted(messages: Sequence[Message], toolbox: Toolbox) -> bool:
    """Whether anybody's text came in, also in a transcript that was stored without the mark."""
    outside = {each.name for each in toolbox.values() if each.open_world}
    return any(
        getattr(each, "untrusted", False) or getattr(each, "name", None) in outside
        for each in messages
    )
