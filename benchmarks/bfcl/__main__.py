"""Scores a model by the rules of the Berkeley Function-Calling Leaderboard.

python -m benchmarks.bfcl                                   # the offline model
python -m benchmarks.bfcl --interface groq --model large    # a server's
python -m benchmarks.bfcl --data DIR                        # the whole leaderboard, or your own
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from agentkit import AgentkitError, Request, open_interface
from agentkit.cli.running import read_options

from .asking import Asker, Reply
from .data import DATA, Row, read_rows
from .kept import replies
from .scores import judge, scores, table


def main() -> None:
    """Read the command line, ask, judge and tell."""
    given = _given()
    rows = read_rows(given.data, given.category, given.limit, given.seed)
    try:
        found = _replies(given, rows)
    except AgentkitError as error:
        raise SystemExit(f"bfcl: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit("bfcl: stopped. With --results the same command goes on.") from None
    judged = [judge(row, found[row.key]) for row in rows]
    if given.failures:
        wrong = (json.dumps(each.to_dict(), ensure_ascii=False) for each in judged if each.problem)
        given.failures.write_text("".join(f"{line}\n" for line in wrong), encoding="utf-8")
    made = scores(judged)
    print(json.dumps([asdict(each) for each in made], indent=2) if given.json else table(made))


def _replies(given: argparse.Namespace, rows: Sequence[Row]) -> dict[str, Reply]:
    options = read_options(given.option, stream=False, as_json=True)
    with closing(open_interface(given.interface, dialect=given.dialect)) as interface:
        interface.check(Request(messages=(), model=given.model, options=options))
        asker = Asker(interface, given.model, given.dialect == "functions", options)
        found: dict[str, Reply] = {}
        for reply in replies(asker, rows, given.concurrency, given.results):
            found[reply.key] = reply
            if sys.stderr.isatty():
                print(f"\r{len(found)} of {len(rows)}", end="", file=sys.stderr, flush=True)
    return found


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bfcl",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--interface", default="offline", help="as in open_interface")
    add("--model", default="default", help="an alias or a full name")
    add("--dialect", default="tools", choices=["tools", "functions"])
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="of the model")
    add("--data", type=Path, default=DATA, metavar="DIR", help="rows to score")
    add("--category", action="append", default=[], help="may be given several times")
    add("--limit", type=_positive, help="the most rows of a category, drawn at random")
    add("--seed", type=int, default=0, help="of what is drawn")
    add("--concurrency", type=_positive, default=10, help="requests side by side")
    add("--results", type=Path, metavar="FILE", help="keeps replies; the same again goes on")
    add("--failures", type=Path, metavar="FILE", help="gets a line of JSON for each wrong row")
    add("--json", action="store_true", help="print JSON and no table")
    return parser.parse_args()


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    main()
