"""What the service costs: requests a second, how long they take, and memory.

    python benchmarks/serve.py
    python benchmarks/serve.py --clients 1 50 200 --requests 2000

The model answers at once, in the service's own process, so that what is measured is HTTP, the agent
and the journal. A request is a chat completion with two requests to the model and one call of a
tool. The service, its clients, and who looks at /healthz meanwhile are processes of their own, on
the same machine: `health` is the 99th percentile and the longest of these looks, which is how long
the service's event loop is busy with something else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from journal import Instant, note

from agentkit import Agent
from agentkit.direct import AsyncDirectTransport
from agentkit.serve import Service

_BODY = {"model": "agent", "messages": [{"role": "user", "content": "Note a line."}]}
_LOOK = 0.02  # seconds between looks at the health


def be_service(journal: str) -> None:
    """Serve, in the process that is measured."""
    agent = Agent([note], Instant(1))
    service = Service(agent, journal=journal, rate=None, concurrency=1_000)
    service.run("127.0.0.1", 0, ready=lambda address: print(address, flush=True))


async def measured(address: str, clients: int, requests: int, stream: bool) -> dict[str, Any]:
    """Ask so many times, from so many clients at once."""
    lean = AsyncDirectTransport()  # httpx's own pool looks at all its connections for each request
    took: list[float] = []
    left = iter(range(requests))
    async with httpx.AsyncClient(base_url=address, transport=lean, timeout=120.0) as http:

        async def ask() -> None:
            for _ in left:
                begun = time.perf_counter()
                reply = await http.post("/v1/chat/completions", json={**_BODY, "stream": stream})
                took.append(time.perf_counter() - begun)
                assert reply.status_code == 200, reply.text
                assert "Done." in reply.text, reply.text

        look = [sys.executable, __file__, "--look", address]
        looking = subprocess.Popen(look, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        begun = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(clients)))
        seconds = time.perf_counter() - begun
        health = json.loads(looking.communicate()[0])
    took.sort()
    return {
        "clients": clients,
        "streamed": stream,
        "requests a second": round(requests / seconds, 1),
        "median ms": round(took[len(took) // 2] * 1000, 1),
        "p99 ms": round(took[int(len(took) * 0.99)] * 1000, 1),
        "health ms": health,
    }


def look(address: str) -> None:
    """Look at the health until nobody listens any more; print percentile and longest, in ms."""
    took = []
    with httpx.Client(base_url=address, timeout=120.0) as http:
        while not select.select([sys.stdin], [], [], _LOOK)[0]:
            begun = time.perf_counter()
            http.get("/healthz").raise_for_status()
            took.append(time.perf_counter() - begun)
    took.sort()
    found = (took[int(len(took) * 0.99)], took[-1])
    print(json.dumps([round(each * 1000, 1) for each in found]))


def cpu(pid: int) -> float:
    """Milliseconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Megabytes that a process has in memory."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> None:
    """Measure, and print a line of JSON for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 50, 200])
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--be-service", metavar="JOURNAL")
    parser.add_argument("--look", metavar="ADDRESS")
    given = parser.parse_args()
    if given.be_service:
        be_service(given.be_service)
        return
    if given.look:
        look(given.look)
        return
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, __file__, "--be-service", f"{place}/runs.db"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            print(json.dumps({"idle MB": round(memory(process.pid), 1)}))
            for stream in (False, True):
                for clients in given.clients:
                    before = cpu(process.pid)
                    found = asyncio.run(measured(address, clients, given.requests, stream))
                    found["CPU ms a request"] = round(
                        (cpu(process.pid) - before) / given.requests, 2
                    )
                    print(json.dumps({**found, "MB": round(memory(process.pid), 1)}), flush=True)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
