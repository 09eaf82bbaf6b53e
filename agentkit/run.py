"""What a run is: its transcript, its steps, and what they came to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Generic, TypeVar

from agentkit.errors import ConfigError
from agentkit.messages import (
    AssistantMessage,
    FunctionCall,
    Message,
    Response,
    ResultMessage,
    Usage,
)
from agentkit.redact import plain
from agentkit.saving import checked, load_messages, plain_value, save_messages
from agentkit.transcript import answer, approve, deny, pending

T = TypeVar("T")
_CENTS = 0.0001  # US dollars that are still worth a figure
_WIDTH = 100  # characters of a call or result in a printed run


@dataclass(frozen=True, slots=True)
class Step:
    """One response and the results of its calls, in call order."""

    response: Response
    results: tuple[ResultMessage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Generic[T]):
    """What a run came to. Printed, it shows its calls, its answer and its usage.

    Args:
        id: Names the run, and is a part of each `call_key`.
        output: The answer; None where an error ended the run, or calls wait for approval.
        done: Whether it has its answer, which may be None.
        messages: The transcript. It can be sent again: every call has its result, but for those
            that wait for approval, or have it and did not run before the run was cut short.
        steps: What happened in this run, without what `messages=` brought along.
        usage: The tokens of all its responses together, as far as the server named them.
        repairs: Everything that was mended to make sense of the model, or done to get its answer.
        cost: US dollars for all its responses; None where the price of one is not known.
        waited: Seconds that its requests waited for the server's limits, or to be sent again.
        unsaid: A prompt that is not in the transcript yet, because calls before it have no result.
        summarized: How many replies of the model a summary took the place of; `call_key`s count
            them, so that each call keeps its own.
        revision: The last event that its journal has of it, by number and time: it is not gone on
            with from here once somebody else did. "" if that is not known.
    """

    id: str
    output: T
    messages: tuple[Message, ...]
    steps: tuple[Step, ...] = ()
    usage: Usage = field(default_factory=Usage)
    repairs: tuple[str, ...] = ()
    cost: float | None = None
    waited: float = 0.0
    unsaid: str | None = None
    done: bool = False
    summarized: int = 0
    revision: str = field(default="", compare=False, repr=False)

    @classmethod
    def of_steps(
        cls, run_id: str, output: T, messages: tuple[Message, ...], steps: tuple[Step, ...]
    ) -> Run[T]:
        """A run with what its steps came to together."""
        return cls(
            id=run_id,
            output=output,
            messages=messages,
            steps=steps,
            usage=usage_of_steps(steps),
            repairs=tuple(repair for step in steps for repair in step.response.repairs),
            cost=cost_of_steps(steps),
            waited=sum(step.response.waited for step in steps),
        )

    def after(self, earlier: Run[Any]) -> Run[T]:
        """The run with what an earlier part of it did and cost."""
        costs = [run.cost for run in (earlier, self) if run.usage.is_known or run.steps]
        return replace(
            self,
            steps=earlier.steps + self.steps,
            usage=earlier.usage + self.usage,
            repairs=earlier.repairs + self.repairs,
            cost=_sum(costs),
            waited=earlier.waited + self.waited,
        )

    @property
    def pending(self) -> tuple[FunctionCall, ...]:
        """The calls that wait for a person's approval, each with the reason in `waits`."""
        return pending(self.messages)

    def approve(
        self, call: FunctionCall | str, arguments: Mapping[str, Any] | None = None
    ) -> Run[T]:
        """The run in which a pending call may run; go on with `agent.run(after=run)`.

        The approval holds for the tool's name and these exact arguments: with any other the call
        waits again.

        Args:
            call: One of `pending`, or its id.
            arguments: Other arguments to call it with; the transcript will have these.

        Raises:
            ConfigError: The call does not wait for approval, or the arguments are no JSON.
        """
        try:
            edited = None if arguments is None else json.dumps(dict(arguments), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ConfigError(f"The arguments cannot be written as JSON: {error}.") from error
        return replace(self, messages=approve(self.messages, call, edited))

    def deny(self, call: FunctionCall | str, why: str = "") -> Run[T]:
        """The run in which a pending call was refused; the model is told why.

        Args:
            call: One of `pending`, or its id.
            why: What the model is told.

        Raises:
            ConfigError: The call does not wait for approval.
        """
        return replace(self, messages=deny(self.messages, call, why))

    def fork(self, steps: int) -> Run[Any]:
        """The run as it was after so many of its steps, to go on from in another way.

        `agent.run(after=fork)` asks again from there, `agent.run("...", after=fork)` says something
        else. Each is a run of its own: a fork has no id.

        Args:
            steps: From 0, when only the prompt was said, to all.

        Raises:
            ConfigError: The run has fewer steps, or its transcript does not show them any more.
        """
        if type(steps) is not int:
            raise ConfigError(f"A fork is from a number of steps, not from {steps!r}.")
        said = [n for n, each in enumerate(self.messages) if isinstance(each, AssistantMessage)]
        first = len(said) - len(self.steps)
        if not 0 <= steps <= len(self.steps) or first < 0:
            raise ConfigError(
                f"There is no step {steps} to fork from: the run has {len(self.steps)}"
                f"{', of which a summary took the place' if first < 0 else ''}."
            )
        if steps == len(self.steps):
            return replace(self, id="", revision="")
        messages = self.messages[: said[first + steps]]
        return Run.of_steps("", None, messages, self.steps[:steps])

    def answer(self, call: FunctionCall | str, result: str) -> Run[T]:
        """The run in which a pending call has this result, and does not run.

        Args:
            call: One of `pending`, or its id.
            result: What the model is told as its result.

        Raises:
            ConfigError: The call does not wait for approval.
        """
        return replace(self, messages=answer(self.messages, call, result))

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Run[Any]:
        """A run from what `to_dict` gave: all but its steps, which are not saved.

        Raises:
            ConfigError: It is not what `to_dict` gave.
        """
        try:
            return Run(
                id=str(saved["id"]),
                output=saved.get("output"),
                messages=load_messages(saved["messages"]),
                usage=checked(Usage, saved.get("usage", {})),
                repairs=tuple(map(str, saved.get("repairs", ()))),
                cost=None if saved.get("cost") is None else float(saved["cost"]),
                waited=float(saved.get("waited", 0.0)),
                unsaid=None if saved.get("unsaid") is None else str(saved["unsaid"]),
                done=bool(saved.get("done", saved.get("output") is not None)),
                summarized=int(saved.get("summarized", 0)),
                revision=str(saved.get("revision", "")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"This is not a run that to_dict gave: {error!r}.") from error

    def to_dict(self) -> dict[str, Any]:
        """The whole run as plain values for JSON."""
        return {
            "id": self.id,
            "output": plain_value(self.output),
            "done": self.done,
            "messages": save_messages(self.messages),
            "pending": [
                {"id": each.id, "name": each.name, "arguments": each.arguments, "waits": each.waits}
                for each in self.pending
            ],
            "steps": len(self.steps),
            "models": list(dict.fromkeys(step.response.model for step in self.steps)),
            "usage": asdict(self.usage),
            "repairs": list(self.repairs),
            "cost": self.cost,
            "waited": round(self.waited, 3),
            **({} if self.unsaid is None else {"unsaid": self.unsaid}),
            **({"summarized": self.summarized} if self.summarized else {}),
            **({"revision": self.revision} if self.revision else {}),
        }

    def __str__(self) -> str:
        lines = []
        for step in self.steps:
            calls = step.response.message.calls
            for call, result in zip(calls, step.results, strict=False):
                lines += [f"→ {short(shown(call))}", f"  {short(result.content)}"]
        lines += [f"? {short(shown(call))} waits for approval" for call in self.pending]
        if self.output is not None:
            lines.append(plain(str(self.output)))
        tokens = f", {self.usage.total_tokens:,} tokens" if self.usage.total_tokens else ""
        steps = f"{len(self.steps)} step{'' if len(self.steps) == 1 else 's'}"
        cost = f", {_dollars(self.cost)}" if self.cost else ""
        return "\n".join([*lines, f"({steps}{tokens}{cost})"])


def shown(call: FunctionCall) -> str:
    """A call as Python would spell it."""
    try:
        values = json.loads(call.arguments)
        inside = ", ".join(
            f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in values.items()
        )
    except (ValueError, AttributeError, RecursionError):
        inside = call.arguments
    return f"{call.name}({inside})"


def usage_of_steps(steps: tuple[Step, ...]) -> Usage:
    """The known usage of all steps together."""
    return sum((s.response.usage for s in steps if s.response.usage), start=Usage())


def _dollars(cost: float) -> str:
    return f"${cost:.4f}" if cost >= _CENTS else f"under ${_CENTS}"


def cost_of_steps(steps: tuple[Step, ...]) -> float | None:
    """The cost of all steps together; None where one of them is not known."""
    return _sum([step.response.cost for step in steps])


def _sum(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known and len(known) == len(costs) else None


def short(text: str) -> str:
    """The beginning of a text, on one line."""
    text = " ".join(plain(text).split())
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
