"""Workers that are killed at any moment, and whose runs lose nothing.

`make test-durable` has 60 kills with SQLite, and 200 runs and 32 kills of three workers with
PostgreSQL.
"""

from __future__ import annotations

import os

import pytest
from campaign import WHOLE, Campaign
from witnesses import Witness

SQLITE_KILLS, POSTGRES_KILLS, RUNS = (60, 32, 200) if WHOLE else (5, 3, 12)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and flock")


@pytest.fixture
def witness(tmp_path):
    with Witness(tmp_path, pause=0.1 if WHOLE else 0.05) as running:
        yield running


def test_killed_workers_with_sqlite(tmp_path, witness):
    campaign = Campaign(str(tmp_path / "runs.db"), witness, workers=2, at_once=8)

    campaign.carry_out(SQLITE_KILLS, 0)

    campaign.told("SQLite: of two workers one after the other is killed and replaced")
    if WHOLE:
        campaign.moved_by(3.0)


def test_killed_workers_with_postgresql(database, witness):
    campaign = Campaign(database, witness, workers=3, at_once=24 if WHOLE else 6)

    campaign.carry_out(POSTGRES_KILLS, RUNS)

    assert len(campaign.run_ids) >= RUNS
    campaign.told("PostgreSQL: of three workers one after the other is killed and replaced")
    if WHOLE:
        campaign.moved_by(3.0)
