"""One run of 20 steps that is killed now and then: begun or resumed by test_kill.py.

Runs with an even number are awaited, so that both loops are killed.
"""

import asyncio
import fcntl
import os
import sys
import time
from pathlib import Path

from agentkit import Agent, Context, Interface, Limits, tool
from agentkit.journal import Journal
from agentkit.messages import AssistantMessage, FunctionCall, Request, Response, ResultMessage

STEPS = 20


class Counting(Interface):
    """A model that asks for one call after the other, by how many results it sees."""

    name = "counting"

    def __init__(self, log: str) -> None:
        self.log = log

    def send(self, request: Request) -> Response:
        number = sum(isinstance(each, ResultMessage) for each in request.messages)
        append(self.log, f"{number}")
        if number >= STEPS:
            return Response(message=AssistantMessage("All is done."))
        name = ("post", "look", "twice")[number % 3]
        calls = (FunctionCall(name, f'{{"n": {number}}}'),)
        return Response(message=AssistantMessage(None, calls))

    async def asend(self, request: Request) -> Response:
        return self.send(request)


def append(path: str, line: str) -> None:
    with open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(line + "\n")


def main(place: str, run_id: str, begin: bool) -> None:
    posted = f"{place}/{run_id}.posted"

    @tool
    def post(n: int, context: Context[None]) -> str:
        """Post something; not to be done twice."""
        append(posted, context.call_key)
        time.sleep(0.001)
        return f"posted {n}"

    @tool(read_only=True)
    def look(n: int) -> str:
        """Look at something."""
        return f"seen {n}"

    @tool(idempotent=True)
    def twice(n: int) -> str:
        """Do something that may be done twice."""
        return f"done {n}"

    journal = Journal(f"{place}/runs.db")
    model = Counting(f"{place}/{run_id}.asked")
    agent = Agent([post, look, twice], model, journal=journal, limits=Limits(steps=None))
    assert agent.toolbox.definitions  # which import pydantic: it is the run that is to be killed
    print("ready", flush=True)
    if int(run_id[1:]) % 2:
        run = agent.run("Go", run_id=run_id) if begin else agent.resume(run_id)
    else:
        run = asyncio.run(agent.arun("Go", run_id=run_id) if begin else agent.aresume(run_id))
    while run.pending:  # a person looks whether it was posted
        (call,) = run.pending
        done = Path(posted).read_text(encoding="utf-8").split() if os.path.exists(posted) else []
        key = next(k for k in keys_of(run) if k[1] == call.id)[0]
        run = run.answer(call, "posted, as the list shows") if key in done else run.approve(call)
        run = agent.run(after=run)
    print(run.output, flush=True)


def keys_of(run):
    """The call_key of each call of the last response, with its id."""
    ordinal = sum(isinstance(each, AssistantMessage) for each in run.messages)
    last = [each for each in run.messages if isinstance(each, AssistantMessage)][-1]
    return [(f"{run.id}:{ordinal}:{index}", call.id) for index, call in enumerate(last.calls)]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] == "begin")
