"""Fits the weights by which the offline model chooses a function: `agentkit/offline/rank.py`.

python -m benchmarks.bfcl.weights

Each row is a choice between its functions and none of them: a logistic regression, with a penalty
on large weights lest they fit this data only. Rows that offer the same functions count less each.
How often the weights are right is told for rows that they were not fitted to: a fifth at a time,
those that offer the same functions together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import pstdev
from zlib import crc32

from agentkit.offline.evidence import FEATURES, by_arguments, by_words, read, read_vocabulary
from agentkit.offline.fill import fill
from agentkit.offline.heard import hear
from agentkit.offline.schemas import read_functions

from .data import Row, read_rows
from .definitions import definitions, sent_name

_PENALTY = 10.0
_ALIKE = 0.4  # rows of n that offer the same functions count n ** -0.4 each
_FOLDS = 5
_STEPS = 8  # of Newton's method, which has converged by then
Vector = list[float]


@dataclass(frozen=True)
class Example:
    """What speaks for each function of a row, ending in 1.0, and which of them is right."""

    category: str
    fold: int
    weight: float
    evidence: list[Vector]
    right: int | None


def main() -> None:
    """Fit, and tell the weights and how often they are right."""
    rows = [row for row in read_rows() if "parallel" not in row.category]
    examples = list(_examples(rows))
    scale = _scale(examples)
    others = [_fit([e for e in examples if e.fold != fold], scale) for fold in range(_FOLDS)]
    for category in dict.fromkeys(row.category for row in rows):
        found = [_is_right(e, others[e.fold]) for e in examples if e.category == category]
        print(f"{category:20}{100 * sum(found) / len(found):6.1f} % right")
    fitted = _fit(examples, scale)
    for name, weight in zip((*FEATURES, "start"), fitted, strict=True):
        print(f"{name:20}{weight:6.2f}")


def _examples(rows: Sequence[Row]) -> Iterator[Example]:
    alike = Counter(_offered(row) for row in rows)
    for row in rows:
        named = [sent_name(name) for call in row.accepted for name in call]
        tools = [each.to_dict() for each in definitions(row)]
        functions = read_functions({"functions": tools})
        reading = read(
            hear(row.prompt, frozenset(w for each in functions for w in each.words)),
            read_vocabulary(functions),
        )
        evidence = [
            [*by_words(reading, f), *by_arguments(f, fill(f, row.prompt)), 1.0] for f in functions
        ]
        right = next((i for i, each in enumerate(functions) if each.name in named), None)
        offered = _offered(row)
        fold = crc32(offered.encode()) % _FOLDS
        yield Example(row.category, fold, alike[offered] ** -_ALIKE, evidence, right)


def _offered(row: Row) -> str:
    return " ".join(sorted(each["name"] for each in row.functions))


def _is_right(example: Example, weights: Vector) -> bool:
    """Whether the best function is the right one, or none is good enough where none is right."""
    scores = [_dot(weights, numbers) for numbers in example.evidence]
    best = max(range(len(scores)), key=lambda i: scores[i])
    return (best if scores[best] > 0 else None) == example.right


def _scale(examples: Sequence[Example]) -> Vector:
    """How far each number spreads; that which is always 1.0, or 0.0, counts as it is."""
    numbers = (numbers for each in examples for numbers in each.evidence)
    return [pstdev(column) or 1.0 for column in zip(*numbers, strict=True)]


def _fit(examples: Sequence[Example], scale: Vector) -> Vector:
    """The weights that make the right choices likeliest, by Newton's method."""
    size = len(scale)
    weights = [0.0] * size
    for _ in range(_STEPS):
        slope = [_PENALTY * w * s * s for w, s in zip(weights, scale, strict=True)]
        curve = [[0.0] * size for _ in range(size)]
        for i, s in enumerate(scale):
            curve[i][i] = _PENALTY * s * s
        for each in examples:
            _add(each, weights, slope, curve)
        step = _solved(curve, slope)
        weights = [w - s for w, s in zip(weights, step, strict=True)]
    return weights


def _add(example: Example, weights: Vector, slope: Vector, curve: list[Vector]) -> None:
    """Add an example's part of the loss's first and second derivatives."""
    powers = [math.exp(min(50.0, _dot(weights, numbers))) for numbers in example.evidence]
    chances = [power / (1 + sum(powers)) for power in powers]
    columns = range(len(weights))
    mean = [
        sum(p * numbers[i] for p, numbers in zip(chances, example.evidence, strict=True))
        for i in columns
    ]
    for i in columns:
        right = example.evidence[example.right][i] if example.right is not None else 0.0
        slope[i] += example.weight * (mean[i] - right)
        for j in columns:
            curve[i][j] -= example.weight * mean[i] * mean[j]
    for chance, numbers in zip(chances, example.evidence, strict=True):
        for i in columns:
            if numbers[i]:
                part = example.weight * chance * numbers[i]
                for j in columns:
                    curve[i][j] += part * numbers[j]


def _solved(matrix: list[Vector], vector: Vector) -> Vector:
    """x for matrix · x = vector, by elimination; the matrix is positive definite."""
    rows = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    for i, pivot in enumerate(rows):
        pivot[:] = [x / pivot[i] for x in pivot]
        for row in rows:
            if row is not pivot and row[i]:
                factor = row[i]
                row[:] = [x - factor * y for x, y in zip(row, pivot, strict=True)]
    return [row[-1] for row in rows]


def _dot(weights: Vector, numbers: Vector) -> float:
    return sum(w * x for w, x in zip(weights, numbers, strict=True))


if __name__ == "__main__":
    main()
