"""What a row of a batch costs beside a bare loop, and what memory many rows take.

    python benchmarks/batch.py              # 5,000 rows each way; up to 100,000 by the command
    python benchmarks/batch.py --rows 500 --sizes 1000 5000

The model answers at once within the process, so that what is measured is the client. It fails if an
answer is missing or wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from agentkit import Agent, AssistantMessage, Interface, Request, Response

TIMES = 5  # how often each way is measured
AGENT = """
import sys
sys.path.insert(0, {here!r})
from batch import Instant
from agentkit import Agent
agent = Agent((), Instant())
"""
PEAK = """
import sys
from agentkit.cli import main
try:
    main(sys.argv[1:])
finally:
    lines = open("/proc/self/status", encoding="utf-8")
    print(next(line for line in lines if line.startswith("VmHWM")), file=sys.stderr)
"""


class Instant(Interface):
    """Says at once what it was told."""

    name = "instant"

    def send(self, request: Request) -> Response:
        """The last message."""
        return Response(message=AssistantMessage(str(request.messages[-1].content)))

    async def asend(self, request: Request) -> Response:
        """`send`, awaited."""
        return self.send(request)


def prompts(count: int) -> Iterator[str]:
    """Prompts of ordinary length."""
    return (f"{number}: {'a word ' * 40}" for number in range(count))


def ways(journal: str) -> dict[str, Callable[[Agent[str], int], list[str]]]:
    """Each way to run all prompts, and what it gives."""

    async def awaited(agent: Agent[str], count: int) -> list[str]:
        return [(await agent.arun(each)).output for each in prompts(count)]

    async def amap(agent: Agent[str], count: int) -> list[str]:
        return [each.output async for each in agent.amap(prompts(count), concurrency=50)]

    def kept_alone(_: Agent[str], count: int) -> list[str]:
        agent, run_id = Agent((), Instant(), journal=journal), f"{time.time()}"
        return [agent.run(p, run_id=f"{run_id}:{n}").output for n, p in enumerate(prompts(count))]

    def kept(_: Agent[str], count: int) -> list[str]:
        agent, run_id = Agent((), Instant(), journal=journal), f"{time.time()}"
        items = ({"prompt": p, "run_id": f"{run_id}:{n}"} for n, p in enumerate(prompts(count)))
        return [each.output for each in agent.map(items, concurrency=50)]

    return {
        "for prompt: agent.run": lambda agent, n: [agent.run(p).output for p in prompts(n)],
        "for prompt: await agent.arun": lambda agent, n: asyncio.run(awaited(agent, n)),
        "agent.map": lambda agent, n: [o.output for o in agent.map(prompts(n), concurrency=50)],
        "agent.amap": lambda agent, n: asyncio.run(amap(agent, n)),
        "for prompt: agent.run with a journal": kept_alone,
        "agent.map with a journal": kept,
    }


def microseconds(rows: int, journal: str) -> dict[str, float]:
    """What a row costs each way."""
    agent, expected = Agent((), Instant()), list(prompts(rows))
    spent: dict[str, list[float]] = {}
    for _ in range(TIMES):  # whatever else the machine does falls on all alike
        for name, way in ways(journal).items():
            begun = time.perf_counter()
            found = way(agent, rows)
            spent.setdefault(name, []).append((time.perf_counter() - begun) / rows * 1e6)
            if found != expected:
                raise SystemExit(f"{name} gives wrong answers")
    return {name: round(median(each), 1) for name, each in spent.items()}


def command(place: Path, rows: int) -> list[dict[str, float | str]]:
    """Seconds and kB of `agentkit batch` over so many rows, and of the same once all are done."""
    (place / "mine.py").write_text(AGENT.format(here=str(Path(__file__).parent)), encoding="utf-8")
    lines = "".join(json.dumps({"prompt": each}) + "\n" for each in prompts(rows))
    (place / f"{rows}.jsonl").write_text(lines, encoding="utf-8")
    given = ["batch", f"{rows}.jsonl", "--agent", "mine.py:agent", "-o", f"{rows}.out", "-c", "50"]
    found: list[dict[str, float | str]] = []
    for kind in ("new", "done before"):
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *given],
            capture_output=True,
            text=True,
            cwd=place,
            check=True,
        )
        seconds = time.perf_counter() - begun
        with (place / f"{rows}.out").open(encoding="utf-8") as answers:
            whole = sum(json.loads(line)["state"] == "done" for line in answers)
        if whole != rows:
            raise SystemExit(f"{rows - whole} rows have no answer")
        peak = int(done.stderr.split()[-2])
        found.append(
            {
                "rows": rows,
                "kind": kind,
                "seconds": round(seconds, 1),
                "us_per_row": round(seconds / rows * 1e6),
                "peak_kB": peak,
            }
        )
    return found


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(microseconds(given.rows, str(Path(place) / "runs.db"))))
        for rows in given.sizes:
            for each in command(Path(place), rows):
                print(json.dumps(each))


if __name__ == "__main__":
    main()
