"""Runs whose process is killed at any moment, and that go on from the journal.

`AGENTKIT_KILLS` says how often; `make test-kill` asks for 300.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

KILLS = int(os.environ.get("AGENTKIT_KILLS", "12"))
WORKER = Path(__file__).with_name("kill_worker.py")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and flock")


def begin(place, run_id, how):
    command = [sys.executable, str(WORKER), str(place), run_id, how]
    # What measures coverage keeps a database of its own, which does not survive a kill.
    clean = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    # Without a buffer, in which what follows the first line would be lost for `communicate`.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=clean
    )
    assert process.stdout.readline() == b"ready\n", process.stderr.read()
    return process


def lines(path):
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def events(place, run_id):
    with closing(sqlite3.connect(place / "runs.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
            return []  # killed before it had made the tables
        sql = "SELECT kind, key FROM events WHERE run = ? ORDER BY number"
        return connection.execute(sql, (run_id,)).fetchall()


def went_on(place, run_id, before, asked):
    """Check what a process did with a run that had these events and requests before."""
    told = events(place, run_id)
    assert told[: len(before)] == before  # nothing is lost
    answered = sum(kind == "response" for kind, _ in before)
    assert all(int(each) >= answered for each in lines(place / f"{run_id}.asked")[asked:])
    done = {key for kind, key in before if kind == "result"}
    assert not [key for kind, key in told[len(before) :] if kind == "call" and key in done]


def test_killed_runs_go_on_and_nothing_is_done_twice(tmp_path):
    chance = random.Random(20261123)
    killed = number = 0
    while killed < KILLS:
        number += 1
        run_id = f"r{number}"
        while True:
            before = events(tmp_path, run_id) if (tmp_path / "runs.db").exists() else []
            asked = len(lines(tmp_path / f"{run_id}.asked"))
            process = begin(tmp_path, run_id, "resume" if before else "begin")
            time.sleep(chance.uniform(0, 0.12))
            if process.poll() is None and killed < KILLS:
                process.send_signal(signal.SIGKILL)
                killed += process.wait() == -signal.SIGKILL
            out, err = (each.decode() for each in process.communicate(timeout=60))
            went_on(tmp_path, run_id, before, asked)
            if process.returncode != -signal.SIGKILL:
                break
        assert process.returncode == 0, err
        assert out == "All is done.\n"
        told = Counter(kind for kind, _ in events(tmp_path, run_id))
        assert told["response"] == 21
        posted = Counter(lines(tmp_path / f"{run_id}.posted"))
        assert len(posted) == 7
        assert set(posted.values()) == {1}
