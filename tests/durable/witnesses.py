"""What sees a campaign: the model and the tools, each of which writes into a file of its own."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

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
