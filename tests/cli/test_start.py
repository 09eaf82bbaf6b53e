"""Help, version, wrong use, and the missing extra."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_the_help_names_the_commands_and_the_exit_codes(inside):
    for option in ("--help", "-h"):
        done = inside(option)

        assert done.code == 0
        for word in ("run", "chat", "tools", "interfaces", "Exit codes:", "130  Ctrl-C"):
            assert word in done.out


def test_no_command_prints_the_help(inside):
    done = inside()

    assert (done.code, done.out.split()[0], done.err) == (0, "Usage:", "")


@pytest.mark.parametrize(
    "path",
    [["run"], ["chat"], ["tools"], ["tools", "call"], ["interfaces"], ["interfaces", "show"]],
)
def test_every_command_has_a_help_under_both_names(inside, path):
    assert inside(*path, "-h") == inside(*path, "--help")
    assert inside(*path, "-h").out.startswith(f"Usage: agentkit {' '.join(path)}")


def test_the_version_is_that_of_the_package(command):
    assert command("--version").out == "agentkit 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fly"], "'fly'"),
        (["run", "hi", "--loud"], "--loud"),
        (["run", "hi", "--max-steps", "0"], "--max-steps"),
        (["tools", "show"], "name"),
        (["run", "hi", "--option", "temperature"], "name=value"),
        (["run", "hi", "--tools", "none,clock"], "'none' alone"),
        (["run", "hi", "--tools", "none", "--interface", "grok"], "Did you mean 'groq'?"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(inside, arguments, words):
    done = inside(*arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("agentkit: ")
    assert done.err.count("\n") == 1
    assert words.lower() in done.err.lower()


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_a_missing_extra_is_one_line_that_says_what_to_install(missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from agentkit.cli import main; main(['-h'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        'agentkit: the command line needs typer and rich: pip install "agentkit[cli]"\n'
    )


def test_a_reader_that_goes_away_ends_it_quietly(command):
    (command.place / "long.py").write_text(
        "from agentkit import tool\n\n\n@tool(max_chars=None)\ndef repeat() -> str:\n"
        '    """Say much."""\n    return "much\\n" * 1_000_000\n'
    )
    process = command.begin("tools", "call", "repeat", "--tools", "long.py")
    assert process.stdout is not None
    assert process.stdout.readline() == "much\n"
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (141, "")
