"""One measurement, by the Python that has the contender's library; prints it as a line of JSON.

python benchmarks/worker.py CONTENDER WORKLOAD http://127.0.0.1:PORT [steps=10 ...]
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module

import workloads


def main(contender: str, workload: str, address: str, *sizes: str) -> None:
    """Carry a workload out, and say what it cost."""
    stage = workloads.Stage(import_module(f"contenders.{contender}"), address)
    given = {name: int(value) for name, _, value in (each.partition("=") for each in sizes)}
    if workload in stage.module.Contender.lacks:
        print(json.dumps({"lacks": workload}))
    else:
        print(json.dumps(asyncio.run(getattr(workloads, workload)(stage, **given))))


if __name__ == "__main__":
    main(*sys.argv[1:])
