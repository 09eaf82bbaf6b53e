"""What a journal costs: microseconds an event for one run, and events a second for many at once.

    python benchmarks/journal.py                # one run, then 8 processes with 50 runs each
    python benchmarks/journal.py --processes 2 --runs 10 --steps 5

The model answers at once, so that what is measured is the client. It fails if an event is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from agentkit import (
    Agent,
    AssistantMessage,
    FunctionCall,
    Interface,
    Limits,
    Request,
    Response,
    tool,
)
from agentkit.messages import ResultMessage

TIMES = 9  # how often the single run is measured


class Instant(Interface):
    """Asks for so many calls, one after the other, and then is done."""

    name = "instant"

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def send(self, request: Request) -> Response:
        """The next call, by how many results there are."""
        number = sum(isinstance(each, ResultMessage) for each in request.messages)
        if number >= self._steps:
            return Response(message=AssistantMessage("Done."))
        call = FunctionCall("note", json.dumps({"number": number}))
        return Response(message=AssistantMessage(None, (call,)))

    async def asend(self, request: Request) -> Response:
        """`send`, awaited."""
        return self.send(request)


@tool(idempotent=True)
def note(number: int) -> str:
    """Note a number."""
    return f"{number} is noted. " + "It is a result of ordinary length, as tools give them. " * 4


def agent(steps: int, journal: str) -> Agent[str]:
    """The agent that is measured."""
    return Agent([note], Instant(steps), journal=journal, limits=Limits(steps=None))


def events_of(steps: int) -> int:
    """Begin, end, a request and a response for each step and the last, a call and a result."""
    return 2 + 2 * (steps + 1) + 2 * steps


def one_run(place: Path, steps: int) -> dict[str, float]:
    """What an event of a single run costs over the same run without a journal."""

    def seconds(journal: str) -> float:
        one = agent(steps, journal)
        one.run("Go")
        spent = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            one.run("Go")
            spent.append(time.perf_counter() - begun)
        return median(spent)

    bare, kept = seconds(""), seconds(str(place / "one.db"))
    events = events_of(steps)
    return {
        "steps": steps,
        "without_journal_ms": round(bare * 1e3, 2),
        "with_journal_ms": round(kept * 1e3, 2),
        "us_per_event": round((kept - bare) / events * 1e6, 1),
    }


def many_runs(place: Path, processes: int, runs: int, steps: int) -> dict[str, float]:
    """Events a second where many processes write to one file, each with many runs at once."""
    path = place / "many.db"
    command = [sys.executable, __file__, "--worker", str(path), "--runs", str(runs)]
    begun = time.perf_counter()
    workers = [
        subprocess.Popen([*command, "--steps", str(steps)], stderr=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    errors = [worker.communicate()[1] for worker in workers]
    seconds = time.perf_counter() - begun
    with closing(sqlite3.connect(path)) as connection:
        (events,) = connection.execute("SELECT count(*) FROM events").fetchone()
        (done,) = connection.execute("SELECT count(*) FROM runs WHERE state = 'done'").fetchone()
        (whole,) = connection.execute("PRAGMA integrity_check").fetchone()
    expected = (processes * runs, processes * runs * events_of(steps), "ok", "")
    found = (done, events, whole, "".join(errors))
    if found != expected:
        raise SystemExit(f"something is lost: {found}, not {expected}")
    return {
        "processes": processes,
        "runs_each": runs,
        "events": events,
        "seconds": round(seconds, 2),
        "events_per_second": round(events / seconds),
        "bytes_per_event": round(path.stat().st_size / events),
    }


async def work(path: str, runs: int, steps: int) -> None:
    """The runs of one process, all at once."""
    one = agent(steps, path)
    await asyncio.gather(*(one.arun("Go") for _ in range(runs)))


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--runs", type=int, default=50, help="in each process, at once")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        asyncio.run(work(given.worker, given.runs, given.steps))
        return
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(one_run(Path(place), given.steps)))
        print(json.dumps(many_runs(Path(place), given.processes, given.runs, given.steps)))


if __name__ == "__main__":
    main()
