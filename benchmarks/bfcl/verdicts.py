"""Has the leaderboard's own checker judge thousands of calls, and keeps its verdicts for the tests.

    python -m venv .official
    .official/bin/pip install --no-deps bfcl-eval==2026.3.23
    python -m benchmarks.bfcl.verdicts .official/lib/python3.*/site-packages

Of that package nothing but the checker's code is run; the leaderboard's data, of which one half is
kept from those who write rules, lies beside it and is not opened.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from .checker import problem
from .data import Row, read_rows
from .mutations import Calls, attempts

TESTS = Path(__file__).parents[2] / "tests" / "bfcl"
STORED = TESTS / "official_verdicts.jsonl.gz"
Verdict = Callable[[Row, Calls], bool]
_CHANGED = 5  # of the changed calls, for each row of the leaderboard
_OF_ODD_ONES = 250  # for each row that was made up, with what the leaderboard has rarely or never


def official(place: str) -> Verdict:
    """The checker of a copy of bfcl-eval.

    Its table of models needs the libraries of all their providers. A table of one model stands in
    for it: one whose server takes no dots in names, as those that agentkit speaks with.
    """
    sys.path.insert(0, place)
    models = ModuleType("bfcl_eval.constants.model_config")
    vars(models)["MODEL_CONFIG_MAPPING"] = {"any": SimpleNamespace(underscore_to_dot=True)}
    sys.modules[models.__name__] = models
    checker = import_module("bfcl_eval.eval_checker.ast_eval.ast_checker")
    python = import_module("bfcl_eval.constants.enums").Language.PYTHON

    def verdict(row: Row, calls: Calls) -> bool:
        given: tuple[Any, ...] = (row.functions, calls, row.accepted, python)
        try:
            return bool(checker.ast_checker(*given, row.category, "any")["valid"])
        except AttributeError:  # it takes for granted that each item of a list of dicts is one
            return False

    return verdict


def judged(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """For each row that has right calls: what is right by the verdict, and what is wrong."""
    odd = _odd_rows()
    for row in (*odd, *read_rows()):
        if row.accepted:
            found: dict[bool, list[Calls]] = {True: [], False: []}
            for calls in attempts(row, _OF_ODD_ONES if row in odd else _CHANGED):
                found[verdict(row, calls)].append(calls)
            yield {"id": row.id, "right": found[True], "wrong": found[False]}


def _odd_rows() -> list[Row]:
    return read_rows(TESTS / "odd_rows")


def main() -> None:
    """Store the verdicts, and tell where ours differ."""
    lines = list(judged(official(sys.argv[1])))
    text = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines)
    STORED.write_bytes(gzip.compress(text.encode(), mtime=0))
    counts = {kind: sum(len(each[kind]) for each in lines) for kind in ("right", "wrong")}
    print(f"{counts}, {STORED.stat().st_size:,} bytes in {STORED.name}")
    for row, calls, why in differing(lines):
        print(f"differs: {row.id} {json.dumps(calls)}: {why or 'right'}")


def differing(lines: list[dict[str, Any]]) -> Iterator[tuple[Row, Calls, str]]:
    """What our checker judges otherwise, with what it says."""
    rows = {row.id: row for row in (*_odd_rows(), *read_rows())}
    for line in lines:
        row = rows[line["id"]]
        for kind in ("right", "wrong"):
            for calls in line[kind]:
                why = problem(row.functions, calls, row.accepted)
                if (kind == "right") == bool(why):
                    yield row, calls, why


if __name__ == "__main__":
    main()
