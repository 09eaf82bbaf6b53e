"""A service in a process of its own, which the tests kill: `python process.py JOURNAL NOTES`.

Its model calls `note` (which may not run twice), then `wait` (which ends when NOTES.go is there and
may be repeated), and says then what is in NOTES.
"""

import asyncio
import sys
from pathlib import Path

from agentkit import Agent, tool
from agentkit.interface import Interface
from agentkit.messages import AssistantMessage, FunctionCall, Response, Usage
from agentkit.serve import Service

journal, notes = sys.argv[1], Path(sys.argv[2])
grace = float(sys.argv[3]) if len(sys.argv) > 3 else 0.2


@tool
def note(text: str) -> str:
    """Note a text."""
    with notes.open("a") as file:
        file.write(f"{text}\n")
    return "noted"


@tool(idempotent=True)
async def wait() -> str:
    """Wait."""
    with notes.open("a") as file:
        file.write("waits\n")
    while not notes.with_suffix(".go").exists():
        await asyncio.sleep(0.01)
    return "waited"


class Model(Interface):
    name = "staged"

    def send(self, request):
        done = sum(each.role == "function" for each in request.messages)
        said = (FunctionCall("note", '{"text": "once"}'), FunctionCall("wait"))
        calls = said[done : done + 1]
        message = AssistantMessage(None if calls else notes.read_text(), calls)
        return Response(message=message, model="staged", usage=Usage(1, 1))

    async def asend(self, request):
        return self.send(request)


Service({"helper": Agent([note, wait], Model())}, journal=journal, grace=grace).run(
    "127.0.0.1", 0, ready=lambda address: print(address, flush=True)
)
print("stopped", flush=True)
