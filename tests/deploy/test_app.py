"""The example as it runs: with its own commands, on a PostgreSQL that wants a password."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest
from deploy.parts import DEPLOY, compose
from waiting import until

APP = DEPLOY / "app"
SECRETS = {"database-password": "its-password-0123456789", "service-token": "its-token-0123456789"}


@pytest.fixture
def begin(postgres, database, tmp_path):
    """Begins a service of the compose file as a process."""
    name = database.rpartition("/")[2]
    role = f"agentkit_{name}"
    with psycopg.connect(database, autocommit=True) as connection:
        password = SECRETS["database-password"]
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        connection.execute(f"ALTER DATABASE {name} OWNER TO {role}")
        rules = postgres.directory / "data" / "pg_hba.conf"
        mine = f"host all {role} 127.0.0.1/32 scram-sha-256\n"
        rules.write_text(mine + rules.read_text(encoding="utf-8"), encoding="utf-8")
        connection.execute("SELECT pg_reload_conf()")
    for secret, value in SECRETS.items():
        (tmp_path / secret).write_text(f"{value}\n", encoding="utf-8")
    begun = []
    address = {
        "postgresql://agentkit@postgres/agentkit": f"postgresql://{role}@127.0.0.1:{postgres.port}/{name}"
    }

    def start(service, *arguments):
        found = compose()["services"][service]
        environment = {
            variable: address.get(value, value).replace("/run/secrets", str(tmp_path))
            for variable, value in found["environment"].items()
            if value is not None
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        begun.append(
            subprocess.Popen(
                [APP / "entry", *(arguments or found["command"])],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=APP,
                env={"PATH": path, "HOME": str(tmp_path), "PORT": "0", **environment},
            )
        )
        return begun[-1]

    yield start
    for each in begun:
        each.kill()
        each.communicate()


def ended(process):
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert SECRETS["database-password"] not in out + errors
    return out


def asked(port, method, path, body=None, token=SECRETS["service-token"]):
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    text = body if isinstance(body, str | None) else json.dumps(body)
    connection.request(method, path, text, {"Authorization": f"Bearer {token}"})
    with connection.getresponse() as response:
        answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def test_a_run_goes_all_the_way(begin):
    ended(begin("migrate"))
    ended(begin("migrate"))  # as when everything is started again
    worker, service = begin("worker"), begin("service")
    port = int(service.stdout.readline().rpartition(" ")[2])

    assert asked(port, "GET", "/healthz", token="") == (200, {"ok": True})
    assert asked(port, "GET", "/runs/one", token="wrong")[0] == 401
    assert asked(port, "GET", "/runs/one")[0] == 409
    for wrong in ("", "[1]", "{}", '{"prompt": 7}', "\xff"):
        assert asked(port, "POST", "/runs", wrong)[0] == 400
    for _ in range(2):
        sent = {"prompt": "How far is order 8?", "id": "one"}
        assert asked(port, "POST", "/runs", sent) == (202, {"id": "one"})
    asked(port, "POST", "/runs", {"prompt": "Cancel order 7.", "id": "two"})

    def came_to(run_id, state):
        assert until(lambda: asked(port, "GET", f"/runs/{run_id}")[1]["state"] == state)
        return asked(port, "GET", f"/runs/{run_id}")[1]

    assert came_to("one", "done")["output"] == "Order 8 is on its way."
    (waits,) = came_to("two", "waiting")["waits"]
    assert (waits["name"], waits["why"]) == ("cancel_order", "cancel_order may destroy something")
    ended(begin("migrate", "agentkit", "durable", "approve", "two"))
    assert "Order 7 is cancelled" in came_to("two", "done")["output"]
    listed = json.loads(ended(begin("migrate", "agentkit", "durable", "list", "--json")))
    assert {each["id"] for each in listed} == {"one", "two"}
    for each in (service, worker):
        each.send_signal(signal.SIGTERM)
        ended(each)


def test_a_service_without_a_token_does_not_begin():
    done = subprocess.run(
        [sys.executable, "service.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=APP,
        env={"PATH": os.environ["PATH"], "AGENTKIT_DATABASE": "runs.db"},
    )

    assert (done.returncode, done.stderr) == (1, "SERVICE_TOKEN is empty: who may submit runs?\n")
