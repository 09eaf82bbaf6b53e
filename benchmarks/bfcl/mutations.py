"""Calls to try a checker with: the right ones, and the same with something changed in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from random import Random
from typing import Any

from .data import Row
from .definitions import sent_name

Calls = list[dict[str, Any]]


def attempts(row: Row, changed: int) -> list[Calls]:
    """Some calls for a row that has right ones, none twice; the same each time.

    They are what the answer accepts, with and without what may be left out, each other accepted
    value in its turn, and so many of the changed ones, drawn at random.
    """
    whole, least = _answer(row, least=False), _answer(row, least=True)
    right = [whole, least, *islice(_others(row, whole), 4)]
    mutated = [each for calls in right for each in _changed(row, calls)]
    found = [*right, *Random(row.id).sample(mutated, min(changed, len(mutated)))]
    return list({json.dumps(each): each for each in found}.values())


def _answer(row: Row, *, least: bool) -> Calls:
    """The first accepted values, or only those that may not be left out."""
    return [
        {
            sent_name(name): {
                parameter: _value(_given(values)[0])
                for parameter, values in parameters.items()
                if _given(values) and not (least and "" in values)
            }
        }
        for call in row.accepted
        for name, parameters in call.items()
    ]


def _given(values: list[Any]) -> list[Any]:
    return [each for each in values if each != ""]


def _value(accepted: Any) -> Any:
    """An accepted value, where those in a dict are lists of accepted ones."""
    if isinstance(accepted, list):
        return [_value(each) for each in accepted]
    if isinstance(accepted, dict):
        chosen = {key: _given(values) for key, values in accepted.items()}
        return {key: values[0] for key, values in chosen.items() if values}
    return accepted


def _others(row: Row, whole: Calls) -> Iterator[Calls]:
    """The answer with another of the accepted values for one parameter."""
    for place, call in enumerate(row.accepted):
        for name, parameters in call.items():
            for parameter, values in parameters.items():
                for other in _given(values)[1:]:
                    yield _with(whole, place, sent_name(name), {parameter: _value(other)})


def _with(calls: Calls, place: int, name: str, changed: Mapping[str, Any]) -> Calls:
    ((_, arguments),) = calls[place].items()
    return [*calls[:place], {name: {**arguments, **changed}}, *calls[place + 1 :]]


def _changed(row: Row, whole: Calls) -> Iterator[Calls]:
    """Each way to change the answer in one place."""
    yield []
    yield whole[::-1]
    yield [*whole, whole[0]]
    for place, call in enumerate(whole):
        ((name, arguments),) = call.items()
        before, after = whole[:place], whole[place + 1 :]
        yield [*before, *after]
        yield [whole[-1 - place], *before, *after]
        for other in (f"{name}x", name.upper(), *(sent_name(f["name"]) for f in row.functions)):
            yield [*before, {other: arguments}, *after]
        yield _with(whole, place, name, {"surplus": 1})
        for parameter in _left_out(row, call):
            yield _with(whole, place, name, {parameter: 1})
        for parameter, value in arguments.items():
            less = {key: each for key, each in arguments.items() if key != parameter}
            yield [*before, {name: less}, *after]
            yield [*before, {name: {**less, parameter.upper(): value}}, *after]
            for other in _other_values(value):
                yield _with(whole, place, name, {parameter: other})


def _left_out(row: Row, call: Mapping[str, Any]) -> list[str]:
    """The parameters that a function of the row has and a call has not."""
    ((name, arguments),) = call.items()
    function = next(each for each in row.functions if sent_name(each["name"]) == name)
    return [each for each in function["parameters"]["properties"] if each not in arguments]


def _other_values(value: Any) -> Iterator[Any]:
    """Values beside one: some the same by the rules, most not."""
    yield from (None, [value], {"value": value}, json.dumps(value))
    match value:
        case bool():
            yield from (not value, int(value), "yes")
        case int():
            yield from (value + 1, float(value), value + 0.5, -value, bool(value))
        case float():
            yield from (value + 1, int(value), f"{value}", -value)
        case str():
            yield from _other_texts(value)
        case list():
            yield from (value[::-1], value[1:], [*value, *value[:1]], [])
            for place, item in enumerate(value[:3]):
                yield from (
                    [*value[:place], each, *value[place + 1 :]] for each in _other_values(item)
                )
        case dict():
            yield from _other_dicts(value)


def _other_dicts(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from ({}, {**value, "surplus": 1})
    for key, item in value.items():
        yield {each: value[each] for each in value if each != key}
        yield from ({**value, key: each} for each in _other_values(item))


def _other_texts(text: str) -> Iterator[str]:
    yield from (
        text.upper(),
        text.title(),
        f" {text}. ",
        f'"{text}"',
        f"{text}s",
        text[1:],
        "",
        "-",
        text.replace("'", '"'),
    )
    for mark in (" ", ",", ".", "/", "-", "_", "*", "^", "'", ":", "\n", "("):
        yield text.replace(" ", mark) if " " in text else f"{text[:1]}{mark}{text[1:]}"
