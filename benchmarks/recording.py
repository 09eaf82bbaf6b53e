"""What a recording costs: seconds to record and replay a run, and bytes, as the run grows.

    python benchmarks/recording.py                     # 250, 500, 1,000 and 2,000 steps
    python benchmarks/recording.py --steps 10 20

The model answers at once, so that what is measured is the client. It fails if a replayed run is
another than the recorded one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from journal import Instant, note

from agentkit import Agent, Interface, Limits, Run
from agentkit.replay import Replay


def measured(steps: int, place: Path) -> dict[str, float]:
    """What a run of so many steps costs bare, recorded and replayed."""
    path, limits = place / f"{steps}.jsonl", Limits(steps=None)

    def timed(interface: Interface | str, replay: Replay | None) -> tuple[Run[str], float]:
        agent = Agent([note], interface, replay=replay, limits=limits, journal="")
        begun = time.perf_counter()
        run = agent.run("Go", run_id="r")
        return run, round(time.perf_counter() - begun, 3)

    _, bare = timed(Instant(steps), None)
    recorded, recording = timed(Instant(steps), Replay(path, "record", results=True))
    replayed, replaying = timed("offline", Replay(path, "replay", results=True))
    if replayed != recorded:
        raise SystemExit(f"the replayed run of {steps} steps is another")
    return {
        "steps": steps,
        "bare_seconds": bare,
        "recording_seconds": recording,
        "replaying_seconds": replaying,
        "bytes_per_step": round(path.stat().st_size / steps),
    }


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, nargs="+", default=[250, 500, 1_000, 2_000])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for steps in given.steps:
            print(json.dumps(measured(steps, Path(place))))


if __name__ == "__main__":
    main()
