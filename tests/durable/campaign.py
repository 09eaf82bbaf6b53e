"""Runs that are carried out while their workers and their database come to harm."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from campaign_worker import engine_of
from crew import Crew, Scout, WorkerProcess, wait_for
from reports import report
from witnesses import Witness, answer_of

WHOLE = "AGENTKIT_DURABLE_WHOLE" in os.environ


@dataclass
class Person:
    """Decides on calls of which nobody knows whether they ran: looks, and answers or lets them run.

    Args:
        engine: Whose runs wait.
        witness: Has the log of what ran.
    """

    engine: Any
    witness: Witness
    approved: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)

    def decide(self) -> None:
        """Decide on all that wait now, by the keys of the calls."""
        from agentkit.transcript import MAY_HAVE_RUN

        for each in self.engine.runs(state="waiting", limit=1000):
            run = self.engine.result(each.id)
            for call in run.pending:
                assert call.waits == MAY_HAVE_RUN, call
                key = key_of(run, call)
                if self.witness.calls("end")["post", key]:
                    result = f"posted {json.loads(call.arguments)['n']}"
                    self._settle(self.engine.answer, self.answered, key, each.id, call.id, result)
                else:
                    self._settle(self.engine.approve, self.approved, key, each.id, call.id)

    def _settle(self, decide: Any, count: Counter[str], key: str, *given: Any) -> None:
        count[key] += 1
        decide(*given)


def key_of(run: Any, call: Any) -> str:
    """The `call_key` of a call of a run's last reply."""
    from agentkit.transcript import last_assistant, replies_in

    _, message = last_assistant(run.messages)
    return f"{run.id}:{replies_in(run.messages)}:{message.calls.index(call)}"


def settle(person: Person, run_ids: list[str]) -> None:
    """Wait until all runs are done, deciding what waits; what hangs fails."""
    engine, witness = person.engine, person.witness
    last, moved = "", time.monotonic()
    while True:
        person.decide()
        states = Counter(each.state for each in engine.runs(limit=10_000))
        if set(states) == {"done"} and states.total() == len(run_ids):
            return
        assert not states.keys() & {"failed", "cancelled"}, failures(engine)
        now = f"{states} {sum(witness.requests().values())} {sum(witness.calls('end').values())}"
        if now != last:
            last, moved = now, time.monotonic()
        assert time.monotonic() - moved < 60, f"nothing moves any more: {now}"
        time.sleep(0.05)


def failures(engine: Any) -> str:
    """Why runs failed."""
    return "; ".join(f"{each.id}: {each.state} {each.error}" for each in engine.runs(limit=10_000))


def repeats(witness: Witness, approved: Counter[str]) -> Counter[str]:
    """How many steps of each run were done more than once: a request, or the calls of a reply.

    What a person let run again does not count.
    """
    found: Counter[str] = Counter()
    for (run, _), times in witness.requests().items():
        found[run] += times - 1
    replies: Counter[tuple[str, str]] = Counter()
    for (_, key), times in witness.calls().items():
        run, reply, _ = key.rsplit(":", 2)
        replies[run, reply] = max(replies[run, reply], times - 1 - approved[key])
    for (run, _), times in replies.items():
        found[run] += times
    return found


def check(person: Person, run_ids: list[str], hits: Counter[str]) -> Counter[str]:
    """Hold the logs against the promise, and tell what was repeated.

    Args:
        person: Decided on what waited.
        run_ids: All that were submitted.
        hits: How often each run was on a worker that was killed.
    """
    engine, witness, approved = person.engine, person.witness, person.approved
    for run_id in run_ids:
        run = engine.result(run_id)
        assert run.output == answer_of(run_id, witness.plan)
    begun = witness.calls()
    expected = {
        (name, f"{run_id}:{step + 1}:{place}")
        for run_id in run_ids
        for step, names in witness.plan.items()
        for place, name in enumerate(names)
    }
    assert begun.keys() == expected  # nothing left out, and each repeat has the key of the first
    asked = {(run_id, step) for run_id in run_ids for step in range(len(witness.plan) + 1)}
    assert witness.requests().keys() == asked
    for (name, key), times in begun.items():
        if name == "post":
            assert times <= max(1, approved[key] + 1), f"{key} ran {times} times by itself"
    found = repeats(witness, approved)
    too_often = {run: (n, hits[run]) for run, n in found.items() if n > hits[run]}
    assert not too_often, f"repeated more than once a kill: {too_often}"
    return found


def distribution(seconds: list[float]) -> str:
    """The middle and the end of a list of times."""
    ordered = sorted(seconds)
    if not ordered:
        return "none"
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"p50 {middle:.2f} s, p99 {late:.2f} s, max {ordered[-1]:.2f} s of {len(ordered)}"


