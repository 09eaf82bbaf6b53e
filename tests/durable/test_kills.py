"""Workers that are killed at any moment, and whose runs lose nothing.

`make test-durable` asks for 60 kills with SQLite, and for 200 runs and 30 kills of three workers with
PostgreSQL; the sizes are in AGENTKIT_DURABLE_KILLS and AGENTKIT_DURABLE_RUNS.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from campaign_worker import engine_of
from reports import report
from witnesses import Crew, Person, Scout, Witness, check, distribution, settle

WHOLE = "AGENTKIT_DURABLE_WHOLE" in os.environ
SQLITE_KILLS, POSTGRES_KILLS, RUNS = (60, 32, 200) if WHOLE else (5, 3, 12)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and flock")


@pytest.fixture
def witness(tmp_path):
    with Witness(tmp_path, pause=0.1 if WHOLE else 0.05) as running:
        yield running


class Campaign:
    """Submits runs and kills workers in their midst, until there were enough kills.

    Args:
        address: The database.
        witness: Sees what runs do.
        workers: How many there are at once.
        at_once: How many runs are on their way at once.
    """

    def __init__(self, address: str, witness: Witness, workers: int, at_once: int) -> None:
        place = str(witness.place)
        self.settings = {"address": address, "place": place, "url": witness.url, "pause": 0.05}
        self.engine = engine_of(**self.settings)
        self.witness, self.workers, self.at_once = witness, workers, at_once
        self.hits: Counter[str] = Counter()
        self.person = Person(self.engine, witness)
        self.moves: list[tuple[str, str, float]] = []
        self.run_ids: list[str] = []
        self.kills = 0
        self._chance = random.Random(20261129)

    def submit(self, run_ids: Iterator[str]) -> None:
        """Have as many runs on their way as there are to be, as long as there are new ones."""
        under_way = len(self.engine.runs(state="queued")) + len(self.engine.runs(state="running"))
        for run_id, _ in zip(run_ids, range(self.at_once - under_way), strict=False):
            self.engine.submit("poster", f"Run {run_id}", run_id=run_id)
            self.run_ids.append(run_id)

    def kill(self, crew: Crew, scout: Scout) -> bool:
        """Kill a worker that has runs; tell whether there was one."""
        victims = [each for each in crew.workers if len(scout.running(each.id)) > 0]
        if not victims:
            return False
        victim = self._chance.choice(victims)
        before = scout.running(victim.id)
        at = crew.kill(victim)
        after = scout.running(victim.id)
        self.hits.update(before | after)
        self.moves += [(run_id, victim.id, at) for run_id in after]
        self.kills += 1
        return True

    def carry_out(self, kills: int, runs: int) -> list[float]:
        """Kill so often, in the midst of at least so many runs; how long each took to move."""
        new = (f"r{n}" for n in range(100_000))
        with Crew(self.settings) as crew, Scout(self.engine) as scout:
            crew.begin(self.workers)
            while self.kills < kills or len(self.run_ids) < runs:
                self.submit(new)
                self.person.decide()
                time.sleep(self._chance.uniform(0, 0.5))
                if self.kills < kills and self.kill(crew, scout):
                    crew.begin()
            settle(self.person, self.run_ids)
            assert len(crew.workers) == self.workers
            assert all(each.is_alive() for each in crew.workers), crew.errors()
            moved = [scout.moved(*each) for each in self.moves]
            self.engine.close()
        return [each for each in moved if each is not None]

    def told(self, name: str, moves: list[float]) -> None:
        """Check what the witnesses saw, and report it."""
        repeated = check(self.person, self.run_ids, self.hits)
        report(
            name,
            kills=self.kills,
            runs=len(self.run_ids),
            lost=0,
            hits=self.hits.total(),
            repeated=repeated.total(),
            most_for_one_run_and_kill=1,
            waited=len(self.person.approved) + len(self.person.answered),
            moved=distribution(moves),
        )
        if WHOLE:
            assert max(moves) <= 3.0, sorted(moves)


def test_killed_workers_with_sqlite(tmp_path, witness):
    campaign = Campaign(str(tmp_path / "runs.db"), witness, workers=1, at_once=6)

    moves = campaign.carry_out(SQLITE_KILLS, 0)

    campaign.told("SQLite, one worker at a time", [])
    assert moves


def test_killed_workers_with_postgresql(database, witness):
    campaign = Campaign(database, witness, workers=3, at_once=24 if WHOLE else 6)

    moves = campaign.carry_out(POSTGRES_KILLS, RUNS)

    assert len(campaign.run_ids) >= RUNS
    campaign.told("PostgreSQL, three workers", moves)
