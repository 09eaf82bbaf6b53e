"""Which call was made in the place of which expected one."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

Values = Sequence[Sequence[int]]
"""What it is worth to pair an expected call, a row, with one that was made, a column."""


def paired(values: Values) -> list[int | None]:
    """For each row a column of its own, so that their worth together is the greatest.

    It is the Hungarian method; equal pairings are decided by the order of rows and columns.

    Args:
        values: Of each row and column, none below 0.
    """
    if not values or not values[0]:
        return [None] * len(values)
    if len(values) > len(values[0]):
        turned = paired([list(column) for column in zip(*values, strict=True)])
        rows: list[int | None] = [None] * len(values)
        for column, row in enumerate(turned):
            if row is not None:
                rows[row] = column
        return rows
    owners = _assigned([[-value for value in row] for row in values])
    found: list[int | None] = [None] * len(values)
    for column, row in enumerate(owners[1:]):
        if row:
            found[row - 1] = column
    return found


def _assigned(costs: Values) -> list[int]:
    """For each column, from 1, the row that has it, from 1; 0 where none has."""
    count, width = len(costs), len(costs[0])
    row_worth, column_worth = [0] * (count + 1), [0] * (width + 1)
    owner = [0] * (width + 1)
    for row in range(1, count + 1):
        owner[0], column = row, 0
        least: list[float] = [inf] * (width + 1)
        way, seen = [0] * (width + 1), [False] * (width + 1)
        while owner[column]:
            seen[column] = True
            here, step, following = owner[column], inf, 0
            for each in range(1, width + 1):
                if seen[each]:
                    continue
                cost = costs[here - 1][each - 1] - row_worth[here] - column_worth[each]
                if cost < least[each]:
                    least[each], way[each] = cost, column
                if least[each] < step:
                    step, following = least[each], each
            for each in range(width + 1):
                if seen[each]:
                    row_worth[owner[each]] += int(step)
                    column_worth[each] -= int(step)
                else:
                    least[each] -= step
            column = following
        while column:
            owner[column] = owner[way[column]]
            column = way[column]
    return owner


def in_order(values: Values) -> list[int | None]:
    """`paired`, but so that columns come in the order of rows."""
    count, width = len(values), len(values[0]) if values else 0
    best = [[0] * (width + 1) for _ in range(count + 1)]
    for row in reversed(range(count)):
        for column in reversed(range(width)):
            together = values[row][column] + best[row + 1][column + 1]
            best[row][column] = max(together, best[row + 1][column], best[row][column + 1])
    found: list[int | None] = [None] * count
    row = column = 0
    while row < count and column < width:
        if best[row][column] == values[row][column] + best[row + 1][column + 1]:
            found[row] = column
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return found