def age(address: str) -> float:
    """How long a server has been running, in seconds."""
    with psycopg.connect(address) as connection:
        sql = "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())"
        found = connection.execute(sql).fetchone()
    assert found is not None
    return float(found[0])


class Campaign:
    """Submits runs and kills workers in their midst, until there were enough kills.

    Args:
        address: The database.
        witness: Sees what runs do.
        workers: How many there are at once.
        at_once: How many runs are on their way at once.
    """

    def __init__(self, address: str, witness: Witness, workers: int, at_once: int = 6) -> None:
        place = str(witness.place)
        self.settings = {"address": address, "place": place, "url": witness.url, "pause": 0.05}
        self.engine = engine_of(**self.settings)
        self.witness, self.workers, self.at_once = witness, workers, at_once
        self.hits: Counter[str] = Counter()
        self.person = Person(self.engine, witness)
        self.moves: list[tuple[str, str, float]] = []
        self.moved: list[float | None] = []
        self.claims: dict[str, list[tuple[str, int, float]]] = {}
        self.run_ids: list[str] = []
        self.kills = 0
        self._chance = random.Random(20261129)

    def submit(self, count: int) -> list[str]:
        """Submit new runs, and give their ids."""
        new = [f"r{len(self.run_ids) + n}" for n in range(count)]
        for run_id in new:
            self.engine.submit("poster", f"Run {run_id}", run_id=run_id)
        self.run_ids += new
        return new

    def fill_up(self) -> None:
        """Have as many runs on their way as there are to be."""
        under_way = len(self.engine.runs(state="queued")) + len(self.engine.runs(state="running"))
        self.submit(max(0, self.at_once - under_way))

    def kill(self, crew: Crew, scout: Scout) -> bool:
        """Kill a worker that has runs; tell whether there was one."""
        victims = [each for each in crew.workers if len(scout.running(each.id)) > 0]
        if not victims:
            return False
        victim = self._chance.choice(victims)
        before = scout.running(victim.id)
        at = crew.kill(victim)
        self.kills += 1
        self.lost(victim, before, scout, at)
        return True

    def lost(self, victim: WorkerProcess, before: set[str], scout: Scout, at: float) -> None:
        """Note which runs a worker had when it came to harm."""
        after = scout.running(victim.id)
        self.hits.update(before | after)
        self.moves += [(run_id, victim.id, at) for run_id in after]

    def carry_out(self, kills: int, runs: int) -> None:
        """Kill so often, in the midst of at least so many runs."""
        with self.under_way() as (crew, scout):
            while self.kills < kills or len(self.run_ids) < runs:
                self.fill_up()
                self.person.decide()
                time.sleep(self._chance.uniform(0, 0.5))
                if self.kills < kills and self.kill(crew, scout):
                    crew.begin()

    @contextmanager
    def under_way(self) -> Iterator[tuple[Crew, Scout]]:
        """The workers and who sees what they do; at the end all runs are, and no worker is gone."""
        with Crew(self.settings) as crew, Scout(self.engine) as scout:
            if WHOLE and not scout.database.is_sqlite:
                # To a server that has just started others may still have to come back.
                wait_for(lambda: age(self.settings["address"]) > 10)
            crew.begin(self.workers)
            yield crew, scout
            settle(self.person, self.run_ids)
            assert len(crew.workers) == self.workers
            assert all(each.is_alive() for each in crew.workers), crew.errors()
            self.claims = {run_id: list(each) for run_id, each in scout.claims.items()}
            self.moved = [scout.moved(*each) for each in self.moves]

    def told(self, name: str, **figures: object) -> None:
        """Check what the witnesses saw, and report it."""
        repeated = check(self.person, self.run_ids, self.hits)
        self.engine.close()
        moved = [each for each in self.moved if each is not None]
        for (run_id, worker, _), after in zip(self.moves, self.moved, strict=True):
            # What a victim had sent may be done after its death: the run's end, too.
            assert after is not None or self.claims[run_id][-1][0] == worker
        report(
            name,
            kills=self.kills,
            runs=len(self.run_ids),
            lost=0,
            hits=self.hits.total(),
            repeated=repeated.total(),
            decided=len(self.person.approved) + len(self.person.answered),
            moved=distribution(moved),
            **figures,
        )

    def moved_by(self, seconds: float) -> None:
        """Check that what dead workers had was soon gone on with."""
        late = [each for each in self.moved if each is not None and each > seconds]
        assert not late, f"moved late: {late}"

    def all_stayed(self) -> None:
        """Check that each run was carried out by one worker alone, and nothing was done twice."""
        several = {run_id: each for run_id, each in self.claims.items() if len(each) > 1}
        assert not several, f"taken by several: {several}"
        assert not +repeats(self.witness, self.person.approved)
        assert not self.person.approved | self.person.answered
