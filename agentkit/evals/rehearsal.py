"""Tools of which only those run that may; the others have their results from the case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agentkit.approval import Gate
from agentkit.context import Context
from agentkit.messages import FunctionCall, Message, ResultMessage
from agentkit.toolbox import Toolbox

RunTools = Literal["none", "read_only", "all"]
"""Which tools run: none, those that change nothing, or all but those that a person must approve."""

NOT_RUN = (
    "Taken. In this evaluation the call is not carried out; go on as if it had been, and do not "
    "repeat it."
)
"""What a model is told of a call that is not run."""


class Rehearsal(Toolbox):
    """Tools of which only those run that may.

    Args:
        inner: The tools.
        results: What tools give without running, by name.
        runs: Which of the others run.
    """

    def __init__(self, inner: Toolbox, results: Mapping[str, Any], runs: RunTools) -> None:
        super().__init__(inner)
        self._results, self._which = results, runs

    def runs(self, name: str) -> bool:
        """Whether a call of a tool runs it."""
        if name in self._results or self._which == "none":
            return False
        return self._which == "all" or (name in self and self[name].read_only)

    async def acall(self, call: FunctionCall, context: Context[Any] | None = None) -> ResultMessage:
        """The result of a call: its own, or one that stands for it. Wrong arguments are told."""
        if call.name not in self or self.runs(call.name):
            return await super().acall(call, context)
        return self.stand_in(call, context, self._results.get(call.name, NOT_RUN))

    def stand_in(
        self, call: FunctionCall, context: Context[Any] | None, value: Any = NOT_RUN
    ) -> ResultMessage:
        """The result of a call that is not run."""
        job = self.prepare(call, context)
        if isinstance(job, ResultMessage):
            return job
        return replace(job, tool=replace(job.tool, cache=None)).result(value)


@dataclass(frozen=True, slots=True)
class RehearsalGate(Gate):
    """Has nobody asked: what a person would have to approve is not run."""

    def judge(
        self, call: FunctionCall, context: Callable[[], Context[Any]], messages: Sequence[Message]
    ) -> str | ResultMessage | None:
        """As `Gate.judge`."""
        toolbox = self.toolbox
        assert isinstance(toolbox, Rehearsal)
        if not toolbox.runs(call.name):
            return None
        found = Gate.judge(self, call, context, messages)
        return toolbox.stand_in(call, context()) if isinstance(found, str) else found
