"""A worker of the campaigns: a process that carries out runs until it is killed, or told to stop.

Its tools are witnesses: each writes into a file of its own when it begins and when it ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from typing import Any

from agentkit import Agent, Context, HTTPInterface, Tool, tool
from agentkit.durable import Engine


def log(place: str, *words: object) -> None:
    """Append a line to the tools' log, and have it on the disk before anything else happens."""
    line = " ".join(map(str, (time.time(), os.getpid(), *words))) + "\n"
    file = os.open(f"{place}/tools.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.fsync(file)
    os.close(file)


def tools_of(place: str, pause: float) -> list[Tool]:
    """What the runs of the campaigns call; `pause` is how long each call takes, in seconds."""

    @tool
    def post(n: int, context: Context[Any]) -> str:
        """Post something; not to be done twice."""
        log(place, "begin", "post", context.call_key)
        time.sleep(pause)
        log(place, "end", "post", context.call_key)
        return f"posted {n}"

    @tool(read_only=True)
    async def look(n: int, context: Context[Any]) -> str:
        """Look at something."""
        log(place, "begin", "look", context.call_key)
        await asyncio.sleep(pause)
        log(place, "end", "look", context.call_key)
        return f"seen {n}"

    @tool(idempotent=True)
    def twice(n: int, context: Context[Any]) -> str:
        """Do something that may be done twice."""
        log(place, "begin", "twice", context.call_key)
        time.sleep(pause)
        log(place, "end", "twice", context.call_key)
        return f"done {n}"

    @tool(idempotent=True)
    async def wait(n: int, context: Context[Any]) -> str:
        """Wait for long."""
        log(place, "begin", "wait", context.call_key)
        try:
            await asyncio.sleep(30)
        finally:
            log(place, "end", "wait", context.call_key)
        return f"waited {n}"

    @tool(idempotent=True)
    def sleep(n: int, context: Context[Any]) -> str:
        """Sleep for long, in a thread."""
        log(place, "begin", "sleep", context.call_key)
        time.sleep(30)
        return f"slept {n}"

    return [post, look, twice, wait, sleep]


def changed(tools: list[Tool]) -> list[Tool]:
    """The tools of an agent that was changed without another version."""

    @tool
    def fetch(url: str) -> str:
        """What the agent learned since."""
        return url

    return [*tools, fetch]


def engine_of(address: str, place: str, url: str, **given: Any) -> Engine:
    """The engine that workers and campaigns have."""
    interface = HTTPInterface("groq", api_key="gsk_campaign", base_url=url, dialect="tools")
    tools = tools_of(place, given.get("pause", 0.02))
    agent = Agent(
        changed(tools) if given.get("changed") else tools,
        interface,
        name="poster",
        approval=given.get("approval", "ask_for_destructive"),
    )
    return Engine(address, [agent], version=given.get("version", "1"))


def main(settings: dict[str, Any]) -> None:
    engine = engine_of(**settings["engine"])
    worker = engine.worker(concurrency=settings["concurrency"], grace=settings["grace"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with worker:
        print(worker.id, flush=True)
        worker.wait()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
