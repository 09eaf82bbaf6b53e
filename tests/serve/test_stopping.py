"""A service that is stopped or killed loses no run."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from waiting import until

SCRIPT = Path(__file__).with_name("process.py")


class Process:
    """A service in a process of its own."""

    def __init__(self, place: Path, grace: float) -> None:
        self.notes = place / "notes"
        arguments = [str(place / "runs.db"), str(self.notes), str(grace)]
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments], stdout=subprocess.PIPE, text=True
        )
        url = self.process.stdout.readline().strip()
        self.http = httpx.Client(base_url=url, timeout=20.0)

    def begin(self, **more):
        """Begin a run, and wait until it waits."""
        self.http.post("/api/runs", json={"prompt": "Go.", "id": "r", **more}).raise_for_status()
        assert until(lambda: self.notes.exists() and "waits" in self.notes.read_text())

    def state(self, run_id: str = "r"):
        return self.http.get(f"/api/runs/{run_id}").json()["state"]

    def end(self, signal_number: int) -> tuple[int, str]:
        """Send a signal; the exit code, and what was printed."""
        self.process.send_signal(signal_number)
        return self.process.wait(20), self.process.stdout.read()


@contextmanager
def serving(place: Path, grace: float = 0.2) -> Iterator[Process]:
    made = Process(place, grace)
    try:
        yield made
    finally:
        made.http.close()
        made.process.kill()
        made.process.wait()
        made.process.stdout.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=str)
def test_what_was_cut_off_goes_on_and_does_nothing_twice(tmp_path, how):
    with serving(tmp_path) as first:
        first.begin()
        code, printed = first.end(how)
    (tmp_path / "notes.go").touch()
    with serving(tmp_path) as second:
        assert until(lambda: second.state() == "done")
        run = second.http.get("/api/runs/r").json()

    assert (code, printed) == ((-9, "") if how == signal.SIGKILL else (0, "stopped\n"))
    assert run["output"] == "once\nwaits\nwaits\n"
    assert [each.get("name") for each in run["messages"] if each["role"] == "function"] == [
        "note", "wait",
    ]  # fmt: skip


def test_runs_have_time_to_end_while_no_more_are_begun(tmp_path):
    with serving(tmp_path, grace=20) as here:
        here.begin()
        here.process.send_signal(signal.SIGTERM)
        assert until(lambda: here.http.get("/readyz").status_code == 503)
        refused = here.http.post("/api/runs", json={"prompt": "Go."})
        alive = here.http.get("/healthz")
        with here.http.stream("GET", "/api/runs/r/events") as watching:
            (tmp_path / "notes.go").touch()
            told = watching.read().decode()
        code = here.process.wait(20)

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "shutting_down")
    assert (alive.status_code, code) == (200, 0)
    assert 'event: run_ended\ndata: {"state":"done"' in told


def test_whoever_watches_is_told_that_a_run_is_interrupted(tmp_path):
    with serving(tmp_path) as here:
        here.begin()
        with here.http.stream("GET", "/api/runs/r/events") as watching:
            here.process.send_signal(signal.SIGTERM)
            told = watching.read().decode()
        here.process.wait(20)

    assert 'data: {"state":"interrupted","output":null,"error":"StoppedError: the service' in told


def test_a_second_signal_is_not_waited_for(tmp_path):
    with serving(tmp_path, grace=1000) as here:
        here.begin()
        here.process.send_signal(signal.SIGTERM)
        assert until(lambda: here.http.get("/readyz").status_code == 503)
        code, _ = here.end(signal.SIGTERM)
    with serving(tmp_path) as again:
        state = again.state()

    assert (code, state) == (0, "running")


def test_a_run_whose_caller_was_on_the_line_is_left_for_the_caller(tmp_path):
    body = {"model": "helper", "messages": [{"role": "user", "content": "Go."}]}
    key = {"Idempotency-Key": "order-1"}
    with serving(tmp_path) as first:
        with suppress(httpx.ReadTimeout):
            first.http.post("/v1/chat/completions", json=body, headers=key, timeout=1)
        assert until(lambda: first.http.get("/api/runs?state=cancelled").json()["runs"])
        streamed = {**body, "stream": True}
        with first.http.stream("POST", "/v1/chat/completions", json=streamed) as told:
            assert until(lambda: first.notes.read_text().count("waits") == 2)
            first.end(signal.SIGKILL)
            with suppress(httpx.HTTPError):
                told.read()
    (tmp_path / "notes.go").touch()
    with serving(tmp_path) as second:
        runs = second.http.get("/api/runs").json()["runs"]
        answer = second.http.post("/v1/chat/completions", json=body, headers=key).json()

    assert [each["state"] for each in runs] == ["interrupted", "cancelled"]
    assert answer["choices"][0]["message"]["content"] == "once\nwaits\nonce\nwaits\nwaits\n"
