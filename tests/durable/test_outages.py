"""A database that goes away, stalls or is full, and workers that are paused or cut off.

Nothing is lost, nothing that was finished is done again, no worker has to be started again, and nobody
who lives is taken for dead. `make test-durable` has the whole lengths.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from campaign import WHOLE, Campaign, settle
from crew import Crew, Scout, wait_for
from postgres import Postgres
from proxy import Proxy
from waiting import until
from witnesses import Witness

DOWN, STALLED, PAUSED = (5.0, 12.0, 10.0) if WHOLE else (1.0, 1.0, 1.0)  # seconds
RUNS = 30 if WHOLE else 6
AGAIN = 130.0  # seconds; DBOS tries a database that is away again after a minute at most

whole = pytest.mark.skipif(not WHOLE, reason="it takes long: make test-durable")

pytestmark = [pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and flock")]


@pytest.fixture
def witness(tmp_path):
    with Witness(tmp_path, pause=0.2) as running:
        yield running


@pytest.fixture
def open_directory():
    """A directory that other users can come to."""
    path = Path(tempfile.mkdtemp(prefix="agentkit-disk-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def through(way: Proxy, address: str, port: int) -> str:
    return address.replace(f":{port}/", f":{way.port}/")


def recorded(campaign: Campaign) -> int:
    """How many steps are in the tables."""
    return sum(len(campaign.engine.steps(each)) for each in campaign.run_ids)


def seconds_until_more(campaign: Campaign) -> float:
    """How long it takes until another step is recorded."""
    before, begun = recorded(campaign), time.monotonic()
    while recorded(campaign) == before:
        assert time.monotonic() - begun < 60, "nothing is recorded any more"
    return time.monotonic() - begun


def begin(campaign: Campaign, workers: Crew) -> None:
    """Have runs in their midst."""
    campaign.submit(RUNS)
    wait_for(lambda: recorded(campaign) > 2 * RUNS)
    assert all(each.is_alive() for each in workers.workers)


def test_postgresql_is_killed_and_comes_back(postgres, database, witness):
    campaign = Campaign(database, witness, workers=3)
    with campaign.under_way() as (crew, _):
        begin(campaign, crew)
        postgres.kill()
        late = threading.Thread(target=campaign.submit, args=[1])
        late.start()  # who submits meanwhile waits
        time.sleep(DOWN)
        postgres.start()
        again = seconds_until_more(campaign)
        late.join()
    campaign.all_stayed()
    campaign.told(f"PostgreSQL killed and down for {DOWN} s", next_step_after=round(again, 2))


@whole
def test_workers_are_stopped_and_started_while_postgresql_is_away(postgres, database, witness):
    campaign = Campaign(database, witness, workers=1)
    campaign.submit(RUNS)
    with Crew(campaign.settings, grace=0.5) as crew, Scout(campaign.engine) as scout:
        (first,) = crew.begin()
        wait_for(lambda: recorded(campaign) > 2)
        before = scout.running(first.id)
        postgres.kill()
        crew.stop(first)  # it ends, though it cannot say so to anybody
        late = threading.Thread(target=crew.begin)
        late.start()
        time.sleep(DOWN)
        postgres.start()
        late.join()
        campaign.hits.update(before)
        settle(campaign.person, campaign.run_ids)
    campaign.told("Workers stopped and started while PostgreSQL is away")


@whole
def test_postgresql_stalls(postgres, database, witness):
    with Proxy(postgres.port) as way:
        campaign = Campaign(database, witness, workers=3)
        campaign.settings["address"] = through(way, database, postgres.port)
        with campaign.under_way() as (crew, _):
            begin(campaign, crew)
            way.stall()
            time.sleep(STALLED)
            way.go_on()
            again = seconds_until_more(campaign)
        campaign.all_stayed()
        campaign.told(f"PostgreSQL stalled for {STALLED} s", next_step_after=round(again, 2))


@whole
def test_connections_to_postgresql_are_cut(postgres, database, witness):
    with Proxy(postgres.port) as way:
        campaign = Campaign(database, witness, workers=3)
        campaign.settings["address"] = through(way, database, postgres.port)
        with campaign.under_way() as (crew, _):
            begin(campaign, crew)
            way.cut()
            time.sleep(DOWN)
            way.go_on()
            again = seconds_until_more(campaign)
        campaign.all_stayed()
        campaign.told(f"All connections cut for {DOWN} s", next_step_after=round(again, 2))


@whole
def test_connections_are_ended_one_by_one(postgres, database, witness):
    """As an administrator does, or a network for a moment: also those that show who lives."""
    campaign = Campaign(database, witness, workers=3)
    locks = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    with campaign.under_way() as (crew, _):
        begin(campaign, crew)
        for _ in range(10 if WHOLE else 2):
            ended = run_sql(database, f"SELECT pg_terminate_backend(pid) FROM ({locks}) AS them")
            assert len(ended) >= 3
            wait_for(lambda: len(run_sql(database, locks)) >= 3)
    campaign.all_stayed()
    campaign.told("Connections that show who lives are ended")


@whole
def test_postgresql_is_read_only_for_a_while(postgres, database, witness):
    """As a server may be that takes over from another."""
    campaign = Campaign(database, witness, workers=3)
    name = database.rpartition("/")[2]
    others = f"FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    with campaign.under_way() as (crew, _):
        begin(campaign, crew)
        for setting in ("on", "off"):
            run_sql(
                postgres.url, f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}"
            )
            run_sql(postgres.url, f"SELECT pg_terminate_backend(pid) {others}")
            time.sleep(DOWN if setting == "on" else 0)
        again = seconds_until_more(campaign)
    campaign.all_stayed()
    campaign.told(f"PostgreSQL read-only for {DOWN} s", next_step_after=round(again, 2))


def run_sql(address: str, sql: str) -> list:
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def test_one_worker_is_cut_off_and_comes_back(postgres, database, witness):
    with Proxy(postgres.port) as way:
        campaign = Campaign(database, witness, workers=2)
        with campaign.under_way() as (crew, scout):
            (victim,) = crew.begin(1, address=through(way, database, postgres.port))
            campaign.workers = 3
            begin(campaign, crew)
            wait_for(lambda: takes_runs(campaign, scout, victim.id))
            before, at = scout.running(victim.id), time.time()
            way.cut()
            campaign.lost(victim, before, scout, at)
            moving = [run_id for run_id, _, _ in campaign.moves]
            assert moving
            wait_for(lambda: all(scout.moved(each, victim.id, at) for each in moving))
            campaign.hits.update(moved_from(scout, victim.id, at) - campaign.hits.keys())
            back = time.time()
            way.go_on()
            assert until(lambda: takes_runs(campaign, scout, victim.id), AGAIN)
        last = {run_id: each[-1] for run_id, each in campaign.claims.items()}
        taken = {run_id for run_id, (who, _, at) in last.items() if who == victim.id and at > back}
        stale = set(moving) - taken
        assert not begun_by(witness, victim.process.pid, back) & stale
        campaign.told("One of three workers cut off from PostgreSQL")


def takes_runs(campaign: Campaign, scout, worker: str) -> bool:
    """Whether a worker carries something out; it gets something to do."""
    campaign.person.decide()
    if not scout.running(worker):
        campaign.fill_up()
    return bool(scout.running(worker))


def moved_from(scout, worker: str, at: float) -> set[str]:
    """What others took from a worker since; it may have begun a run in the moment of the cut."""
    claims = list(scout.claims.items())
    had = {run_id for run_id, each in claims if any(who == worker for who, _, _ in each)}
    return {run_id for run_id in had if scout.moved(run_id, worker, at) is not None}


def begun_by(witness: Witness, pid: int, since: float) -> set[str]:
    """The runs whose calls a process began since."""
    lines = [line.split() for line in (witness.place / "tools.log").read_text().splitlines()]
    return {
        key.split(":")[0]
        for at, process, said, _, key in lines
        if (int(process), said) == (pid, "begin") and float(at) > since
    }


@whole
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_worker_is_paused_and_goes_on(kind, request, tmp_path, witness):
    address = str(tmp_path / "runs.db") if kind == "sqlite" else request.getfixturevalue("database")
    campaign = Campaign(address, witness, workers=2)
    with campaign.under_way() as (crew, scout):
        begin(campaign, crew)
        wait_for(lambda: any(scout.running(each.id) for each in crew.workers))
        victim = next(each for each in crew.workers if scout.running(each.id))
        victim.process.send_signal(signal.SIGSTOP)
        time.sleep(PAUSED)
        victim.process.send_signal(signal.SIGCONT)
    campaign.all_stayed()
    campaign.told(f"A worker paused for {PAUSED} s, {kind}")


@contextmanager
def small_disk(path: Path, megabytes: int):
    """A disk of its own, with a function that fills it and one that frees it again."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(path)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"A small disk cannot be had here: {made.stderr.strip()}")
    try:
        yield path / "ballast"
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_the_disk_of_sqlite_is_full_and_freed(tmp_path, witness):
    with small_disk(tmp_path / "disk", 16) as ballast:
        campaign = Campaign(str(tmp_path / "disk" / "runs.db"), witness, workers=2)
        with campaign.under_way() as (crew, _):
            begin(campaign, crew)
            fill(ballast)
            stands_still(campaign)
            ballast.unlink()
            again = seconds_until_more(campaign)
        campaign.all_stayed()
        campaign.told("SQLite's disk full and freed", next_step_after=round(again, 2))


@whole
def test_the_disk_of_postgresql_is_full_and_freed(open_directory, witness):
    with small_disk(open_directory / "disk", 160) as ballast:
        directory = ballast.parent / "postgres"
        directory.mkdir()
        small = {"min_wal_size": "32MB", "max_wal_size": "32MB"}
        with Postgres(directory, **small) as server:
            campaign = Campaign(server.fresh_database(), witness, workers=3)
            with campaign.under_way() as (crew, _):
                begin(campaign, crew)
                fill(ballast)
                wait_for(lambda: "No space left on device" in server.log)
                ballast.unlink()
                server.start()  # as a service manager does where it ended
                again = seconds_until_more(campaign)
            campaign.all_stayed()
            campaign.told("PostgreSQL's disk full and freed", next_step_after=round(again, 2))


def stands_still(campaign: Campaign) -> None:
    """Wait until no step is recorded any more."""
    before, since = recorded(campaign), time.monotonic()
    while time.monotonic() - since < 2.0:
        time.sleep(0.1)
        if (now := recorded(campaign)) != before:
            before, since = now, time.monotonic()
