"""Cases: what is asked, and what a model that is right does about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agentkit.errors import ConfigError
from agentkit.evals.matching import spelled

Order = Literal["any", "given"]
"""Whether calls may come in any order, or in the one that they are listed in."""
Test = Callable[[Any], object]
"""What looks at a value and is true of the right one."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is right.

    Args:
        name: The tool's name.
        arguments: Its arguments by name: the value itself, one of the matchers of
            `agentkit.evals.matching`, or a function that is true of right values. None where they
            are not judged.
    """

    name: str
    arguments: Mapping[str, Any] | None = None

    @property
    def alternatives(self) -> tuple[Call, ...]:
        """Itself."""
        return (self,)

    def __str__(self) -> str:
        if self.arguments is None:
            return f"{self.name}(...)"
        inside = ", ".join(f"{name}={spelled(value)}" for name, value in self.arguments.items())
        return f"{self.name}({inside})"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Several calls each of which is right in this place.

    Args:
        alternatives: The calls; the first is named where a model made none of them.
    """

    alternatives: tuple[Call, ...]

    def __post_init__(self) -> None:
        if not self.alternatives:
            raise ConfigError("OneOf takes at least one call.")

    def __str__(self) -> str:
        return " or ".join(map(str, self.alternatives))


Expected = Call | OneOf
"""A call that is expected, or several of which one is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a right answer is like; all that is given must hold.

    Args:
        contains: Texts that are in it, in any case of letters.
        not_contains: Texts that are not.
        pattern: A regular expression that is found in it.
        predicate: A function that is true of it.
    """

    contains: tuple[str, ...] = ()
    not_contains: tuple[str, ...] = ()
    pattern: str = ""
    predicate: Test | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A part of a conversation: what the user says, and what is right to do then.

    Args:
        prompt: What the user says.
        calls: The calls that are right until the answer; none where it is right to call nothing.
            None where calls are not judged.
        answer: What its answer is like, if that is judged.
    """

    prompt: str
    calls: tuple[Expected, ...] | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Something to ask a model, and what it does if it is right.

    Args:
        prompt: What the user says; "" where `turns` say it.
        calls: The calls that are right, `Call` or `OneOf`; `[]` where it is right to call nothing.
            None where calls are not judged.
        id: Names the case. Those that have none are named by their place: `case-3`.
        answer: What the answer is like, if that is judged: a text that it contains, or `Answer`.
        turns: The turns of a conversation, in place of prompt, calls and answer.
        order: Whether calls may come in any order.
        forbidden: Tools that must not be called.
        extra: What calls beyond the expected ones are: "fail", "allow", or the names of tools that
            may be called besides.
        results: What tools give in this case, by name, so that they need not run.
        tags: What the case is about, to choose and to group by.
        draft: Whether a machine wrote it, and nobody has looked at it yet.
        note: What people should know of it.
        place: Where it was written, such as `cases.jsonl, line 3`.
    """

    prompt: str = ""
    calls: Sequence[Expected] | None = None
    id: str = ""
    answer: Answer | str | None = None
    turns: Sequence[Turn] = ()
    order: Order = "any"
    forbidden: Sequence[str] = ()
    extra: Literal["fail", "allow"] | Sequence[str] = "fail"
    results: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    draft: bool = False
    note: str = ""
    place: str = ""

    def __post_init__(self) -> None:
        if bool(self.prompt) == bool(self.turns):
            raise ConfigError(f"A case has either a prompt or turns: {self.id or self.prompt!r}.")
        if self.turns and (self.calls is not None or self.answer is not None):
            raise ConfigError(f"Calls and answers of case {self.id!r} belong into its turns.")

    @property
    def all_turns(self) -> tuple[Turn, ...]:
        """Its turns, one where it has only a prompt."""
        if self.turns:
            return tuple(self.turns)
        answer = Answer((self.answer,)) if isinstance(self.answer, str) else self.answer
        return (Turn(self.prompt, None if self.calls is None else tuple(self.calls), answer),)

    @property
    def is_judged(self) -> bool:
        """Whether anything that a model does could be wrong."""
        turns = self.all_turns
        return bool(self.forbidden) or any((t.calls, t.answer) != (None, None) for t in turns)
