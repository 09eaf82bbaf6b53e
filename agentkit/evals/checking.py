"""What can be wrong with cases themselves: it is said before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentkit.errors import ConfigError, closest
from agentkit.evals.case import Call, Case, OneOf
from agentkit.evals.judging import Schemas


def checked(cases: Sequence[Case], *tools: Schemas, first_reply: bool = False) -> tuple[Case, ...]:
    """The cases, each with an id.

    Args:
        cases: The cases.
        tools: The tools that they are run with, of each variant; none where that is not known.
        first_reply: Whether nothing but the calls of the first reply counts.

    Raises:
        ConfigError: Two cases have one id, a case judges nothing, or it names a tool or a parameter
            that there is not.
    """
    found: dict[str, Case] = {}
    for number, given in enumerate(cases, 1):
        case = given if given.id else replace(given, id=f"case-{number}")
        where = case.place or f"case {case.id!r}"
        if case.id in found:
            first = found[case.id].place
            there = f", as in {first} already" if first else ", as another has"
            raise ConfigError(f"{where}: its id is {case.id!r}{there}.")
        _check_case(case, where, first_reply=first_reply)
        for schemas in tools:
            _check_tools(case, schemas, where)
        found[case.id] = case
    if not found:
        raise ConfigError("There are no cases.")
    return tuple(found.values())


def _check_case(case: Case, where: str, *, first_reply: bool) -> None:
    if not case.is_judged:
        raise ConfigError(
            f"{where}: it judges nothing: give calls ([] where none is right), an answer, or "
            "forbidden tools."
        )
    if first_reply and (len(case.all_turns) > 1 or case.all_turns[0].answer is not None):
        raise ConfigError(
            f"{where}: it needs more than the first reply: it has turns, or an answer."
        )
    for each in (call for turn in case.all_turns for call in turn.calls or ()):
        if not isinstance(each, Call | OneOf):
            raise ConfigError(f"{where}: calls are made with Call(...) or OneOf, not {each!r}.")


def _check_tools(case: Case, schemas: Schemas, where: str) -> None:
    named = [*case.forbidden, *case.results]
    named += [] if isinstance(case.extra, str) else case.extra
    for turn in case.all_turns:
        for expected in turn.calls or ():
            for call in expected.alternatives:
                named.append(call.name)
                if call.name in schemas:
                    _check_arguments(call, schemas[call.name], where)
    for name in named:
        if name not in schemas:
            known = ", ".join(schemas) or "none"
            near = closest(name, schemas)
            raise ConfigError(f"{where}: there is no tool {name!r}.{near} The tools are: {known}.")


def _check_arguments(call: Call, schema: Mapping[str, Any], where: str) -> None:
    if call.arguments is None or "properties" not in schema:
        return
    properties, more = schema["properties"], schema.get("additionalProperties", False)
    for name in call.arguments:
        if name not in properties and more is False and "patternProperties" not in schema:
            near = closest(name, properties)
            raise ConfigError(f"{where}: {call.name} has no parameter {name!r}.{near}")
    for name in schema.get("required", ()):
        if name not in call.arguments:
            raise ConfigError(
                f"{where}: {call.name} cannot be called without {name!r}: say what it should be, "
                'or {"anything": true}; or leave out "arguments", so that none is judged.'
            )
