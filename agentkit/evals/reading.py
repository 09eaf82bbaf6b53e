"""Cases from files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from agentkit.errors import ConfigError, closest
from agentkit.evals.case import Answer, Call, Case, Expected, OneOf, Turn
from agentkit.evals.checking import checked
from agentkit.evals.matching import AnyOf, Anything, Exact, Like, Optional, Pattern, Predicate
from agentkit.evals.records import Record, records
from agentkit.importing import attribute, module_of, place_of

_CASE = (
    "id", "prompt", "calls", "answer", "turns", "order", "forbidden", "extra", "results", "tags",
    "draft", "note",
)  # fmt: skip
_TURN = ("prompt", "calls", "answer")
_ANSWER = ("contains", "not_contains", "pattern", "predicate")


def read_cases(path: str | os.PathLike[str]) -> tuple[Case, ...]:
    """The cases of a file: JSON lines, or JSON or YAML by its name's ending.

    Raises:
        ConfigError: There is no such file, or something in it is wrong; the line is named.
    """
    file = Path(path).expanduser()
    cases = tuple(_Reader(each, file.parent).case() for each in records(file))
    if not cases:
        raise ConfigError(f"{file} has no cases.")
    return checked(cases)


class _Reader:
    """Reads one case.

    Args:
        record: What stands in the file.
        directory: Where predicates of files are looked for.
    """

    def __init__(self, record: Record, directory: Path) -> None:
        self._place, self._value, self._directory = record.place, record.value, directory

    def case(self) -> Case:
        """The case."""
        value = self._object(self._value, "a case", _CASE)
        if "turns" in value and (both := [each for each in _TURN if each in value]):
            self._refuse(f"{both[0]!r} belongs into its turns")
        turns = [self._turn(each) for each in self._list(value.get("turns", []), "turns")]
        if "turns" in value and not turns:
            self._refuse("turns is an empty list")
        alone = None if turns else self._turn({n: value[n] for n in _TURN if n in value})
        extra = value.get("extra", "fail")
        if extra not in ("fail", "allow"):
            extra = self._texts(extra, 'extra, if not "fail" or "allow",')
        if (order := value.get("order", "any")) not in ("any", "given"):
            self._refuse(f'order is "any" or "given", not {order!r}')
        return Case(
            prompt=alone.prompt if alone else "",
            calls=alone.calls if alone else None,
            answer=alone.answer if alone else None,
            turns=tuple(turns),
            id=self._id(value),
            order=order,
            forbidden=self._texts(value.get("forbidden", []), "forbidden"),
            extra=extra,
            results=self._object(value.get("results", {}), "results"),
            tags=self._texts(value.get("tags", []), "tags"),
            draft=bool(value.get("draft", False)),
            note=self._text(value.get("note", ""), "note"),
            place=self._place,
        )

    def _refuse(self, what: str) -> NoReturn:
        raise ConfigError(f"{self._place}: {what}.")

    def _object(self, value: Any, what: str, known: tuple[str, ...] = ()) -> dict[str, Any]:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            self._refuse(f"{what} is an object, not {_shown(value)}")
        for name in value if known else ():
            if name not in known:
                near = closest(name, known)
                self._refuse(f"{what} has no {name!r}.{near} It has: {', '.join(known)}")
        return value

    def _list(self, value: Any, what: str) -> list[Any]:
        if not isinstance(value, list):
            self._refuse(f"{what} is a list, not {_shown(value)}")
        return value

    def _text(self, value: Any, what: str) -> str:
        if not isinstance(value, str):
            self._refuse(f"{what} is a text, not {_shown(value)}")
        return value

    def _texts(self, value: Any, what: str) -> tuple[str, ...]:
        """Texts in a list; one may stand alone."""
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            self._refuse(f"{what} is a list of texts, not {_shown(value)}")
        return tuple(given)

    def _id(self, value: Mapping[str, Any]) -> str:
        given = value.get("id", "")
        if isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if "id" in value and not given:
            self._refuse("its id is empty")
        return self._text(given, "id")

    def _turn(self, given: Any) -> Turn:
        value = self._object(given, "a turn", _TURN)
        if "prompt" not in value:
            self._refuse("there is no prompt")
        prompt = self._text(value["prompt"], "prompt")
        if not prompt.strip():
            self._refuse("the prompt is empty")
        calls = None
        if value.get("calls") is not None:
            calls = tuple(self._expected(each) for each in self._list(value["calls"], "calls"))
        answer = value.get("answer")
        return Turn(prompt, calls, None if answer is None else self._answer(answer))

    def _expected(self, given: Any) -> Expected:
        if isinstance(given, dict) and set(given) == {"any_of"}:
            choices = self._list(given["any_of"], "any_of")
            if not choices:
                self._refuse("any_of is empty")
            return OneOf(tuple(self._call(each) for each in choices))
        return self._call(given)

    def _call(self, given: Any) -> Call:
        if isinstance(given, str):
            return Call(given)
        value = self._object(given, "a call", ("name", "arguments"))
        if not self._text(value.get("name", ""), "the name of a call"):
            self._refuse("a call has no name")
        if value.get("arguments") is None:
            return Call(value["name"])
        arguments = self._object(value["arguments"], f"arguments of {value['name']}")
        return Call(value["name"], {name: self._value_of(v) for name, v in arguments.items()})

    def _answer(self, given: Any) -> Answer:
        if isinstance(given, str):
            return Answer((given,))
        value = self._object(given, "an answer", _ANSWER)
        if not value:
            self._refuse(f"an answer has one of: {', '.join(_ANSWER)}")
        predicate = value.get("predicate")
        return Answer(
            contains=self._texts(value.get("contains", []), "contains"),
            not_contains=self._texts(value.get("not_contains", []), "not_contains"),
            pattern=self._pattern(value.get("pattern", "")),
            predicate=None if predicate is None else self._predicate(predicate).function,
        )

    def _value_of(self, given: Any) -> Any:
        """An expected value: as it is, or a matcher where an object has only a matcher's name."""
        if isinstance(given, list):
            return [self._value_of(each) for each in given]
        if not isinstance(given, dict):
            return given
        matchers: dict[str, Callable[[Any], Any]] = {
            "any_of": self._any_of,
            "pattern": lambda value: Pattern(self._pattern(value)),
            "like": lambda value: Like(self._text(value, "like")),
            "predicate": self._predicate,
            "optional": lambda value: Optional(self._value_of(value)),
            "anything": lambda value: Anything(),
            "exact": Exact,
        }
        if len(given) == 1 and (name := next(iter(given))) in matchers:
            return matchers[name](given[name])
        return {name: self._value_of(each) for name, each in given.items()}

    def _any_of(self, given: Any) -> AnyOf:
        choices = self._list(given, "any_of")
        if not choices:
            self._refuse("any_of is empty")
        return AnyOf(*map(self._value_of, choices))

    def _pattern(self, given: Any) -> str:
        try:
            re.compile(self._text(given, "pattern"))
        except (re.error, RecursionError, OverflowError) as error:
            self._refuse(f"the pattern {given!r} is no regular expression: {error}")
        return str(given)

    def _predicate(self, given: Any) -> Predicate:
        where, inside = place_of(self._text(given, "predicate")) or ("", None)
        if not inside:
            self._refuse(f"a predicate is module:function or file.py:function, not {given!r}")
        if where.endswith(".py"):
            where = str(self._directory / where)
        try:
            function = attribute(module_of(where), where, inside)
        except ConfigError as error:
            raise ConfigError(f"{self._place}: {error}") from error
        if not callable(function):
            self._refuse(f"{given} is no function")
        return Predicate(function, inside)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
