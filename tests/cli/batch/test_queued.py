"""`agentkit batch --queue`: rows that durable workers run."""

from __future__ import annotations

import json
import signal

import pytest
from waiting import until

AGENTS = '''
from pathlib import Path

from agentkit import Agent, tool
from agentkit.testing import call
from agentkit.interface import Interface
from agentkit.messages import AssistantMessage, Response, ResultMessage


class Model(Interface):
    """Breaks for "broken" until there is a file "mended", removes for "remove", greets others."""

    def send(self, request):
        prompt, last = request.messages[0].content, request.messages[-1]
        if prompt == "broken" and not Path("mended").exists():
            raise ValueError("it is broken")
        if prompt == "remove" and not isinstance(last, ResultMessage):
            return Response(message=AssistantMessage(calls=(call("remove", name="x"),)))
        return Response(message=AssistantMessage(f"Hello {prompt}."))


@tool(destructive=True)
def remove(name: str) -> str:
    """Remove something."""
    return "gone"


greeter = Agent([remove], Model())
'''
QUEUED = ("--queue", "q", "--agent", "greeter", "--database", "runs.db")


@pytest.fixture
def worker(command):
    """Starts a worker, which has said that it is there."""
    (command.place / "agents.py").write_text(AGENTS)

    def start():
        process = command.begin("worker", "agents.py", "--queue", "q", "--database", "runs.db")
        line = process.stderr.readline()
        assert line.startswith("agentkit: worker "), line
        return process

    return start


def written(command, name="out.jsonl"):
    lines = (command.place / name).read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_rows_are_run_by_workers_and_found_again(command, worker):
    worker()
    (command.place / "in.txt").write_text("Ada\nbroken\nremove\nBob\n")

    done = command("batch", "in.txt", "-o", "out.jsonl", *QUEUED)
    assert done.code == 1, done.err
    rows = written(command)
    assert [row["state"] for row in rows] == ["done", "failed", "waiting", "done"]
    assert [rows[0]["output"], rows[3]["output"]] == ["Hello Ada.", "Hello Bob."]
    assert "ValueError: it is broken" in rows[1]["error"]
    assert "remove may destroy something" in rows[2]["error"]
    assert "--retry-failed goes on with the rows that failed" in done.err
    assert "`agentkit durable list --state waiting` lists what waits" in done.err

    (command.place / "mended").touch()
    again = command("batch", "in.txt", "-o", "out.jsonl", *QUEUED)
    assert again.code == 1
    assert written(command) == rows

    assert command("durable", "approve", rows[2]["run_id"], "--database", "runs.db").code == 0
    last = command("batch", "in.txt", "-o", "out.jsonl", *QUEUED, "--retry-failed")
    assert last.code == 0, last.err
    outputs = [row["output"] for row in written(command)]
    assert outputs == ["Hello Ada.", "Hello broken.", "Hello remove.", "Hello Bob."]
    assert [row["run_id"] for row in written(command)] == [row["run_id"] for row in rows]


def test_a_batch_that_was_killed_is_gone_on_with(command, worker):
    (command.place / "in.txt").write_text("".join(f"row {n}\n" for n in range(30)))
    batch = command.begin("batch", "in.txt", "-o", "out.jsonl", *QUEUED, "--concurrency", "7")

    def queued():
        listed = command("durable", "list", "--database", "runs.db", "--json")
        return json.loads(listed.out) if listed.code == 0 else []

    assert until(lambda: len(queued()) == 7)
    assert batch.poll() is None
    batch.send_signal(signal.SIGKILL)
    batch.wait()
    worker()
    done = command("batch", "in.txt", "-o", "out.jsonl", *QUEUED)
    assert done.code == 0, done.err
    assert [row["output"] for row in written(command)] == [f"Hello row {n}." for n in range(30)]
    assert (
        len(
            json.loads(
                command("durable", "list", "--database", "runs.db", "--limit", "99", "--json").out
            )
        )
        == 30
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--queue", "q", "--agent", "greeter"), "--queue takes --agent NAME"),
        (("--queue", "q", "--database", "runs.db"), "--queue takes --agent NAME"),
        ((*QUEUED, "--model", "large"), "--model is for rows that are run here"),
        ((*QUEUED, "--journal", "j.db"), "--journal is for rows that are run here"),
        ((*QUEUED, "--unfinished", "skip"), "--unfinished is for rows that are run here"),
        ((*QUEUED, "-o", "kept.jsonl"), "kept.jsonl is there already, and kept.jsonl.batch"),
    ],
    ids=["no database", "no agent", "model", "journal", "unfinished", "output"],
)
def test_wrong_use_is_told_in_a_line(command, arguments, said):
    (command.place / "kept.jsonl").write_text("precious\n")
    done = command("batch", *arguments, stdin="Ada\n")
    assert (done.code, said in done.err) == (2, True), done.err
    assert (command.place / "kept.jsonl").read_text() == "precious\n"
