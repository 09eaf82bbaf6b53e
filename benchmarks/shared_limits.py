"""What it costs to keep limits in a database: reserve and settle, in milliseconds.

    python benchmarks/shared_limits.py postgresql://USER@HOST/DATABASE --processes 3

Each request asks for a place, goes out, and its tokens are counted at once: two transactions, where
a process has one request at a time. Side by side they are counted together.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from agentkit.durable.database import Database
from agentkit.durable.limits import DatabaseLimits, create_tables
from agentkit.shared_limits import Rates

ROOMY = Rates(1e9, 1e12)


def measured(address: str, requests: int, threads: int) -> tuple[list[float], float]:
    """The milliseconds of each request, and the requests a second."""
    database = Database(address)
    create_tables(database.engine)
    limits = DatabaseLimits(database.connections(pool_size=5, pool_pre_ping=False))

    def one(_: int) -> float:
        began = time.perf_counter()
        place = limits.place("one key", "benchmark", 500.0, ROOMY, 60.0)
        while not place.is_fresh:
            place.ask()
        place.sent()
        place.answered(400.0, Rates())
        place.flush()
        return (time.perf_counter() - began) * 1000

    one(0)
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        took = list(pool.map(one, range(requests)))
    rate = requests / (time.perf_counter() - began)
    limits.close()
    database.close()
    return took, rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--requests", type=int, default=500, help="of each process")
    given = parser.parse_args()
    if os.environ.get("AGENTKIT_BENCH_PART"):
        print(json.dumps(measured(given.database, given.requests, given.threads)))
        return
    environment = {**os.environ, "AGENTKIT_BENCH_PART": "1"}
    command = [sys.executable, *sys.argv]
    parts = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(given.processes)
    ]
    came = [json.loads(part.communicate()[0]) for part in parts]
    took = sorted(each for part, _ in came for each in part)
    rate = sum(rate for _, rate in came)
    p99 = took[int(len(took) * 0.99)]
    print(
        f"{given.processes} processes, {given.threads} side by side: median "
        f"{statistics.median(took):.2f} ms, 99 % within {p99:.2f} ms, {rate:.0f} requests a second"
    )


if __name__ == "__main__":
    main()
