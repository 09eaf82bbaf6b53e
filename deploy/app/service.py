"""Submits runs over HTTP and tells how far they are: a small example on the standard library alone.

    POST /runs  {"prompt": "How far is order 8?", "id": "ticket-17"}  -> 202 {"id": "ticket-17"}
    GET  /runs/ticket-17                                              -> {"state": "done", ...}

The same id twice is one run, so that a caller may repeat what it did not hear the end of. Who calls
says `Authorization: Bearer ...` with the token of SERVICE_TOKEN.
"""

import hmac
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

from agentkit import AgentkitError, ConfigError
from agentkit.durable import Engine

LONGEST = 100_000  # bytes of a request
AGENT = "support"


class Service(BaseHTTPRequestHandler):
    """Answers requests, each in a thread."""

    engine: Engine
    token: str
    timeout = 10  # seconds that a client may say nothing

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.answer(200, {"ok": True})
        elif self.may():
            self.tried(self.look)

    def do_POST(self) -> None:
        if self.may():
            self.tried(self.submit)

    def may(self) -> bool:
        given = self.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return True
        self.answer(401, {"error": "Say Authorization: Bearer TOKEN."})
        return False

    def tried(self, work: Any) -> None:
        try:
            self.answer(*work())
        except ConfigError as error:
            self.answer(400, {"error": str(error)})
        except AgentkitError as error:
            self.answer(409, {"error": str(error)})

    def submit(self) -> tuple[int, dict[str, Any]]:
        length = self.headers.get("Content-Length", "")
        if self.path != "/runs" or not length.isdecimal() or int(length) > LONGEST:
            return 400, {"error": f"POST /runs takes JSON of at most {LONGEST} bytes."}
        try:
            given = json.loads(self.rfile.read(int(length)))
            prompt, run_id = given["prompt"], given.get("id")
        except (ValueError, TypeError, KeyError, AttributeError):
            return 400, {"error": 'POST /runs takes {"prompt": "...", "id": "..."}.'}
        return 202, {"id": self.engine.submit(AGENT, prompt, run_id=run_id)}

    def look(self) -> tuple[int, dict[str, Any]]:
        run_id = unquote(self.path.removeprefix("/runs/"))
        try:
            run = self.engine.result(run_id, timeout=0)
        except TimeoutError:
            return 200, {"id": run_id, "state": "on its way"}
        except AgentkitError as error:
            if error.run is None:  # there is no such run, or the database cannot be used
                raise
            return 200, {"id": run_id, "state": "failed", "error": str(error)}
        waits = [{"id": each.id, "name": each.name, "why": each.waits} for each in run.pending]
        state = "waiting" if waits else "done"
        return 200, {"id": run_id, "state": state, "output": run.output, "waits": waits}

    def answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def main() -> None:
    token = os.environ.get("SERVICE_TOKEN", "")
    if not token:
        sys.exit("SERVICE_TOKEN is empty: who may submit runs?")
    Service.engine = Engine(os.environ["AGENTKIT_DATABASE"])
    Service.token = token
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Service)

    def stop(*_: Any) -> None:
        Thread(target=server.shutdown).start()  # which waits for the loop below

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"service on port {server.server_port}", flush=True)
    server.serve_forever()
    server.server_close()
    Service.engine.close()


if __name__ == "__main__":
    main()
