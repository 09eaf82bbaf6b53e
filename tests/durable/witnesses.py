"""What saw a campaign: the model's log and the tools' log; and the processes that are its victims."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from waiting import until

WORKER = Path(__file__).with_name("campaign_worker.py")
STEPS = 5
PLAN: dict[int, tuple[str, ...]] = {
    0: ("look",),
    1: ("post",),
    2: ("twice", "look"),
    3: ("post", "twice"),
    4: ("twice",),
}
"""What the model asks for, by how many replies it gave; calls of one reply run side by side."""

SAID = {"post": "posted", "look": "seen", "twice": "done", "wait": "waited", "sleep": "slept"}


def calls_of(step: int, plan: dict[int, tuple[str, ...]]) -> list[tuple[str, int]]:
    """The tools and their numbers."""
    return [(name, step * 10 + place) for place, name in enumerate(plan[step])]


def answer_of(run_id: str, plan: dict[int, tuple[str, ...]] = PLAN) -> str:
    """What the run comes to if nothing of it was lost."""
    results = [f"{SAID[name]} {n}" for step in plan for name, n in calls_of(step, plan)]
    return f"{run_id}: {', '.join(results)}"


class Model(BaseHTTPRequestHandler):
    """A model that logs each request before it answers: what it says follows from the transcript."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = body["messages"]
        run_id = next(each["content"] for each in messages if each["role"] == "user").split()[1]
        step = sum(each["role"] == "assistant" for each in messages)
        self.server.log(run_id, step)
        time.sleep(random.uniform(0.2, 1.8) * self.server.pause)
        message: dict[str, Any] = {"role": "assistant"}
        if step in self.server.plan:
            message["tool_calls"] = [
                {
                    "id": f"c{n}",
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps({"n": n})},
                }
                for name, n in calls_of(step, self.server.plan)
            ]
        else:
            results = [each["content"] for each in messages if each["role"] == "tool"]
            message["content"] = f"{run_id}: {', '.join(results)}"
        reply = json.dumps(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *given: Any) -> None:
        """Nothing on stderr."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    plan = PLAN
    pause = 0.02
    path: Path

    def log(self, run_id: str, step: int) -> None:
        with self.path.open("a") as file:
            file.write(f"{time.time()} {run_id} {step}\n")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients are killed."""


class Witness:
    """The model, and what it and the tools wrote; a context.

    Args:
        place: Where the logs are.
        plan: What the model asks for.
        pause: How long it thinks on average, in seconds.
    """

    def __init__(
        self, place: Path, plan: dict[int, tuple[str, ...]] = PLAN, pause: float = 0.02
    ) -> None:
        self.place, self.plan = place, plan
        self._http = _Server(("127.0.0.1", 0), Model)
        self._http.path, self._http.plan, self._http.pause = place / "model.log", plan, pause
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def requests(self) -> Counter[tuple[str, int]]:
        """How often each step of each run was asked for."""
        return Counter((run, int(step)) for _, run, step in _lines(self.place / "model.log"))

    def calls(self, what: str = "begin") -> Counter[tuple[str, str]]:
        """How often each call, by its tool and its key, began or ended."""
        lines = _lines(self.place / "tools.log")
        return Counter((name, key) for _, _, said, name, key in lines if said == what)

    def times(self, what: str, key: str) -> list[float]:
        """When a call began or ended."""
        lines = _lines(self.place / "tools.log")
        return [float(at) for at, _, said, _, each in lines if (said, each) == (what, key)]


def _lines(path: Path) -> Iterator[list[str]]:
    return (line.split() for line in path.read_text().splitlines()) if path.exists() else iter(())


@dataclass
class WorkerProcess:
    """A worker in a process of its own; see `Crew`."""

    process: subprocess.Popen[str]
    id: str = ""

    def is_alive(self) -> bool:
        return self.process.poll() is None


