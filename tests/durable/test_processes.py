"""What several processes do with one run: cancel it, approve it, submit it at once, change its code."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from campaign import WHOLE, Campaign
from campaign_worker import engine_of
from crew import Crew, Scout, wait_for
from reports import report
from warm import python
from witnesses import Witness, answer_of

from agentkit.durable import lookout
from agentkit.errors import DurableError

SUBMITTER = Path(__file__).with_name("campaign_submitter.py")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and flock")


KINDS = ["sqlite", "postgres"] if WHOLE else ["postgres"]


@pytest.fixture(params=KINDS)
def address(request, tmp_path):
    """The address of a new database."""
    if request.param == "sqlite":
        return str(tmp_path / "runs.db")
    return request.getfixturevalue("database")


def settings_of(address: str, witness: Witness, **given: object) -> dict:
    return {"address": address, "place": str(witness.place), "url": witness.url, **given}


@pytest.mark.parametrize("name", ["wait", "sleep"])
def test_a_long_call_is_cancelled(address, tmp_path, name):
    plan = {0: (name,)}
    with Witness(tmp_path, plan) as witness:
        settings = settings_of(address, witness)
        engine = engine_of(**settings)
        with Crew(settings, concurrency=1) as crew:
            crew.begin()
            engine.submit("poster", "Run slow", run_id="slow")
            wait_for(lambda: witness.times("begin", "slow:1:0"))
            engine.submit("poster", "Run next", run_id="next")
            at = time.time()
            engine.cancel("slow")
            assert {each.id: each.state for each in engine.runs()}["slow"] == "cancelled"
            noticed = time.time() - at
            # Whoever carried it out has time for another one, though one was all that it may have.
            wait_for(lambda: witness.times("begin", "next:1:0"))
            freed = witness.times("begin", "next:1:0")[0] - at
            if name == "wait":  # an async tool can be stopped, and is told
                wait_for(lambda: witness.times("end", "slow:1:0"))
                ended = witness.times("end", "slow:1:0")[0] - at
            else:
                ended = None
            with pytest.raises(DurableError, match="was cancelled"):
                engine.result("slow")
            engine.close()
        times = {"cancelled_after": noticed, "call_ended_after": ended, "place_free_after": freed}
        told = {name: each and round(each, 2) for name, each in times.items()}
        report(f"A call of 30 s is cancelled ({name}, {address.partition(':')[0][:10]})", **told)
        if WHOLE:
            assert max(noticed, ended or 0) < 1.0


@pytest.mark.skipif(not WHOLE, reason="it takes long: make test-durable")
def test_an_approval_comes_after_all_was_started_anew(postgres, database, tmp_path):
    plan = {0: ("look",), 1: ("post",)}
    with Witness(tmp_path, plan) as witness:
        settings = settings_of(database, witness, approval="always")
        engine = engine_of(**settings)
        with Crew(settings) as crew:
            (first,) = crew.begin()
            engine.submit("poster", "Run r", run_id="r")
            engine.approve("r", engine.result("r", timeout=20).pending[0])
            wait_for(lambda: engine.stored("r").pending)
            crew.kill(first)
            engine.close()
            postgres.kill()
            postgres.start()

            later = engine_of(**settings)
            (call,) = later.result("r", timeout=20).pending
            assert call.name == "post"
            later.approve("r", call)
            crew.begin()

            assert later.result("r", timeout=60).output == answer_of("r", plan)
            later.close()
        assert set(witness.calls().values()) == {1}
        assert set(witness.requests().values()) == {1}


@pytest.mark.parametrize("prompts", [("Run r now", "Run r now"), ("Run r now", "Run r later")])
def test_two_processes_submit_one_id(address, tmp_path, prompts):
    with Witness(tmp_path) as witness:
        settings = settings_of(address, witness)
        given = (SUBMITTER, json.dumps(settings), "r")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 0}
        both = [python(*given, each, **pipes) for each in prompts]
        for each in both:
            assert each.stdout.read(6) == "ready\n"
        with Crew(settings) as crew:
            crew.begin()
            for each in both:
                each.stdin.write("\n")
            said = Counter(each.communicate(timeout=60)[0].strip() for each in both)
        if len(set(prompts)) == 1:
            assert said == {answer_of("r"): 2}
        else:
            assert said[answer_of("r")] == 1
            (error,) = said.keys() - {answer_of("r")}
            assert error.startswith("DurableError: The run 'r' is there, and was submitted with")
        assert set(witness.requests().values()) == {1}
        assert set(witness.calls().values()) == {1}


def test_code_that_changed_does_not_go_on_with_what_was_begun(address, tmp_path):
    with Witness(tmp_path, pause=0.2) as witness:
        settings = settings_of(address, witness)
        engine = engine_of(**settings)
        newer = engine_of(**{**settings, "version": "2"})
        with Crew(settings) as crew, Scout(engine) as scout:
            (first,) = crew.begin()
            engine.submit("poster", "Run r", run_id="r")
            wait_for(lambda: witness.calls("end")["twice", "r:3:0"])
            crew.kill(first)
            asked = witness.requests()

            (second,) = crew.begin(version="2")
            newer.submit("poster", "Run s", run_id="s")
            assert newer.result("s", timeout=60).output == answer_of("s")
            assert not scout.moved("r", first.id, 0.0)  # it is not taken by another version
            crew.kill(second)

            (third,) = crew.begin(changed=True)
            with pytest.raises(DurableError, match="or other tools or options"):
                engine.result("r", timeout=60)
            now = witness.requests()
            assert {each: now[each] for each in asked} == asked
            crew.kill(third)

            engine.resume("r")
            crew.begin()
            assert engine.result("r", timeout=60).output == answer_of("r")
        engine.close()
        newer.close()


def test_a_run_that_was_taken_and_not_begun_is_put_back(address, tmp_path, monkeypatch):
    monkeypatch.setattr(lookout, "_STRAY", 0.5)
    with Witness(tmp_path) as witness:
        engine = engine_of(address, str(tmp_path), witness.url)
        with engine.worker() as worker, Scout(engine) as scout:
            engine.submit("poster", "Run r", run_id="r", queue="nobody's")
            # The database went away before it could tell the worker that the run was taken.
            with scout.database.engine.begin() as connection:
                connection.execute(sa.text(lost(scout.database)), {"worker": worker.id})
            assert engine.result("r", timeout=20).output == answer_of("r")
        engine.close()
        assert set(witness.requests().values()) == {1}


def lost(database) -> str:
    schema = "" if database.is_sqlite else "dbos."
    return (
        f"UPDATE {schema}workflow_status SET status = 'PENDING', owner_xid = 'lost', "
        "queue_name = 'agentkit', executor_id = :worker"
    )


def test_workers_are_stopped_and_replaced(address, tmp_path):
    with Witness(tmp_path, pause=0.1) as witness:
        campaign = Campaign(address, witness, workers=2)
        with campaign.under_way() as (crew, _):
            for _ in range(10 if WHOLE else 2):
                campaign.fill_up()
                wait_for(lambda: sum(witness.requests().values()) >= 2 * len(campaign.run_ids))
                crew.stop(crew.workers[0])
                crew.begin()
        assert not campaign.person.approved | campaign.person.answered
        campaign.told("Workers are stopped and replaced, nothing is repeated")
