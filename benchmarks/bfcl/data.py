"""Rows to score: a prompt, the functions that are offered, and the calls that are right."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

DATA = Path(__file__).parent / "data"
CATEGORIES = (
    "simple_python",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
    "live_relevance",
    "live_irrelevance",
)
"""What can be scored of the leaderboard: one request a row, judged by the calls alone."""


@dataclass(frozen=True)
class Row:
    """One question.

    Args:
        id: Its name, for who reads what went wrong.
        category: The name of its file.
        messages: What the model is told, as chat completions spells it.
        functions: What it may call, with BFCL's type words or JSON schema's.
        accepted: The calls that are right, `{function: {parameter: [accepted values]}}`; `""` among
            the values means that the parameter may be left out. Empty where no call is right.
    """

    id: str
    category: str
    messages: list[dict[str, Any]]
    functions: list[dict[str, Any]]
    accepted: list[dict[str, dict[str, list[Any]]]]

    @cached_property
    def key(self) -> str:
        """Stands for what is asked, so that another wording is not taken for the same row."""
        asked = json.dumps([self.id, self.messages, self.functions])
        return sha256(asked.encode()).hexdigest()[:16]

    @property
    def prompt(self) -> str:
        """What the user said last."""
        return str(self.messages[-1]["content"])


def read_rows(
    place: Path = DATA, categories: Sequence[str] = (), limit: int | None = None, seed: int = 0
) -> list[Row]:
    """The rows of a directory, category by category.

    Args:
        place: Holds `<category>.jsonl` or `.jsonl.gz`, or what the leaderboard has:
            `BFCL_v4_<category>.json`, and answers of the same name under `possible_answer/`.
        categories: Those wanted; if not given, all that are there.
        limit: The most rows of each, drawn at random.
        seed: What is drawn depends on this alone.

    Raises:
        SystemExit: A file is missing or cannot be read.
    """
    files = _files(place)
    unknown = [each for each in categories if each not in files]
    if unknown or not files:
        there = ", ".join(files) or "none"
        raise SystemExit(
            f"{place} has no data for {', '.join(unknown) or 'any category'}: {there}."
        )
    found: list[Row] = []
    for category in categories or files:
        rows = list(_rows(category, files[category]))
        if limit is not None and limit < len(rows):
            drawn = sorted(Random(f"{seed} {category}").sample(range(len(rows)), limit))
            rows = [rows[index] for index in drawn]
        found += rows
    return found


def _files(place: Path) -> dict[str, Path]:
    """The files by category, the leaderboard's categories first and in its order."""
    own = {each.name.partition(".")[0]: each for each in sorted(place.glob("*.jsonl*"))}
    official = {
        category: each
        for category in CATEGORIES
        for each in sorted(place.glob(f"BFCL_v[0-9]*_{category}.json"))
        if each.name.split("_", 2)[2] == f"{category}.json"
    }
    found = official | own
    ordered = sorted(found, key=lambda name: (*CATEGORIES, name).index(name))
    return {category: found[category] for category in ordered}


def _rows(category: str, file: Path) -> Iterator[Row]:
    """The rows of a file, which in the leaderboard's layout has the answers in another."""
    answers = file.parent / "possible_answer" / file.name
    accepted = {each["id"]: each["ground_truth"] for each in _objects(answers)}
    for number, line in enumerate(_objects(file), 1):
        try:
            yield Row(
                id=line["id"],
                category=category,
                messages=line["messages"] if "messages" in line else _only_turn(line["question"]),
                functions=line["function"] if "question" in line else line["functions"],
                accepted=line.get("ground_truth", accepted.get(line["id"], [])),
            )
        except KeyError as error:
            raise SystemExit(f"{file}, row {number}: it has no {error}.") from error
        except ValueError as error:
            raise SystemExit(f"{file}, row {number}: {error}") from error


def _only_turn(turns: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    if len(turns) != 1:
        raise ValueError(f"it has {len(turns)} turns, and rows of one are scored.")
    return turns[0]


def _objects(file: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file's lines; none where there is no file."""
    if not file.exists():
        return
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        for number, line in enumerate((each for each in lines if each.strip()), 1):
            try:
                found = json.loads(line)
            except ValueError as error:
                raise SystemExit(f"{file}, row {number}: {error}") from error
            if not isinstance(found, dict):
                raise SystemExit(f"{file}, row {number}: it is no JSON object.")
            yield found
