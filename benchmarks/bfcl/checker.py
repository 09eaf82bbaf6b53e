"""The leaderboard's rules for calls: its "AST checker" for Python, in words of our own.

Its verdicts are the official ones, oddities included; `verdicts.py` compares them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .definitions import sent_name

Call = Mapping[str, Any]
"""`{function: {parameter: value}}`."""

_TYPES = {
    "string": str,
    "any": str,
    "integer": int,
    "float": float,
    "number": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "object": dict,
}
_IGNORED = re.compile(r"[ ,./\-_*^]")


def problem(
    functions: Sequence[Mapping[str, Any]],
    calls: Sequence[Call],
    accepted: Sequence[Mapping[str, Mapping[str, list[Any]]]],
) -> str:
    """Why the calls are wrong; nothing if they are right.

    Args:
        functions: What was offered.
        calls: What the model called, by the names that were sent.
        accepted: The right calls, as in `Row`.
    """
    if not accepted:
        names = ", ".join(name for call in calls for name in call)
        return f"called: {names}, where no call is right" if calls else ""
    if len(calls) != len(accepted):
        return f"count: {len(calls)} calls, where {len(accepted)} are right"
    left = list(calls)
    for answer in accepted:
        ((name, values),) = answer.items()
        function = next((each for each in functions if each["name"] == name), None)
        if function is None:
            return f"answer: it has {name}, which is not offered"
        found = [_call_problem(function, values, call) for call in left]
        if "" not in found:
            return min(found, key=lambda each: each.startswith("function:"))
        del left[found.index("")]
    return ""


def _call_problem(
    function: Mapping[str, Any], accepted: Mapping[str, list[Any]], call: Call
) -> str:
    ((name, given),) = call.items()
    expected, schema = sent_name(function["name"]), function["parameters"]
    properties = schema.get("properties", {})
    if name != expected:
        return f"function: {name}, not {expected}"
    if not isinstance(given, dict):
        return f"arguments: no JSON object: {given!r}"
    for parameter in schema.get("required", ()):
        if parameter not in given:
            return f"missing: {parameter}"
    for parameter, value in given.items():
        if parameter not in properties or parameter not in accepted:
            return f"unexpected: {parameter}={value!r}"
        why = _value_problem(value, properties[parameter], accepted[parameter])
        if why:
            return f"{why[0]}: {parameter}={value!r}, {why[1]}"
    left_out = [each for each in accepted if each not in given and "" not in accepted[each]]
    return f"left out: {left_out[0]}, accepted {accepted[left_out[0]]!r}" if left_out else ""


def _value_problem(
    value: Any, schema: Mapping[str, Any], accepted: list[Any]
) -> tuple[str, str] | None:
    """The kind of what is wrong with a value, and what would be right."""
    expected = _type_named(schema)
    inner = _type_named(schema.get("items", {})) if expected is list else None
    found = float if type(value) is int and expected is float else type(value)
    answered = _type_of(accepted)  # answers may be in another type than the one that is declared
    if expected and found not in (expected, answered):
        return "type", f"declared {schema['type']}, accepted {accepted!r}"
    if found is expected and inner and not _items_fit(value, inner, accepted):
        return "type", f"declared {schema['type']} of {schema['items']['type']}"
    if expected is None or (found is expected and answered in (expected, None)):
        right = _is_same(value, accepted, inner)
    else:
        right = value in accepted
    return None if right else ("value", f"accepted {accepted!r}")


def _type_named(schema: Mapping[str, Any]) -> type | None:
    """The declared type; None where there is none, or several, which the leaderboard has not."""
    named = schema.get("type")
    return _TYPES.get(named) if isinstance(named, str) else None


def _type_of(accepted: list[Any]) -> type | None:
    return next((type(each) for each in accepted if each != ""), None)


def _items_fit(value: list[Any], inner: type, accepted: list[Any]) -> bool:
    """Whether all items have the declared type, or that of the first in one of the answers."""
    return any(
        not isinstance(each, list) or all(type(item) in (inner, _type_of(each)) for item in value)
        for each in accepted
    )


def _is_same(value: Any, accepted: list[Any], inner: type | None) -> bool:
    if isinstance(value, dict):
        return any(_is_same_dict(value, each) for each in accepted)
    if not isinstance(value, list):
        return _plain(value) in map(_plain, accepted)
    answers = [each for each in accepted if isinstance(each, list | str)]  # "" is an empty list
    if inner is dict:
        return any(
            len(value) == len(each) and all(map(_is_same_dict, value, each)) for each in answers
        )
    return list(map(_plain, value)) in [list(map(_plain, each)) for each in answers]


def _is_same_dict(value: Any, accepted: Any) -> bool:
    """Whether a dict is the accepted one, whose values are lists of accepted ones."""
    if not isinstance(value, dict) or not isinstance(accepted, dict):
        return False
    options = {k: each if isinstance(each, list | str) else [each] for k, each in accepted.items()}
    return all(
        key in options and _plain(each) in map(_plain, options[key]) for key, each in value.items()
    ) and all(key in value or "" in each for key, each in options.items())


def _plain(value: Any) -> Any:
    """A text without what is not compared; anything else as it is."""
    return _IGNORED.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value
