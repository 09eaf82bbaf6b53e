"""Submits a run when it is told to, and says what came of it: one of two processes at the same time."""

from __future__ import annotations

import json
import sys

from campaign_worker import engine_of

from agentkit.errors import DurableError

if __name__ == "__main__":
    settings, run_id, prompt = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
    engine = engine_of(**settings)
    engine.migrate()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        engine.submit("poster", prompt, run_id=run_id)
        print(engine.result(run_id, timeout=60).output)
    except DurableError as error:
        print(f"DurableError: {error}")