@dataclass
class Crew:
    """The workers of a campaign, each of which may be killed; a context that ends them all.

    Args:
        settings: What `engine_of` is called with in each.
        concurrency: How many runs each has at once.
    """

    settings: dict[str, Any]
    concurrency: int = 25
    workers: list[WorkerProcess] = field(default_factory=list)

    def begin(self, count: int = 1, **changes: Any) -> list[WorkerProcess]:
        """Start workers, and wait until they take runs."""
        new = [self._begun({**self.settings, **changes}) for _ in range(count)]
        for each in new:
            assert each.process.stdout is not None
            each.id = each.process.stdout.readline().strip()
            assert each.id, f"the worker ended with {each.process.wait()}: {self.errors()}"
        self.workers += new
        return new

    def _begun(self, engine: dict[str, Any]) -> WorkerProcess:
        command = [sys.executable, str(WORKER)]
        command.append(json.dumps({"engine": engine, "concurrency": self.concurrency}))
        # What measures coverage keeps a database of its own, which does not survive a kill.
        clean = {name: value for name, value in os.environ.items() if "COV" not in name}
        with open(f"{self.settings['place']}/errors.log", "a") as errors:
            return WorkerProcess(
                subprocess.Popen(
                    command, stdout=subprocess.PIPE, stderr=errors, env=clean, text=True
                )
            )

    def errors(self) -> str:
        """What the workers wrote on stderr."""
        return Path(self.settings["place"], "errors.log").read_text()

    def kill(self, victim: WorkerProcess) -> float:
        """End a worker that lives by signal 9, and tell when."""
        assert victim.is_alive(), f"a worker ended by itself: {self.errors()}"
        victim.process.send_signal(signal.SIGKILL)
        at = time.time()
        assert victim.process.wait() == -signal.SIGKILL
        self._forget(victim)
        return at

    def stop(self, worker: WorkerProcess) -> None:
        """End a worker as one does."""
        assert worker.is_alive(), f"a worker ended by itself: {self.errors()}"
        worker.process.terminate()
        assert worker.process.wait(60) == 0, self.errors()
        self._forget(worker)

    def _forget(self, worker: WorkerProcess) -> None:
        assert worker.process.stdout is not None
        worker.process.stdout.close()
        self.workers.remove(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in list(self.workers):
            each.process.kill()
            each.process.wait()
            self._forget(each)


class Scout:
    """Sees in the tables who carries out what: every 50 ms, by a connection of its own; a context.

    Args:
        engine: Asked through its database.
    """

    def __init__(self, engine: Any) -> None:
        import sqlalchemy as sa

        from agentkit.durable.database import Database

        self._database = Database(engine._database.url.render_as_string(hide_password=False))
        schema = "" if self._database.is_sqlite else "dbos."
        self._sql = sa.text(
            "SELECT workflow_uuid, status, executor_id, started_at_epoch_ms, owner_xid "
            f"FROM {schema}workflow_status"
        )
        self.claims: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def rows(self) -> list[Any]:
        """All runs as they are now."""
        with self._database.engine.connect() as connection:
            return list(connection.execute(self._sql))

    def running(self, worker: str) -> set[str]:
        """The runs that a worker has."""
        return {
            row.workflow_uuid
            for row in self.rows()
            if row.status == "PENDING" and row.executor_id == worker
        }

    def _look(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        while not self._ended.wait(0.05):
            try:
                for row in self.rows():
                    self._note(row)
            except SQLAlchemyError:  # the database is away, as the campaign wants
                continue

    def _note(self, row: Any) -> None:
        if row.status in ("PENDING", "SUCCESS") and row.started_at_epoch_ms:
            claim = (row.executor_id, row.started_at_epoch_ms / 1000)
            if claim not in self.claims[row.workflow_uuid][-1:]:
                self.claims[row.workflow_uuid].append(claim)

    def moved(self, run_id: str, worker: str, at: float) -> float | None:
        """After how many seconds another worker took a run from one that died then."""
        taken = [t for who, t in list(self.claims[run_id]) if who != worker and t >= at - 0.001]
        return taken[0] - at if taken else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._database.close()


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
    return f"p50 {ordered[len(ordered) // 2]:.2f} s, max {ordered[-1]:.2f} s, {len(ordered)} moves"


def wait_for(condition: Any) -> None:
    """Wait until something is so; what never comes fails."""
    assert until(condition), "what was waited for never came"
