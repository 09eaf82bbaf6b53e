"""What came of a case: the calls that were made, and which of them are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from agentkit.errors import ConfigError

Kind = Literal["tool", "arguments", "missing", "extra", "forbidden", "order", "answer", "error"]
"""What a check is about. `tool`: another tool was called in the place of an expected one;
`arguments`: the right one was, with these arguments; `missing`, `extra`: no call, or one too many;
`forbidden`: a tool that must not be called was; `order`; `answer`; `error`: what ended the run."""

NO_CALL = ""
"""The name that stands for no call at all in a confusion matrix."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Args:
        kind: What it is about.
        passed: Whether it is right.
        expected: What would be right, to be read by people: a call is spelled as in Python.
        actual: What there was.
        why: What is wrong, in a sentence; "" where nothing is.
        turn: The turn of the conversation, from 0.
    """

    kind: Kind
    passed: bool
    expected: str = ""
    actual: str = ""
    why: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """A call that a model made.

    Args:
        name: The tool's name, also one that there is not.
        arguments: Its arguments, as the text of a JSON object, or what the model wrote in place of
            one.
        turn: The turn of the conversation, from 0.
        step: The reply in that turn, from 0; calls of one reply are in parallel.
        failed: Whether its result was an error.
    """

    name: str
    arguments: str = "{}"
    turn: int = 0
    step: int = 0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that was expected, and what came of it.

    Args:
        names: The tools of which one is right.
        shown: The call as in Python, to be read by people.
        turn: The turn of the conversation, from 0.
        made: Which call of `Outcome.calls` was made in its place; None where none was.
        tool_is_right: Whether that is of one of `names`.
        is_right: Whether its arguments are right too.
    """

    names: tuple[str, ...]
    shown: str
    turn: int = 0
    made: int | None = None
    tool_is_right: bool = False
    is_right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run of one case: a line of the results file.

    Args:
        case: The case's id.
        variant: The name of the variant: interface, model, dialect and wording.
        repeat: Which of several runs of the same case it is, from 0.
        passed: Whether all checks are.
        checks: What was looked at.
        calls: The calls that were made.
        wanted: The calls that were expected, with those that were made in their place. None where
            calls are not judged.
        answers: The answer of each turn.
        steps: Replies of the model.
        prompt_tokens: Tokens of all requests; None where the server did not tell.
        completion_tokens: Tokens of all replies.
        cost: US dollars; None where it is not known.
        latency: Seconds that the model took for its replies together. None in recorded runs that do
            not have it.
        seconds: Seconds from the first request to the last answer, with tools and waiting.
        error: What ended the run before its answer, on one line without secrets; "" if nothing.
        key: What the outcome depends on: it is not taken for that of a case that was changed since.
        run_id: The run in a journal, if it is kept.
    """

    case: str
    variant: str
    passed: bool
    repeat: int = 0
    checks: tuple[Check, ...] = ()
    calls: tuple[Made, ...] = ()
    wanted: tuple[Wanted, ...] | None = None
    answers: tuple[str, ...] = ()
    steps: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    latency: float | None = None
    seconds: float | None = None
    error: str = ""
    key: str = ""
    run_id: str = ""

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(each for each in self.checks if not each.passed)

    @property
    def tools_are_right(self) -> bool:
        """Whether exactly the right tools were called, whatever their arguments."""
        wrong = ("tool", "missing", "extra", "forbidden", "error")
        return not any(each.kind in wrong for each in self.failures)

    @property
    def extra(self) -> tuple[Made, ...]:
        """The calls that stand for no expected one."""
        taken = {each.made for each in self.wanted or ()}
        return tuple(each for n, each in enumerate(self.calls) if n not in taken)

    @property
    def confused(self) -> tuple[tuple[str, str], ...]:
        """Pairs of the tool that was expected and the one that was called; `NO_CALL` for none."""
        if self.wanted is None:
            return ()
        pairs = []
        for each in self.wanted:
            called = NO_CALL if each.made is None else self.calls[each.made].name
            pairs.append((called if each.tool_is_right else each.names[0], called))
        pairs += [(NO_CALL, each.name) for each in self.extra]
        return tuple(pairs) or ((NO_CALL, NO_CALL),)

    def to_dict(self) -> dict[str, Any]:
        """Its values as JSON has them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Outcome:
        """An outcome from what `to_dict` gave.

        Raises:
            ConfigError: It is not what `to_dict` gave.
        """
        try:
            values = dict(saved)
            wanted = values.get("wanted")
            values["checks"] = tuple(Check(**each) for each in values.get("checks", ()))
            values["calls"] = tuple(Made(**each) for each in values.get("calls", ()))
            values["wanted"] = None if wanted is None else tuple(map(_wanted, wanted))
            values["answers"] = tuple(values.get("answers", ()))
            return cls(**values)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise ConfigError(f"This is no outcome of a case: {error}.") from error


def _wanted(saved: Mapping[str, Any]) -> Wanted:
    return Wanted(**{**saved, "names": tuple(saved["names"])})
