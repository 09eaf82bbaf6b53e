"""`agentkit eval init`: cases to begin with, and an evaluation of them."""

from __future__ import annotations

import json

import pytest

from agentkit import Agent
from agentkit.cli.loading import load_tools
from agentkit.testing import ScriptedInterface, call


@pytest.fixture
def journal(command):
    model = ScriptedInterface(call("paint", word="red"), "Done.")
    Agent(
        load_tools([str(command.place / "odd.py")]), model, journal=command.place / "runs.db"
    ).run("Paint red.")
    return str(command.place / "runs.db")


def test_cases_of_tools_are_written_and_can_be_run(command):
    written = command("eval", "init", "--tools", "calculator", "-o", "cases.jsonl")
    done = command(
        "eval",
        "cases.jsonl",
        "-t",
        "calculator",
        "-i",
        "offline",
        "--threshold",
        "0",
        "--html",
        "e.html",
    )
    page = (command.place / "e.html").read_text(encoding="utf-8")

    assert (written.code, written.out) == (0, "")
    assert "wrote 6 cases to cases.jsonl: edit the prompts, they are drafts" in written.err
    assert done.code == 0, done.err
    assert "6 cases, 6 runs." in done.out
    assert "6 cases, not edited by anybody" in page


def test_past_runs_become_cases_that_they_pass(inside, journal, tmp_path):
    written = inside("eval", "init", "--runs", journal)
    (tmp_path / "cases.jsonl").write_text(written.out, encoding="utf-8")
    judged = inside("eval", str(tmp_path / "cases.jsonl"), "--runs", journal)

    assert json.loads(written.out)["calls"] == [{"name": "paint", "arguments": {"word": "red"}}]
    assert judged.code == 0, judged.err
    assert "Passed: 1 of 1 runs passed (100 %), 100 % must." in judged.out


def test_tools_and_past_runs_go_together(inside, journal, tools_file):
    written = inside("eval", "init", "--runs", journal, "--tools", f"{tools_file}:paint")
    ids = [json.loads(line)["id"] for line in written.out.splitlines()]

    assert ids[0] == "paint"
    assert ids[-1] == "paint-red"


def test_nothing_is_overwritten_and_names_say_what_is_written(inside, tmp_path):
    file = tmp_path / "cases.jsonl"
    file.write_text("mine", encoding="utf-8")
    taken = inside("eval", "init", "--tools", "calculator", "-o", str(file))
    other = inside("eval", "init", "--tools", "calculator", "-o", str(tmp_path / "cases.yaml"))

    assert (taken.code, other.code) == (2, 2)
    assert "is there already, and nothing is overwritten" in taken.err
    assert "cases.jsonl." in other.err
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_journal_without_anything_to_ask_again_is_told(inside, journal, tmp_path):
    model = ScriptedInterface("Hi.")
    Agent([], model, journal=tmp_path / "empty.db").run(
        "Hello", after=Agent([], ScriptedInterface("a")).run("b")
    )
    done = inside("eval", "init", "--runs", str(tmp_path / "empty.db"))
    none = inside("eval", "init", "--runs", str(tmp_path / "none.db"))

    assert (done.code, none.code) == (2, 2)
    assert "There is no run in the journal that ended well and can be asked again." in done.err
    assert "There is no journal" in none.err


def test_the_help_names_both(inside):
    told = inside("eval", "--help").out

    assert "Write cases to begin with, as lines of JSON." in told
    assert "--runs" in inside("eval", "init", "--help").out
