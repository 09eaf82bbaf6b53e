"""The compose file: its schema, and what no schema knows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from deploy.parts import COMPOSE, DEPLOY, ROOT, compose, most_connections, parsed, seconds

SERVICES = compose()["services"]
OURS = [name for name in SERVICES if name != "postgres"]


def test_it_fits_the_schema_of_compose_files():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            str(COMPOSE),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_image_has_a_version():
    for each in SERVICES.values():
        name, _, tag = each["image"].partition(":")
        assert name
        assert tag not in ("", "latest")


@pytest.mark.parametrize("name", ["migrate", "worker"])
def test_commands_are_those_of_agentkit(name, monkeypatch):
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, value or "")

    command, given = parsed(SERVICES[name]["command"])

    assert command == {"migrate": "durable migrate", "worker": "worker"}[name]
    assert given["database"] == "postgresql://agentkit@postgres/agentkit"


def test_a_worker_that_is_stopped_has_its_grace(monkeypatch):
    monkeypatch.setenv("AGENTKIT_DATABASE", "runs.db")
    _, given = parsed(SERVICES["worker"]["command"])

    assert seconds(SERVICES["worker"]["stop_grace_period"]) >= given["grace"] + 15
    assert (DEPLOY / "app" / given["agents"]).is_file()


def test_workers_find_connections(monkeypatch):
    monkeypatch.setenv("AGENTKIT_DATABASE", "runs.db")
    settings = dict(each.split("=") for each in SERVICES["postgres"]["command"] if "=" in each)
    workers = SERVICES["worker"]["deploy"]["replicas"]

    # Those of the service, which has one pool, and some for people.
    assert (workers + 1) * most_connections() + 20 <= int(settings["max_connections"])
    said = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert f"never more than {most_connections()}:" in said


def test_tables_are_made_before_anybody_wants_them():
    for name in ("worker", "service"):
        (wanted,) = SERVICES[name]["depends_on"].items()
        assert wanted == ("migrate", {"condition": "service_completed_successfully"})
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["restart"] == "no"
    assert "healthcheck" in SERVICES["postgres"]


def test_secrets_are_files_outside_of_the_image():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()

    for each in SERVICES.values():
        for variable, value in each["environment"].items():
            if value is not None and any(x in variable for x in ("PASS", "TOKEN", "KEY")):
                assert variable.endswith("_FILE")
                assert Path(value).name in each["secrets"]
    for each in compose()["secrets"].values():  # for what is read_only, no others are possible
        assert each.keys() == {"file"}
        assert f"deploy/{Path(each['file']).parent}/" in ignored
    assert not re.search(r"//[^/@]*:[^/@]*@", COMPOSE.read_text(encoding="utf-8"))


def test_ours_have_no_rights():
    for name in OURS:
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert "privileged" not in SERVICES[name]
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))
