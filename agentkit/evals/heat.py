"""Which tool was called in the place of which, as a picture made of a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil

from agentkit.evals.outcome import NO_CALL
from agentkit.evals.report import Confusion
from agentkit.evals.tables import wide
from agentkit.evals.words import called
from agentkit.journal.figures import several
from agentkit.journal.sheet import text

_MOST = 60  # tools in the picture
_MANY = 14  # tools from which on it is drawn smaller
_SHADES = 5


def heat(confusion: Confusion, offered: Collection[str], about: str = "") -> str:
    """A row for each expected tool, with how often each was called in its place.

    A cell is the darker, the greater its share of the row is: green where it is right, red where it
    is not. What did not happen is left blank.

    Args:
        confusion: What was called for what.
        offered: The tools that there are; a model may call others.
        about: What it is of, such as a variant.
    """
    if not any(map(any, confusion.counts)):
        return "<p>No calls are judged in these cases.</p>"
    shown = _most_confused(confusion)
    names = [confusion.names[n] for n in shown]
    heads = "".join(f'<th scope="col"><span>{_name(each, offered)}</span></th>' for each in names)
    rows = "".join(_row(confusion, n, shown, offered) for n in shown)
    label = f"Expected and called tools{about and f', {about}'}"
    kind = "heat many" if len(shown) > _MANY else "heat"
    corner = '<td class="corner"><span>called</span><span>expected</span></td>'
    picture = wide(label, kind, f"{corner}{heads}", rows)
    if more := len(confusion.names) - len(shown):
        picture += f"<p>{several(more, 'tool')} that took less part in confusions are left out.</p>"
    return picture


def _row(confusion: Confusion, row: int, shown: Sequence[int], offered: Collection[str]) -> str:
    counts = confusion.counts[row]
    whole = sum(counts)
    cells = "".join(_cell(counts[column], whole, row == column) for column in shown)
    return f'<tr><th scope="row">{_name(confusion.names[row], offered)}</th>{cells}</tr>'


def _cell(count: int, whole: int, is_right: bool) -> str:
    if not count:
        return '<td class="right"></td>' if is_right else "<td></td>"
    shade = ceil(_SHADES * count / whole)
    return f'<td class="{"right" if is_right else "wrong"} h{shade}">{count:,}</td>'


def _name(name: str, offered: Collection[str]) -> str:
    if name != NO_CALL and offered and name not in offered:
        return f"{text(name)} <i>(no such tool)</i>"
    return f"<i>{called(name)}</i>" if name == NO_CALL else text(name)


def _most_confused(confusion: Confusion) -> list[int]:
    """The places of the tools to show: all, or those that took most part in confusions."""
    part = [0] * len(confusion.names)
    for row, counts in enumerate(confusion.counts):
        for column, count in enumerate(counts):
            if row != column:
                part[row] += count
                part[column] += count
    last = len(part) - 1  # no call
    kept = sorted(range(last), key=lambda n: -part[n])[: _MOST - 1]
    return [*sorted(kept), last]
