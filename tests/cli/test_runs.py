"""`agentkit runs`: a journal's runs, listed, shown and gone on with."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

KEPT = ("--interface", "offline", "--journal", "runs.db")
POST = """
from agentkit import tool

@tool
def post(word: str) -> str:
    '''Post a word.

    Args:
        word: The word.
    '''
    return f"posted {word}"
"""


@pytest.fixture
def kept(command):
    """A journal with one run, whose id is given."""
    command("run", "What is 17 * 23?", *KEPT)
    return json.loads(command("runs", "list", "--journal", "runs.db", "--json").out)[0]["id"]


def cut(place, number):
    """Leave only so many events, as if the process had died."""
    with closing(sqlite3.connect(place / "runs.db")) as connection, connection:
        connection.execute("DELETE FROM events WHERE number > ?", (number,))
        connection.execute("UPDATE runs SET state = 'running', output = NULL, ended = NULL")


def test_runs_are_listed(command, kept):
    lines = (
        command("runs", "--help").code,
        command("runs", "list", "--journal", "runs.db").out.splitlines(),
    )

    assert lines[0] == 0
    assert lines[1][0].split() == ["ID", "BEGUN", "STATE", "STEPS", "TOKENS", "PROMPT"]
    assert lines[1][1].startswith(kept)
    assert lines[1][1].endswith("What is 17 * 23?")


def test_the_environment_names_the_journal(command, kept):
    done = command("runs", env={"AGENTKIT_JOURNAL": "runs.db"})

    assert kept in done.out


def test_a_run_is_shown_step_by_step(command, kept):
    text = command("runs", "show", kept, "--journal", "runs.db").out

    assert "user: What is 17 * 23?" in text
    assert '→ calculator(expression="17 * 23")' in text
    assert text.index("calculator begins") < text.index("17 * 23 = 391")
    assert text.splitlines()[-2].endswith("done")


def test_a_run_that_was_cut_short_goes_on(command, kept):
    cut(command.place, 3)
    done = command("runs", "resume", kept, *KEPT)

    assert (done.code, done.out) == (0, "17 * 23 = 391\n")
    assert (
        json.loads(command("runs", "show", kept, "--journal", "runs.db", "--json").out)["output"]
        == "17 * 23 = 391"
    )


def test_a_run_with_an_answer_is_not_asked_again(command, kept):
    done = command("runs", "resume", kept, *KEPT)

    assert done.out == "17 * 23 = 391\n"
    assert "has its answer" in done.err


def test_a_call_of_which_nobody_knows_is_asked_about(command):
    (command.place / "post.py").write_text(POST, encoding="utf-8")
    command("run", 'Post the word "tin".', *KEPT, "--tools", "post.py")
    (run,) = json.loads(command("runs", "list", "--journal", "runs.db", "--json").out)
    cut(command.place, 4)
    resume = ("runs", "resume", run["id"], *KEPT, "--tools", "post.py")
    alone = command(*resume)
    terminal = command.on_terminal(*resume)
    terminal.until("may or may not have run")
    terminal.until("[y]es")
    terminal.type("y\n")
    code, text = terminal.end()

    assert alone.code == 4
    assert (code, "posted tin" in text) == (0, True)


def test_old_runs_are_forgotten(command, kept):
    assert (
        command("runs", "prune", "--days", "1", "--journal", "runs.db").out == "0 runs forgotten.\n"
    )
    assert (
        command("runs", "prune", "--days", "0", "--journal", "runs.db").out == "1 runs forgotten.\n"
    )
    assert command("runs", "list", "--journal", "runs.db").out == "There are no such runs.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("runs",), 2, "give --journal FILE, or set AGENTKIT_JOURNAL"),
        (("runs", "list", "--journal", "none.db"), 2, "There is no journal 'none.db'"),
        (("runs", "show", "x", "--journal", "runs.db"), 1, "There is no run 'x'"),
        (("runs", "resume", "x", "--journal", "runs.db"), 1, "There is no run 'x'"),
        (("runs", "list", "--journal", "text.db"), 1, "no SQLite file, or a corrupt one"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_one_clear_error(command, kept, arguments, code, why):
    (command.place / "text.db").write_text("no database " * 99, encoding="utf-8")
    done = command(*arguments)

    assert done.code == code
    assert why in done.err
    assert "Traceback" not in done.err
