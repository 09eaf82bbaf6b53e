"""Which calls a user's text asks for, in its order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice, product
from typing import Any

from agentkit.offline.chains import Link, find_inner, find_link
from agentkit.offline.clauses import find_groups, refers, unquoted
from agentkit.offline.fill import Filled, fill
from agentkit.offline.parts import Part, Reader
from agentkit.offline.rank import Choice, choose
from agentkit.offline.schemas import Function, Parameter
from agentkit.offline.spans import Span

__all__ = ["Call", "nearest", "plan"]

_MOST, _LISTS = 32, 3  # calls that one part can make; lists in words that are looked at


@dataclass(frozen=True, slots=True)
class Call:
    """A call to make, or to ask for where required parameters are missing.

    Args:
        link: How its arguments come from the result of the call before it, where they do.
    """

    function: Function
    arguments: dict[str, Any]
    missing: tuple[Parameter, ...] = ()
    link: Link | None = None


def plan(
    text: str, functions: tuple[Function, ...], now: datetime, before: str | None = None
) -> list[Call]:
    """The calls that a text asks for, in its order; a call is never listed twice.

    Args:
        before: The last result of an earlier turn, which "double the result" can be about.
    """
    text = unquoted(text)
    whole = choose(text, functions, now)
    if whole is None:
        return []
    reader = Reader(functions, now, whole)
    reader.read(text)
    if len(reader.parts) > 1:
        filled = [reader.fill(each.function, each.text) for each in reader.parts]
        return _calls(reader.parts, filled, reader.context, now)
    if linked := _chained(text, functions, now, whole, before):
        return linked
    return _calls([Part(whole.function, text)], [whole.filled], "", now) if whole.fits else []


def _chained(
    text: str, functions: tuple[Function, ...], now: datetime, whole: Choice, before: str | None
) -> list[Call]:
    """The call that uses an earlier turn's result, or two of which one is in the other."""
    hole = refers(text, strictly=whole.fits and not whole.filled.missing)
    if before is not None and hole and (link := find_link(text, hole, functions, now)):
        return [Call(link.function, link.closed(before, now))]
    if nested := find_inner(text, functions, now):
        inner, link = nested
        first = Call(inner.function, inner.filled.arguments)
        return [first, Call(link.function, {}, link=link)]
    return []


def _calls(parts: list[Part], filled: list[Filled], context: str, now: datetime) -> list[Call]:
    """The calls of each part; `filled` is what its own text gives."""
    calls: list[Call] = []
    for index, part in enumerate(parts):
        if part.link is not None:
            calls.append(Call(part.function, {}, link=part.link))
            continue
        filled[index] = one = _completed(parts, filled, index, context, now)
        for arguments in _each(part, one, now):
            call = Call(part.function, arguments, one.missing)
            if call not in calls:
                calls.append(call)
    return calls


def _completed(
    parts: list[Part], filled: list[Filled], index: int, context: str, now: datetime
) -> Filled:
    """The arguments of a part, with what it leaves out taken from the parts before."""
    part, own, found = parts[index], filled[index], filled[index].arguments
    if index and part.short and not part.label:
        found = filled[index - 1].arguments | found
    found = fill(part.function, context, now=now).arguments | found
    for other in reversed(parts[:index]):
        if any(each.name not in found for each in own.missing):
            found = fill(part.function, other.text, now=now).arguments | found
    missing = tuple(each for each in own.missing if each.name not in found)
    return Filled(found, missing, matches=own.matches)


def _each(part: Part, given: Filled, now: datetime) -> list[dict[str, Any]]:
    """The arguments once for each of "Oslo, Rome and Paris" where one of these was found.

    Two such lists make a call for each pair, or in their order where the text says "respectively".
    """
    groups = [each for each in find_groups(part.text, now) if len(each.items) <= _MOST][:_LISTS]
    lists = [found for group in groups if (found := _values(part, given, group, now))]
    names = [name for name, _ in lists]
    columns = [values for _, values in lists]
    zipped = len(set(map(len, columns))) == 1 and "respectively" in part.text
    rows = zip(*columns, strict=True) if zipped else islice(product(*columns), _MOST)
    return [{**given.arguments, **dict(zip(names, row, strict=True))} for row in rows]


def _values(part: Part, given: Filled, group: Span, now: datetime) -> tuple[str, list[Any]] | None:
    """The parameter that a list in words is about, and its value for each of the items."""
    inside = [
        match
        for match in given.matches.values()
        if group.start <= match.span.start and match.span.end <= group.end
    ]
    if len(inside) != 1:
        return None
    parameter, text = inside[0].parameter, part.text
    texts = (
        text[: group.start] + text[each.start : each.end] + text[group.end :]
        for each in group.items
    )
    values = [fill(part.function, each, now=now).arguments.get(parameter.name) for each in texts]
    if parameter.kind == "array":
        values = [[item for value in values for item in value or ()]]
    return None if None in values else (parameter.name, values)


def nearest(text: str, functions: tuple[Function, ...], now: datetime) -> list[Call]:
    """The one call that a text is nearest to, however far it is; none without functions."""
    choice = choose(text, functions, now)
    if choice is None:
        return []
    return [Call(choice.function, choice.filled.arguments, choice.filled.missing)]
