"""Asks a server as fast as its shared limits allow, until its time is over."""

import asyncio
import json
import sys
import time
from contextlib import suppress
from typing import Any

import agentkit.pace
import agentkit.paced
from agentkit import Agent, InterfaceError
from agentkit.durable.database import Database
from agentkit.durable.limits import DatabaseLimits, create_tables
from agentkit.interfaces import open_interface
from agentkit.shared_limits import sharing


async def main(given: dict[str, Any]) -> None:
    agentkit.pace.MINUTE = agentkit.paced.MINUTE = given["minute"]
    engine = Database(given["database"]).engine
    create_tables(engine)
    limits = DatabaseLimits(engine, minute=given["minute"], slack=given["slack"])
    server: dict[str, Any] = {"api_key": "gsk_" + "x" * 40, "base_url": given["server"]}
    interface = open_interface("groq", attempts=1, **server, **given["limits"])
    agent = Agent([], interface)
    end = time.monotonic() + given["seconds"]

    async def ask_on(number: int) -> None:
        count = 0
        while time.monotonic() < end:
            count += 1
            words = "word " * ((number * 37 + count * 101) % 300)
            try:
                await agent.arun(f"{given['name']} {number} {count} {words}")
            except InterfaceError as error:
                print(error, file=sys.stderr)

    with suppress(TimeoutError), sharing(limits):
        async with asyncio.timeout(given["seconds"]):
            await asyncio.gather(*map(ask_on, range(given["side_by_side"])))


asyncio.run(main(json.loads(sys.argv[1])))
