"""A journal on a full disk, where nobody may write, and one that many write to at once."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from agentkit import Agent
from agentkit.errors import JournalError
from agentkit.journal import Journal
from agentkit.testing import ScriptedInterface

pytest.importorskip("resource")

FULL = """
import resource, signal, sys
from agentkit import Agent, tool
from agentkit.testing import ScriptedInterface, call

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python itself does; then writing is an error

@tool(max_chars=None)
def read(n: int) -> str:
    if n == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    return "x" * 90_000 + str(n)

model = ScriptedInterface(*[call("read", n=n) for n in range(4)], "Read.")
import logging
logging.basicConfig(format="%(message)s")
print(Agent([read], model, journal=sys.argv[1]).run("Go", run_id="r").output)
"""
MANY = """
import asyncio, sys
from agentkit import Agent, tool
from agentkit.testing import ScriptedInterface, call

@tool
def post(n: int) -> str:
    return f"posted {n}"

async def main():
    runs = [Agent([post], ScriptedInterface(*[call("post", n=n) for n in range(5)], "Done."), journal=sys.argv[1])
            for _ in range(10)]
    await asyncio.gather(*(each.arun("Go", run_id=f"{sys.argv[2]}-{i}") for i, each in enumerate(runs)))

asyncio.run(main())
"""


def begin(script, *arguments):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def counted(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return dict(connection.execute(sql).fetchall())


def test_on_a_full_disk_the_run_gives_its_answer_and_one_error(tmp_path):
    path = tmp_path / "runs.db"
    process = begin(FULL, path)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (0, "Read.\n"), err
    assert err.count("cannot be used") == 1
    assert "the disk is full, or the file may grow no more" in err
    assert counted(path, "SELECT id, state FROM runs") == {"r": "running"}


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    path = tmp_path / "runs.db"
    processes = [begin(MANY, path, name) for name in "abc"]
    told = [process.communicate(timeout=120) for process in processes]
    kinds = counted(path, "SELECT kind, count(*) FROM events GROUP BY kind")

    assert [process.returncode for process in processes] == [0, 0, 0], told
    assert counted(path, "SELECT state, count(*) FROM runs GROUP BY state") == {"done": 30}
    assert kinds == {
        "begin": 30,
        "request": 180,
        "response": 180,
        "call": 150,
        "result": 150,
        "end": 30,
    }


NOBODY = 65534


@contextmanager
def read_only(place):
    """A directory in which this process may not write, also if it is root's."""
    place.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        place.chmod(0o700)


@pytest.mark.parametrize("given", ["new.db", "below/new.db", "old.db"])
def test_where_nobody_may_write_the_error_comes_before_anything_runs(given):
    with tempfile.TemporaryDirectory() as name:
        place, model = Path(name), ScriptedInterface("Hi.")
        old = Journal(place / "old.db")
        Agent([], ScriptedInterface("Hi."), journal=old).run("Hello")
        old.close()
        with read_only(place), pytest.raises(JournalError, match="may not be written") as raised:
            Agent([], model, journal=Journal(place / given)).run("Hello")

    assert given in str(raised.value)
    assert model.requests == []


@pytest.mark.parametrize(
    ("path", "why"), [("/proc/runs.db", "No such file"), ("/tmp/" + "x" * 300, "name too long")]
)
def test_a_path_that_cannot_be_is_told_in_the_systems_words(path, why):
    with pytest.raises(JournalError, match=f"{why}.*: give another path"):
        Journal(path).runs()
