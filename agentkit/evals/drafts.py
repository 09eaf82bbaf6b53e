"""Cases to begin with, written from the definitions of tools. A person is to edit the prompts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import combinations, islice
from typing import Any

from agentkit.evals.samples import samples, words_of
from agentkit.evals.writing import Written, written_call
from agentkit.function_tool import Tool
from agentkit.profile import plain

_OPTIONAL = 2  # cases for what a tool can also be given
_NEAR = 0.3  # of the words of two tools are the same: a model may take one for the other
_PAIRS = 10  # of such tools, each with two cases
_CHOICES = 5  # values of a parameter, of which one that no other has is taken
_LINE = 120  # characters of a summary
_FEW = {*re.findall(r"\w+", "a an the of in on at to for from by with or and is are it its that")}
_NO_CALL = (
    ("thanks", "Thank you, that was all."),
    ("verse", "Write two lines of verse about the sea."),
    ("about-you", "What can you help me with?"),
)


def drafts(tools: Mapping[str, Tool[..., Any]]) -> Iterator[Written]:
    """Cases for each tool, for tools that are like each other, and for no tool at all.

    Raises:
        DefinitionError: A tool cannot be offered.
    """
    told = [_Told(each) for each in tools.values()]
    for each in told:
        yield from each.cases()
    for one, other in _near(told):
        yield from (one.without(other), other.without(one))
    for name, prompt in _NO_CALL:
        yield _case(f"no-call:{name}", prompt, [], "no-call")


class _Told:
    """What can be drafted for a tool."""

    def __init__(self, tool: Tool[..., Any]) -> None:
        definition = tool.definition
        self.name, self._may_change = tool.name, not tool.read_only
        self._summary = _first_words(definition.description) or f"Use {self.name}"
        schema = plain(dict(definition.parameters))
        self._properties: dict[str, Any] = schema.get("properties") or {}
        self._needed = [n for n in schema.get("required") or () if n in self._properties]
        told = {*words_of(self.name), *words_of(self._summary.lower())} - _FEW
        self.words = frozenset(word.removesuffix("s") for word in told)

    def cases(self) -> Iterator[Written]:
        """Those of this tool alone."""
        yield self._asked(self.name, self._values())
        optional = [name for name in self._properties if name not in self._needed]
        for name in optional[:_OPTIONAL]:
            if (values := self._values(name)).keys() >= {name}:
                yield self._asked(f"{self.name}:{name}", values)
        if self._needed:
            prompt = f"{self._summary}."
            yield _case(f"{self.name}:what-is-missing", prompt, [], "no-call", "ask-back")
        if self._may_change:
            prompt = f"Explain to me what {self.name} would do, without using it."
            yield _case(f"{self.name}:not-used", prompt, [], "no-call")

    def without(self, other: _Told) -> Written:
        """A case that wants this tool, and says that the other is not meant."""
        values = self._values()
        prompt = f"{self._prompt(values)} Do not {_lowered(other._summary)}."
        made = _case(
            f"{self.name}:not-{other.name}", prompt, [written_call(self.name, values)], "near"
        )
        return {**made, "forbidden": [other.name]}

    def _asked(self, case_id: str, values: Mapping[str, Any]) -> Written:
        return _case(case_id, self._prompt(values), [written_call(self.name, values)], self.name)

    def _values(self, *also: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in (*self._needed, *also):
            likely = list(islice(samples(name, self._properties[name]), _CHOICES))
            used = [value for value in found.values() if not isinstance(value, bool)]
            if likely:
                found[name] = next((each for each in likely if each not in used), likely[0])
        return found

    def _prompt(self, values: Mapping[str, Any]) -> str:
        named = (f"{' '.join(words_of(name))} {_said(value)}" for name, value in values.items())
        return f"{self._summary}{': ' if values else ''}{', '.join(named)}."


def _case(case_id: str, prompt: str, calls: list[dict[str, Any]], *tags: str) -> Written:
    return {"id": case_id, "prompt": prompt, "calls": calls, "tags": [*tags], "draft": True}


def _near(told: list[_Told]) -> list[tuple[_Told, _Told]]:
    """The pairs of tools that are most like each other."""

    def likeness(pair: tuple[_Told, _Told]) -> float:
        one, other = (each.words for each in pair)
        return len(one & other) / len(one | other)

    pairs = sorted(combinations(told, 2), key=likeness, reverse=True)
    return [pair for pair in pairs[:_PAIRS] if likeness(pair) >= _NEAR]


def _first_words(description: str) -> str:
    """The first sentence, or what stands before its colon, without the point."""
    paragraph = " ".join(description.partition("\n\n")[0].split())
    return re.split(r"[.:;] ", paragraph)[0].rstrip(".")[:_LINE]


def _said(value: Any) -> str:
    """A value in a prompt."""
    if isinstance(value, list) and value and not isinstance(value[0], list | dict):
        return " and ".join(map(_said, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
