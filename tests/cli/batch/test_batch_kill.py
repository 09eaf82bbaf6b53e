"""A batch that is killed at any moment and started again, and what memory many rows take.

`AGENTKIT_BATCH_KILLS` and `AGENTKIT_BATCH_ROWS` say how often and how many; `make test-durable` asks
for 20 kills in 10,000 rows.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing

import pytest
from cli.batch.conftest import prompt_of
from model_server import FunctionCall, results_in
from waiting import until
from warm import python

KILLS = int(os.environ.get("AGENTKIT_BATCH_KILLS", "3"))
ROWS = int(os.environ.get("AGENTKIT_BATCH_ROWS", "200"))
CONCURRENCY = 16
INSTANT = """
from agentkit import Agent, AssistantMessage, Interface, Response

class Instant(Interface):
    def send(self, request):
        return Response(message=AssistantMessage(request.messages[-1].content[::-1]))

    async def asend(self, request):
        return self.send(request)

agent = Agent((), Instant())
"""
MEASURED = """
import sys
from agentkit.cli import main
try:
    main(sys.argv[1:])
finally:
    lines = open("/proc/self/status", encoding="utf-8")
    print(next(line for line in lines if line.startswith("VmHWM")), file=sys.stderr)
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")


def without_coverage(batch):
    """What measures coverage keeps a database of its own, which does not survive a kill."""
    environment = batch.command.environment(batch.environment)
    return {name: value for name, value in environment.items() if "COVERAGE" not in name}


def begun(batch, *arguments):
    given = ("batch", *arguments, "-i", "groq", "--tools", "odd.py:paint", "-c", str(CONCURRENCY))
    return python(
        *("-m", "agentkit", *given),
        stderr=subprocess.PIPE,
        text=True,
        cwd=batch.place,
        env=without_coverage(batch),
    )


def finished(batch):
    """The prompts of rows that the journal has the answers of."""
    with closing(sqlite3.connect(batch.place / "out.jsonl.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = connection.execute("SELECT prompt FROM runs WHERE state = 'done'").fetchall()
    return {prompt for (prompt,) in found}


def wait_for(batch, process, wanted):
    """Wait until a batch has made so many requests, as long as it makes any."""
    while (seen := len(batch.server.requests)) < wanted and process.poll() is None:
        assert until(lambda: len(batch.server.requests) > seen or process.poll() is not None)


@pytest.mark.parametrize("order", ["in order", "unordered"])
def test_a_batch_that_is_killed_goes_on_and_asks_nothing_twice_that_is_done(batch, order):
    batch.server.always = lambda body: (
        f"{prompt_of(body)} is painted"
        if results_in(body)
        else FunctionCall("paint", json.dumps({"word": prompt_of(body)}))
    )
    prompts = [f"row {number}" for number in range(ROWS)]
    batch.write("in.txt", *prompts)
    given = ("in.txt", "-o", "out.jsonl", *(["--unordered"] if order == "unordered" else []))
    chance, done = random.Random(20261129), set()
    for left in range(KILLS, 0, -1):
        before = len(batch.server.requests)
        wanted = before + chance.randint(1, (2 * ROWS - before) // (left + 1) or 1)
        process = begun(batch, *given)
        wait_for(batch, process, wanted)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert not done & set(batch.asked[before:])
        done = finished(batch)
    before = len(batch.server.requests)
    process = begun(batch, *given)
    err = process.communicate(timeout=600)[1]
    rows = batch.rows()

    assert process.returncode == 0, err
    assert 0 < len(done) < ROWS
    assert f"({len(done):,} of them before): {ROWS:,} done" in err
    assert not done & set(batch.asked[before:])
    assert Counter(each["id"] for each in rows) == Counter(range(1, ROWS + 1))
    assert {each["id"]: each["output"] for each in rows} == {
        number: f"{prompt} is painted" for number, prompt in enumerate(prompts, 1)
    }
    assert 2 * ROWS <= len(batch.server.requests) <= 2 * ROWS + KILLS * CONCURRENCY


def peak(batch, name, count):
    """The most memory that a batch takes, in kB."""
    batch.write(f"{name}.txt", *(f"{number} {'word ' * 400}" for number in range(count)))
    given = ("batch", f"{name}.txt", "-o", f"{name}.jsonl", "--agent", "instant.py:agent")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *given],
        capture_output=True,
        text=True,
        cwd=batch.place,
        env=without_coverage(batch),
        check=True,
    )
    return int(done.stderr.split()[-2])


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")
def test_many_rows_take_the_memory_of_few_also_when_they_are_done(batch):
    (batch.place / "instant.py").write_text(INSTANT, encoding="utf-8")
    few, many = peak(batch, "few", 300), peak(batch, "many", 4_000)
    again = peak(batch, "many", 4_000)

    assert len(batch.rows("many.jsonl")) == 4_000
    assert many < few + 8_000  # kB; the prompts alone are 8 MB, and runs are several times that
    assert again < few + 8_000
