from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.bfcl.data import read_rows

SCRIPT = """
import json, sys
from datetime import UTC, datetime
from agentkit.offline.model import reply

now = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
for body in json.load(sys.stdin):
    print(json.dumps(reply(body, now=now)))
"""


def test_replies_are_the_same_for_any_hash_seed() -> None:
    rows = read_rows(categories=["multiple", "parallel_multiple"], limit=12)
    tools = [[{"type": "function", "function": f} for f in row.functions] for row in rows]
    bodies = [
        {"messages": row.messages, "tools": offered}
        for row, offered in zip(rows, tools, strict=True)
    ]
    replies = [_replies(json.dumps(bodies), seed) for seed in ("0", "1", "271828")]
    assert len(replies[0].splitlines()) == len(bodies) > 0
    assert replies[0] == replies[1] == replies[2]


def _replies(bodies: str, seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=bodies,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
