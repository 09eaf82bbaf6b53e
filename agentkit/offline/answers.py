"""What the offline model says: sentences made of results, and typed final answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from agentkit.offline.fill import Filled, fill
from agentkit.offline.plan import Call
from agentkit.offline.schemas import Function, Parameter
from agentkit.offline.talk import ASKING, Done
from agentkit.offline.words import name_words

__all__ = ["fill_answer", "no_call", "question", "sentences"]

_HELLO = re.compile(r"\W*(?:hello|hi|hey|good (?:morning|afternoon|evening))\b", re.IGNORECASE)
_ARITHMETIC = re.compile(r"[\w\s.,+*/%()-]*\d[\w\s.,+*/%()-]*")
_NUMBER = re.compile(r"-?\b(?:0|[1-9]\d*)(?:\.\d+)?\b")
_IS = "I am agentkit's offline model: rules, no weights."
_SHOWN = 8


def no_call(text: str, functions: tuple[Function, ...]) -> str:
    """What to say where no function fits: a greeting, or that this is beyond a rule-based model."""
    names = ", ".join(f"`{each.name}`" for each in functions[:_SHOWN])
    more = ", ..." if len(functions) > _SHOWN else ""
    able = f"I can call {names}{more}" if names else "I can call the functions I am given"
    if _HELLO.match(text) and len(text.split()) <= 4:
        return f"Hello! {_IS} {able}."
    return f"{_IS} {able}; I cannot answer this from knowledge."


def question(calls: list[Call]) -> str:
    """What the user must say before the calls can be made."""
    return "\n".join(
        f"{ASKING}{call.function.name}` I need: {'; '.join(map(_described, call.missing))}."
        for call in calls
    )


def _described(parameter: Parameter) -> str:
    about = parameter.description.strip().rstrip(".")
    return f"{parameter.name} ({about})" if about else parameter.name


def sentences(done: tuple[Done, ...]) -> str:
    """The results in plain words, one a line."""
    return "\n".join(_sentence(each) for each in done if each.content is not None)


def _sentence(done: Done) -> str:
    text = (done.content or "").strip()
    if text.startswith("Error"):
        why = text.removeprefix("Error").lstrip(": ") or "no reason was given."
        return f"`{done.name}` failed: {why}"
    given = list(done.arguments.values()) if isinstance(done.arguments, dict) else []
    about = f" of {', '.join(map(_plain, given))}" if given else ""
    value = _json(text)
    if isinstance(value, str) and _is_sentence(value):
        return value
    if len(given) == 1 and _is_number(value) and _ARITHMETIC.fullmatch(str(given[0])):
        return f"{given[0]} = {text}"
    if isinstance(value, dict):
        return f"The `{done.name}`{about}: {_plain(value)}."
    return f"The `{done.name}`{about} is {_plain(value) or 'empty'}."


def _is_sentence(text: str) -> bool:
    return "=" in text or len(re.findall(r"[^\W\d_]{2,}", text)) >= 3


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return value if isinstance(value, str) else json.dumps(value)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def fill_answer(function: Function, done: tuple[Done, ...], text: str) -> Filled:
    """The arguments of a typed final answer: from the results, then from the user's words."""
    good = [e.content for e in done if e.content is not None and not e.content.startswith("Error")]
    values = [_json(each) for each in good]
    found: dict[str, Any] = {}
    for each in function.parameters:
        alone = len(function.parameters) == 1 or each.kind not in ("string", "any")
        value = _from_results(each, values, alone=alone)
        if value is not None:
            found[each.name] = value
    said = fill(function, text).arguments
    for each in function.parameters:
        value = said.get(each.name)
        value = _from_results(each, values, alone=True) if value is None else value
        if each.name not in found and value is not None:
            found[each.name] = value
    missing = tuple(e for e in function.parameters if e.required and e.name not in found)
    return Filled(found, missing)


def _from_results(parameter: Parameter, values: list[Any], *, alone: bool) -> Any:
    """A result's value under the parameter's name, or (`alone`) a whole result that fits."""
    named = [v for value in values for v in _under(value, name_words(parameter.name), 0)]
    found = next((each for each in named if _fits(parameter, each)), None)
    if found is None and parameter.kind == "object":
        inner = {each.name: _from_results(each, values, alone=False) for each in parameter.fields}
        lacks = any(each.required and inner[each.name] is None for each in parameter.fields)
        found = None if lacks else {k: v for k, v in inner.items() if v is not None} or None
    if found is None and alone:
        found = next((each for each in values if _fits(parameter, each)), None)
    if found is None and alone and parameter.kind in ("integer", "number"):
        found = _last_number(parameter, values)
    return _text_of(values) if found is None and alone and parameter.kind == "string" else found


def _under(value: Any, name: tuple[str, ...], depth: int) -> Iterator[Any]:
    if isinstance(value, dict) and depth < 8:
        yield from (each for key, each in value.items() if name_words(str(key)) == name)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner if depth < 8 else ():
        yield from _under(each, name, depth + 1)


def _fits(parameter: Parameter, value: Any) -> bool:
    if parameter.choices:
        return value in parameter.choices
    if isinstance(value, bool):
        return parameter.kind in ("boolean", "any")
    kinds = {"integer": int, "number": int | float, "string": str, "array": list, "object": dict}
    if parameter.kind == "object" and isinstance(value, dict):
        return all(each.name in value for each in parameter.fields if each.required)
    return value is not None and isinstance(value, kinds.get(parameter.kind, object))


def _last_number(parameter: Parameter, values: list[Any]) -> int | float | None:
    """The last number of a textual result: "17 * 23 = 391"."""
    for text in (each for each in values if isinstance(each, str)):
        found: list[int | float] = [json.loads(each) for each in _NUMBER.findall(text)]
        fitting = [each for each in found if _fits(parameter, each)]
        if fitting:
            return fitting[-1]
    return None


def _text_of(values: list[Any]) -> str | None:
    return _plain(values[0]) if values else None
