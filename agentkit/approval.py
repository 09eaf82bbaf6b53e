"""Which calls a person must approve before they run."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import Any, Literal, get_args

from agentkit.context import Context
from agentkit.errors import ConfigError, ToolError, closest
from agentkit.function_tool import Tool
from agentkit.messages import FunctionCall, ResultMessage
from agentkit.redact import redact
from agentkit.toolbox import Toolbox

_log = logging.getLogger("agentkit")

Approval = Literal["ask_for_destructive", "ask_after_untrusted", "always", "never"]
"""The policy for tools that do not decide themselves."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Stands before the tools.

    Args:
        toolbox: The tools.
        policy: Decides where a tool does not.

    Raises:
        ConfigError: There is no such policy.
    """

    toolbox: Toolbox
    policy: Approval

    def __post_init__(self) -> None:
        if self.policy not in get_args(Approval):
            raise ConfigError(
                f"approval is one of {', '.join(get_args(Approval))}, not {self.policy!r}."
                f"{closest(str(self.policy), get_args(Approval))}"
            )

    def judge(
        self, call: FunctionCall, context: Context[Any], untrusted: bool
    ) -> str | ResultMessage | None:
        """None for a call that may run, why it must wait, or the result of one that is refused.

        A call that cannot run anyway, such as one with wrong arguments, asks nobody: the model is
        told what is wrong with it.

        Args:
            call: The call.
            context: What its tool would be given.
            untrusted: Whether anybody's text is in the transcript.
        """
        tool = self.toolbox.get(call.name)
        if tool is None:
            return None
        reason = self._by_policy(tool, untrusted)
        if (tool.approve is None and reason is None) or tool.approve is False:
            return None
        bound = self.toolbox.bind(call, context)
        if bound is None:
            return None
        try:
            decision = (
                tool.approve(*bound[0], **bound[1]) if callable(tool.approve) else tool.approve
            )
        except ToolError as error:
            return ResultMessage(call.name, f"Error: {error}", call.id, is_error=True)
        except Exception:  # whoever cannot say that it may run has not said so
            _log.warning("approve of %s failed\n%s", tool.name, redact(traceback.format_exc()))
            decision = True
        if decision is not None:
            reason = f"{tool.name} asks before it does this" if decision else None
        return None if call.approved == call.digest else reason

    def _by_policy(self, tool: Tool[..., Any], untrusted: bool) -> str | None:
        match self.policy:
            case "always":
                return "every call is to be approved"
            case "ask_for_destructive" if tool.destructive:
                return f"{tool.name} may destroy something"
            case "ask_after_untrusted" if untrusted and not tool.read_only:
                return f"{tool.name} may change something, and text from outside has come in"
        return None
