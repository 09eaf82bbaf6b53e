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
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def lines(path):
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def events(place, run_id):
    with closing(sqlite3.connect(place / "runs.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        sql = "SELECT kind, key FROM events WHERE run = ? ORDER BY number"
        return connection.execute(sql, (run_id,)).fetchall()


def exists(place, run_id):
    return (place / "runs.db").exists() and bool(events(place, run_id))


def test_killed_runs_go_on_and_nothing_is_done_twice(tmp_path):
    chance = random.Random(20261123)
    killed = number = 0
    while killed < KILLS:
        number += 1
        run_id = f"r{number}"
        while True:
            process = begin(tmp_path, run_id, "resume" if exists(tmp_path, run_id) else "begin")
            time.sleep(chance.uniform(0, 0.12))
            if process.poll() is None and killed < KILLS:
                process.send_signal(signal.SIGKILL)
                killed += process.wait() == -signal.SIGKILL
                process.communicate()
                continue
            out, err = process.communicate(timeout=60)
            if process.returncode == 0:
                break
            raise AssertionError(err)
        told = events(tmp_path, run_id)
        posted = Counter(lines(tmp_path / f"{run_id}.posted"))
        results = Counter(key for kind, key in told if kind == "result")

        assert out == "All is done.\n"
        assert len(posted) == 7
        assert set(posted.values()) == {1}
        assert all(count == 1 for count in results.values())
        assert sum(kind == "response" for kind, _ in told) == 21
