"""`agentkit serve`."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import httpx
import pytest
from cli.command import Command

from agentkit.cli import main

AGENTS = """
import os

from agentkit import Agent, tool
from agentkit.testing import ScriptedInterface


@tool
def environment() -> str:
    '''The names in the environment.'''
    return " ".join(os.environ)


first = Agent([environment], "offline", name="one")
second = Agent([], "offline")
"""


def begin(command: Command, *arguments: str, env: Any = None) -> tuple[Any, httpx.Client, str]:
    """A service, a client of it, and the line that it printed."""
    process = command.begin("serve", *arguments, "--port", "0", "--journal", "runs.db")
    line = process.stdout.readline()
    address = line.split(" at ")[1].split(" ")[0]
    return process, httpx.Client(base_url=address, timeout=20), line


def test_the_agents_of_a_file_are_served_until_a_signal(command: Command) -> None:
    (command.place / "my_agents.py").write_text(AGENTS, encoding="utf-8")
    process, http, line = begin(command, "my_agents.py")
    with http:
        models = [each["id"] for each in http.get("/v1/models").json()["data"]]
    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
    assert models == ["one", "second"]
    assert line.startswith("serving one, second at http://127.0.0.1:")
    assert line.endswith("(journal: runs.db)\n")
    assert process.stderr.read() == "agentkit: stopped.\n"


def test_an_agent_is_made_of_options_and_needs_its_key(command: Command) -> None:
    (command.place / "keys").write_text("# of the tests\na-key-of-the-tests\n", encoding="utf-8")
    given = ["--tools", "calculator", "--interface", "offline", "--key-file", "keys"]
    process, http, _ = begin(command, *given)
    with http:
        refused = http.get("/api/tools").status_code
        key = {"Authorization": "Bearer a-key-of-the-tests"}
        tools = http.get("/api/tools", headers=key).json()["tools"]
    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 0
    assert (refused, tools[0]["agent"]) == (401, "agent")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--interface", "offline", "--host", "0.0.0.0"], "no key"),
        (["--key-file", "none"], "cannot be read"),
        (["a.py", "--tools", "files"], "--tools is what the agents of a.py say"),
        (["none.py"], "no file 'none.py'"),
        (["--interface", "offline", "--port", "99999"], "port"),
        (["--allow-host"], "requires an argument"),
    ],
    ids=str,
)
def test_wrong_use_is_told_in_a_line(command: Command, arguments: list[str], said: str) -> None:
    done = command("serve", "--journal", "runs.db", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_no_tool_finds_the_keys(monkeypatch: Any, tmp_path: Any) -> None:
    import os

    from agentkit.serve import Service

    seen: list[Any] = []
    monkeypatch.setenv("AGENTKIT_SERVE_KEYS", "key-number-one,key-number-two")
    monkeypatch.setattr(Service, "run", lambda service, *_, **__: seen.append(service))
    with pytest.raises(SystemExit):
        main(["serve", "--interface", "offline", "--journal", str(tmp_path / "runs.db")])

    assert "AGENTKIT_SERVE_KEYS" not in os.environ
    assert (len(seen[0].keys), seen[0].keys.allow("key-number-two")) == (2, True)


def test_what_is_missing_is_named() -> None:
    code = (
        "import sys\nsys.modules['starlette'] = None\nfrom agentkit.cli import main\n"
        "main(['serve', '--interface', 'offline', '--port', '0'])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stderr == "agentkit: The service needs starlette: pip install 'agentkit[serve]'.\n"
