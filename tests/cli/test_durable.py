"""`agentkit worker`, `submit` and `durable`: durable runs from the command line."""

from __future__ import annotations

import json
import signal

import pytest
from waiting import until

AGENTS = '''
from agentkit import Agent, Context, tool


@tool(idempotent=True)
def forecast(city: str) -> str:
    """The weather of a city.

    Args:
        city: The city.
    """
    print("looking")
    return f"{city}: rain"


@tool(destructive=True)
def remove(name: str) -> str:
    """Remove a file.

    Args:
        name: Its name.
    """
    return f"{name} is gone"


support = Agent([forecast, remove], "offline")
named = Agent([forecast], "offline", name="weather")
'''
PLACE = ("--database", "runs.db")


@pytest.fixture
def worker(command):
    """Starts `agentkit worker`, which has said that it is there."""
    (command.place / "my_agents.py").write_text(AGENTS)

    def start(*arguments):
        process = command.begin("worker", "my_agents.py", *PLACE, *arguments)
        line = process.stderr.readline()
        assert line.startswith("agentkit: worker "), line
        return process, line

    return start


def test_a_run_is_submitted_waited_for_and_looked_at(command, worker):
    process, line = worker()
    assert "version 1: support, weather; queues: agentkit." in line
    asked = ("support", "What is the weather in Oslo?", *PLACE)

    done = command("submit", *asked, "--wait")
    assert (done.code, done.out) == (0, "The `forecast` of Oslo is Oslo: rain.\n")
    assert command("submit", *asked, "--id", "one").out == "one\n"
    whole = json.loads(command("submit", *asked, "--id", "one", "--wait", "--json").out)
    assert (whole["id"], whole["done"]) == ("one", True)
    taken = command("submit", "support", "Other.", *PLACE, "--id", "one")
    assert taken.code == 1
    assert "submitted with something else" in taken.err

    rows = json.loads(command("durable", "list", *PLACE, "--json").out)
    assert (rows[0]["id"], rows[0]["state"]) == ("one", "done")
    assert "one  " in command("durable", "list", *PLACE, "--state", "done").out
    assert (
        command("durable", "list", *PLACE, "--state", "failed").out == "There are no such runs.\n"
    )
    shown = command("durable", "show", "one", *PLACE)
    assert [line.split()[1] for line in shown.out.splitlines()[1:5]] == [
        "begin",
        "request",
        "forecast",
        "request",
    ]
    assert shown.out.endswith("The `forecast` of Oslo is Oslo: rain.\n")
    fork = command("durable", "fork", "one", "4", *PLACE).out.strip()
    assert until(lambda: state_of(command, fork) == "done")

    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "looking" in err  # what tools print is no output of the worker
    assert "stopping: runs are left between two steps." in err


def state_of(command, run_id):
    rows = json.loads(command("durable", "list", *PLACE, "--json").out)
    return next(row["state"] for row in rows if row["id"] == run_id)


def test_a_call_is_decided_on_from_the_command_line(command, worker):
    worker()
    for number, decide in enumerate(
        (("approve",), ("deny", "--why", "not that"), ("answer", "It was gone before."))
    ):
        run_id = f"run-{number}"
        asked = ("support", "Remove the file named notes", *PLACE, "--id", run_id)
        waits = command("submit", *asked, "--wait")
        assert waits.code == 4
        assert "may destroy something" in waits.err
        shown = command("durable", "show", run_id, *PLACE)
        assert "waits: remove may destroy something" in shown.out
        verb, *more = decide
        arguments = [run_id, *more] if verb == "answer" else [*more, run_id]
        assert command("durable", verb, *arguments, *PLACE).code == 0
        done = command("submit", *asked, "--wait", "--json")
        assert json.loads(done.out)["done"], done.err
    odd = command("durable", "approve", "run-0", "--arguments", "[", *PLACE)
    assert (odd.code, odd.err) == (2, "agentkit: --arguments is a JSON object.\n")


def test_a_run_is_cancelled_and_resumed(command):
    run_id = command("submit", "support", "What is the weather in Oslo?", *PLACE).out.strip()
    assert command("durable", "cancel", run_id, *PLACE).code == 0
    assert state_of(command, run_id) == "cancelled"
    assert command("durable", "resume", run_id, *PLACE).code == 0
    assert state_of(command, run_id) == "queued"
    again = command("durable", "resume", run_id, *PLACE)
    assert (again.code, "nothing to resume" in again.err) == (1, True)


def test_tables_are_made_and_the_address_may_be_in_the_environment(command):
    env = {"AGENTKIT_DATABASE": "runs.db"}
    assert command("durable", "migrate", env=env).code == 0
    assert (command.place / "runs.db").exists()
    assert command("durable", "list", env=env).out == "There are no such runs.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("worker", "none.py", *PLACE), 2, "There is no file 'none.py'."),
        (("worker", "json", *PLACE), 2, "json has no agents."),
        (("worker", "empty.py", *PLACE), 2, "empty.py has no agents."),
        (("worker", "twice.py", *PLACE), 2, "twice.py has two agents that are called 'one'."),
        (("worker", "twice.py:none", *PLACE), 2, "twice.py has no 'none'."),
        (("worker", "twice.py:a"), 2, "Missing option '--database'"),
        (("submit", "a", "Go.", *PLACE, "--deps", "{"), 2, "--deps is no JSON"),
        (("submit", "a", "  ", *PLACE), 2, "There is nothing to do: give a prompt."),
        (("submit", "a", "Go.", "-d", "mysql://u:hush@h/d"), 2, "not something with mysql://"),
        (("durable", "show", "none", *PLACE), 1, "There is no run 'none' in sqlite:///"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else None,
)
def test_wrong_use_is_told_in_a_line(command, arguments, code, said):
    (command.place / "empty.py").write_text("x = 1\n")
    twice = "from agentkit import Agent\na = Agent(name='one')\nb = Agent(name='one')\n"
    (command.place / "twice.py").write_text(twice)
    done = command(*arguments)
    assert (done.code, said in done.err) == (code, True), done.err
    assert done.err.count("\n") == 1
    assert "hush" not in done.err
