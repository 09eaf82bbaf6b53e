"""The benchmarks run, and lose nothing; how long they take is not looked at."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_the_benchmark_of_the_journal_counts_every_event():
    command = [sys.executable, str(BENCHMARKS / "journal.py")]
    given = ["--processes", "2", "--runs", "5", "--steps", "3"]
    done = subprocess.run(
        [*command, *given], capture_output=True, text=True, check=True, timeout=300
    )
    one, many = map(json.loads, done.stdout.splitlines())

    assert one["steps"] == 3
    assert many["events"] == 2 * 5 * 16


def test_the_benchmark_of_recordings_replays_what_it_recorded():
    command = [sys.executable, str(BENCHMARKS / "recording.py"), "--steps", "3", "6"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)

    assert [json.loads(line)["steps"] for line in done.stdout.splitlines()] == [3, 6]
