"""Command lines: never run unless a person approved them, and limited when they run."""

import json
import os

import pytest
from enough_time import stopped_after

from agentkit import Agent, Toolbox
from agentkit.testing import ScriptedInterface
from agentkit.testing import call as call_of
from agentkit_tools import shell
from agentkit_tools.shell import Shell, run_command

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no /bin/sh")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("echo hi", "hi"),
        ("echo a b | tr a-z A-Z; echo $((1 + 2))", "A B\n3"),
        ("echo one\necho two", "one\ntwo"),
        ("cat <<'END'\n\ttext\nEND", "\ttext"),
        ("true", "It ended with exit code 0. It printed nothing."),
        ("echo no >&2; exit 2", "It ended with exit code 2.\nStandard error:\nno"),
        ("kill -SEGV $$", "It was ended by SIGSEGV."),
        ("cat", "It ended with exit code 0. It printed nothing."),
        ("read answer; echo \"<$answer>\"", "<>"),
        ("sleep 60 & echo begun", "begun"),
        ("echo é ✓", "é ✓"),
    ],
)  # fmt: skip
def test_a_command_line_is_run_by_a_shell(command, shown):
    assert run_command(command) == shown


def test_a_command_is_never_an_option_of_the_shell():
    assert "not found" in run_command("-x") or "No such" in run_command("-x")
    assert run_command("--version").startswith("It ended with exit code 127.")


def test_it_runs_in_the_current_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_command("echo hi > made")

    assert (tmp_path / "made").read_text(encoding="utf-8") == "hi\n"


def test_a_command_that_takes_too_long_is_stopped():
    seconds, told = stopped_after(
        lambda told: "begun" in told,
        lambda given: Shell(timeout=given).run_command("echo begun; sleep 60"),
    )

    assert told == f"It was stopped: it took longer than {seconds:g} seconds.\nbegun"


def test_a_command_that_prints_without_end_is_stopped():
    assert run_command("yes").startswith("It was stopped: it printed more than 1,000,000 bytes.")


def test_secrets_reach_a_command_only_when_they_are_given(monkeypatch):
    for name in ("GROQ_API_KEY", "ENV", "BASH_ENV", "GIT_SSH_COMMAND"):
        monkeypatch.setenv(name, "gsk_0123456789")

    assert "gsk_" not in run_command("env; set")
    assert Shell(env={"TOKEN": "given"}).run_command("echo $TOKEN") == "given"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("echo safe\rrm -r x", "U+000D"),
        ("echo \x1b[2K", "U+001B"),
        ("echo \u202etxt.exe", "U+202E"),
        ("ec\u200bho", "U+200B"),
        ("echo\u2028rm -r x", "U+2028"),
        ("echo \x00", "U+0000"),
        ("echo \x7f", "U+007F"),
        ("echo \U000e0041", "U+E0041"),
        ("echo \ud800", "U+D800"),
    ],
)
def test_what_a_person_cannot_see_is_refused_before_anybody_is_asked(command, code):
    call = call_of("run_command", {"command": command})
    run = Agent([shell], ScriptedInterface(call, "Done.")).run("Go.")

    assert run.pending == ()
    assert f"it holds an invisible character, {code}" in run.messages[-2].content


@pytest.mark.parametrize("approval", ["ask_for_destructive", "always", "never"])
def test_a_command_waits_for_a_person_under_every_policy(approval, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = call_of("run_command", {"command": "echo hi > made"})
    agent = Agent([shell], ScriptedInterface(call, "Done."), approval=approval)

    run = agent.run("Go.")
    assert [json.loads(each.arguments) for each in run.pending] == [{"command": "echo hi > made"}]
    assert not (tmp_path / "made").exists()


def test_the_module_offers_one_tool_that_is_not_safe():
    box = Toolbox(shell)

    assert list(box) == ["run_command"]
    only = box["run_command"]
    assert (only.destructive, only.open_world, only.read_only, only.approve) == (
        True,
        True,
        False,
        True,
    )
