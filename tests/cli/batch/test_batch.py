"""`agentkit batch` as a user has it, against a server on the loopback."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys

import pytest
from cli.command import Done
from model_server import FunctionCall, Raw, results_in
from waiting import until
from warm import python

PROMPTS = ["apple", "pear", "plum"]


def refusing(*prompts):
    """A server that refuses these prompts."""

    def answer(body):
        said = body["messages"][-1]["content"]
        if said in prompts:
            return Raw([json.dumps({"error": {"message": "no such fruit"}}).encode()], status=400)
        return said.upper()

    return answer


def test_each_row_has_its_answer_in_the_order_of_the_input(batch):
    batch.write("in.txt", *(f"prompt {n}" for n in range(40)))
    done = batch("in.txt", "-o", "out.jsonl", "--concurrency", "8")
    rows = batch.rows()

    assert (done.code, done.out) == (0, "")
    assert [each["output"] for each in rows] == [f"PROMPT {n}" for n in range(40)]
    assert [each["id"] for each in rows] == list(range(1, 41))
    assert {each["state"] for each in rows} == {"done"}
    assert done.err.startswith("agentkit: 40 rows: 40 done, 400 tokens")


def test_a_row_of_the_output_says_all_about_it(batch):
    batch.write("in.jsonl", {"id": "x", "fruit": "fig", "n": 3})
    batch("in.jsonl", "-o", "out.jsonl", "--id", "id", "--template", "{n} {fruit}s")
    (row,) = batch.rows()
    run_id = row.pop("run_id")

    assert run_id.startswith("batch:")
    assert row.pop("cost") > 0
    assert row == {
        "id": "x",
        "state": "done",
        "output": "3 FIGS",
        "error": None,
        "input": {"id": "x", "fruit": "fig", "n": 3},
        "prompt_tokens": 7,
        "completion_tokens": 3,
    }


def test_a_table_stays_a_table_with_what_came_of_each_row_beside_it(batch):
    batch.write("in.csv", "fruit,state", 'fig,"ripe, soft"', "kiwi,=1+1")
    done = batch("in.csv", "-o", "out.csv", "--template", "{fruit}: {state}")
    rows = list(csv.DictReader(io.StringIO(batch.text("out.csv"))))

    assert done.code == 0, done.err
    assert [(r["fruit"], r["state"], r["state_"], r["output"]) for r in rows] == [
        ("fig", "ripe, soft", "done", "FIG: RIPE, SOFT"),
        ("kiwi", "=1+1", "done", "KIWI: =1+1"),
    ]


def test_rows_come_from_stdin_and_go_to_stdout_alone(batch):
    done = batch(stdin="apple\npear\n")

    assert [json.loads(line)["output"] for line in done.out.splitlines()] == ["APPLE", "PEAR"]
    assert sorted(os.listdir(batch.place)) == ["odd.py"]


def test_without_an_output_nothing_is_kept_and_what_is_not_done_is_told_of(batch):
    batch.server.always = refusing("pear")
    failed = batch(stdin="apple\npear\n")
    batch.server.always = FunctionCall("paint", '{"word": "x"}')
    waits = batch("--approval", "always", stdin="apple\n", tools="odd.py:paint")

    assert (failed.code, waits.code) == (1, 4)
    assert "-o FILE keeps what is done" in failed.err
    assert "-o FILE keeps what waits" in waits.err
    assert len(failed.out.splitlines()) == 2


def test_an_agent_of_a_file_runs_the_rows(batch):
    (batch.place / "mine.py").write_text(
        "from agentkit import Agent\n"
        "agent = Agent(interface='groq', instructions='Be brief.', output=int)\n"
        "other = 3\n",
        encoding="utf-8",
    )
    batch.server.always = FunctionCall("final_answer", '{"answer": 42}')
    batch.write("in.txt", "apple")
    given = ("batch", "in.txt", "-o", "out.jsonl", "--agent")
    done = batch.command(*given, "mine.py:agent", env=batch.environment)
    wrong = [
        batch.command(*given, *more, env=batch.environment).err
        for more in (
            ["mine.py"],
            ["mine.py:agnt"],
            ["mine.py:other"],
            ["mine.py:agent", "-m", "x"],
            ["yours.py:agent"],
        )
    ]

    assert done.code == 0, done.err
    assert batch.rows()[0]["output"] == 42
    assert batch.server.bodies[0]["messages"][0]["content"] == "Be brief."
    assert "file.py:name or module:name, not 'mine.py'" in wrong[0]
    assert "Did you mean 'agent'?" in wrong[1]
    assert "is no Agent, but a int" in wrong[2]
    assert "leave out --model" in wrong[3]
    assert "no file 'yours.py'" in wrong[4]


def test_started_again_nothing_that_is_done_is_asked_and_the_output_is_the_same(batch):
    batch.write("in.txt", *PROMPTS)
    batch("in.txt", "-o", "out.jsonl")
    first = batch.text("out.jsonl")
    (batch.place / "out.jsonl").unlink()
    again = batch("in.txt", "-o", "out.jsonl")

    assert again.code == 0
    assert "3 rows (3 of them before): 3 done" in again.err
    assert sorted(batch.asked) == PROMPTS
    assert batch.text("out.jsonl") == first


def test_rows_that_are_new_or_changed_are_asked_and_no_others(batch):
    batch.write("in.txt", *PROMPTS)
    batch("in.txt", "-o", "out.jsonl")
    batch.write("in.txt", "apple", "peach", "plum", "cherry")
    batch("in.txt", "-o", "out.jsonl")

    assert sorted(batch.asked[3:]) == ["cherry", "peach"]
    assert [each["output"] for each in batch.rows()] == ["APPLE", "PEACH", "PLUM", "CHERRY"]


def test_rows_with_ids_may_move(batch):
    rows = [{"key": name[:2], "prompt": name} for name in PROMPTS]
    batch.write("in.jsonl", *rows)
    batch("in.jsonl", "-o", "out.jsonl", "--id", "key")
    batch.write("in.jsonl", {"key": "new", "prompt": "nut"}, *reversed(rows))
    batch("in.jsonl", "-o", "out.jsonl", "--id", "key")

    assert batch.asked[3:] == ["nut"]
    assert [each["id"] for each in batch.rows()] == ["new", "pl", "pe", "ap"]


def test_a_row_that_fails_stops_no_other_and_is_tried_again_when_told(batch):
    batch.server.always = refusing("pear")
    batch.write("in.txt", *PROMPTS)
    first = batch("in.txt", "-o", "out.jsonl")
    written = batch.text("out.jsonl")
    second = batch("in.txt", "-o", "out.jsonl")
    kept = batch.text("out.jsonl")
    batch.server.always = refusing()
    third = batch("in.txt", "-o", "out.jsonl", "--retry-failed")

    assert (first.code, second.code, third.code) == (1, 1, 0)
    assert kept == written
    assert json.loads(kept.splitlines()[1])["error"].startswith("StatusError: The server answered")
    assert "--retry-failed" in first.err
    assert "1 failed" in first.err
    assert sorted(batch.asked) == ["apple", "pear", "pear", "plum"]
    assert [each["output"] for each in batch.rows()] == ["APPLE", "PEAR", "PLUM"]


def test_what_all_rows_would_meet_stops_them_and_is_no_rows_own_fault(batch):
    batch.server.always = Raw([b'{"error": {"message": "bad key"}}'], status=401)
    batch.write("in.txt", *(f"p{n}" for n in range(50)))
    wrong = batch("in.txt", "-o", "out.jsonl", "-c", "2")
    asked = len(batch.asked)
    batch.server.always = refusing()
    right = batch("in.txt", "-o", "out.jsonl")

    assert wrong.code == 1
    assert "401" in wrong.err
    assert "the same command goes on" in wrong.err
    assert asked <= 10
    assert right.code == 0
    assert len(batch.rows()) == 50


def test_rows_that_wait_for_approval_can_be_decided_on(batch):
    batch.server.always = lambda body: (
        results_in(body)[0] if results_in(body) else FunctionCall("burn", "{}")
    )
    (batch.place / "fire.py").write_text(
        "from agentkit import tool\n\n\n@tool(destructive=True)\ndef burn() -> str:\n"
        '    """Burn it."""\n    return "ashes"\n',
        encoding="utf-8",
    )
    batch.write("in.txt", "go")
    first = batch("in.txt", "-o", "out.jsonl", tools="fire.py")
    written = batch.text("out.jsonl")
    again = batch("in.txt", "-o", "out.jsonl", tools="fire.py")

    assert (first.code, again.code) == (4, 4)
    assert json.loads(written)["state"] == "waiting"
    assert json.loads(written)["error"].startswith("burn() waits: ")
    assert "agentkit runs list --state waiting --journal out.jsonl.db" in first.err
    assert batch.text("out.jsonl") == written
    resume = ("runs", "resume", "last", "--journal", "out.jsonl.db", "--tools", "fire.py")
    terminal = batch.command.on_terminal(*resume, env=batch.environment)
    terminal.until("Run burn?")
    terminal.type("y\n")
    assert terminal.end()[0] == 0
    assert batch("in.txt", "-o", "out.jsonl", tools="fire.py").code == 0
    assert batch.rows()[0]["output"] == "ashes"


def test_unordered_rows_come_as_they_are_there(batch):
    def slow_first(body):
        if body["messages"][-1]["content"] == "p0":
            assert until(lambda: len(batch.asked) == 8)
        return "ok"

    batch.server.always = slow_first
    batch.write("in.txt", *(f"p{n}" for n in range(8)))
    done = batch("in.txt", "-o", "out.jsonl", "--unordered", "-c", "2")
    ids = [each["id"] for each in batch.rows()]

    assert done.code == 0, done.err
    assert ids[0] != 1
    assert sorted(ids) == list(range(1, 9))


@pytest.mark.parametrize(
    ("lines", "more", "says"),
    [
        (['{"prompt": "a"}', "{"], (), "in.jsonl, line 2: it is no JSON"),
        (['{"a": 1, "b": 2}'], (), "in.jsonl, line 1: there is no 'prompt'"),
        (['{"prompt": "a"}'], ("--template", "{b}"), "in.jsonl, line 1: there is no 'b'"),
        (['{"prompt": "a"}'], ("--template", "{"), "--template has a '{'"),
        (['{"prompt": "a", "i": 1}'] * 2, ("--id", "i"), "line 2: its 'i' is 1, as in line 1"),
        (['{"prompt": "a"}'], ("-o", "in.jsonl"), "in.jsonl is the input too"),
        (['{"prompt": "a"}'], ("-o", "./in.jsonl"), "in.jsonl is the input too"),
        (['{"prompt": "a"}'], ("-o", "odd.py"), "odd.py is there already"),
        (['{"prompt": "a"}'], ("-o", "x", "--journal", "x"), "x is the journal too"),
        (['{"prompt": "a"}'], ("-o", "/proc/no/x"), "/proc/no/x cannot be written"),
        (['{"prompt": "a"}'], ("-o", "."), ". cannot be written"),
        (['{"prompt": "a"}'], ("-c", "0"), "Invalid value"),
        (['{"prompt": "a"}'], ("--option", "n=3"), "n must be 1"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_before_any_row_is_run(batch, lines, more, says):
    batch.write("in.jsonl", *lines)
    done = batch("in.jsonl", *(("-o", "out.jsonl") if "-o" not in more else ()), *more)

    assert done.code == 2
    assert says in done.err
    assert done.err.count("\n") == 1
    assert batch.asked == []
    assert batch.text("in.jsonl").splitlines() == lines


def test_no_rows_at_all_are_no_error_and_no_input_is(batch):
    batch.write("in.csv", "prompt")

    assert batch("in.csv", "-o", "out.jsonl").code == 0
    assert batch.rows() == []
    assert batch("-o", "out.jsonl").code == 2
    assert batch("none.csv", "-o", "out.jsonl").err == (
        "agentkit: none.csv cannot be read: No such file or directory.\n"
    )


def test_an_output_without_its_journal_is_not_written_over(batch):
    batch.write("in.txt", *PROMPTS)
    batch("in.txt", "-o", "out.jsonl")
    before = batch.text("out.jsonl")
    (batch.place / "out.jsonl.db").unlink()
    done = batch("in.txt", "-o", "out.jsonl")

    assert (done.code, batch.text("out.jsonl")) == (2, before)
    assert "bring its journal back" in done.err
    assert not (batch.place / "out.jsonl.db").exists()


def test_a_journal_may_have_several_batches_and_other_runs(batch):
    batch.write("in.txt", *PROMPTS)
    for name in ("one.jsonl", "two.jsonl", "one.jsonl"):
        assert batch("in.txt", "-o", name, "--journal", "runs.db").code == 0
    ids = {each["run_id"] for name in ("one.jsonl", "two.jsonl") for each in batch.rows(name)}

    assert len(batch.asked) == 6
    assert len(ids) == 6


def test_two_batches_do_not_write_one_output(batch):
    from filelock import FileLock

    batch.write("in.txt", *PROMPTS)
    with FileLock(batch.place / "out.jsonl.lock"):
        done = batch("in.txt", "-o", "out.jsonl")

    assert done.code == 2
    assert "Another batch writes out.jsonl" in done.err
    assert batch("in.txt", "-o", "out.jsonl").code == 0


def test_secrets_are_hidden_in_the_output_at_once_and_later(batch):
    secret = "gsk_abcdefgh12345678"
    batch.server.always = f"the key is {secret}"
    batch.write("in.jsonl", {"prompt": f"keep {secret}", "id": secret})
    done = batch("in.jsonl", "-o", "out.jsonl", "--id", "id")
    first = batch.text("out.jsonl")
    batch("in.jsonl", "-o", "out.jsonl", "--id", "id")

    assert secret not in first + done.err
    assert json.loads(first)["output"] == "the key is [secret]"
    assert batch.text("out.jsonl") == first
    assert len(batch.asked) == 1


def test_a_reader_that_goes_away_ends_it(batch):
    batch.write("in.txt", *(f"p{n}" for n in range(2000)))
    line = f"{sys.executable} -m agentkit batch in.txt --tools none -i groq; echo $? >&2"
    done = subprocess.run(
        ["/bin/sh", "-c", f"({line}) | head -n 1"],
        capture_output=True,
        text=True,
        cwd=batch.place,
        env=batch.command.environment(batch.environment),
        check=False,
        timeout=60,
    )

    assert json.loads(done.stdout)["output"] == "P0"
    assert done.stderr.splitlines()[-1] == "141"
    assert len(batch.asked) < 2000


def test_an_output_that_takes_no_more_ends_it_with_one_line(batch):
    batch.write("in.txt", *PROMPTS)
    done = batch("in.txt", "-o", "/dev/full", "--journal", "runs.db")
    again = batch("in.txt", "-o", "out.jsonl", "--journal", "runs.db")

    assert done.code == 1
    assert "/dev/full cannot be written: No space left on device." in done.err
    assert "Traceback" not in done.err
    assert again.code == 0


def test_ctrl_c_keeps_what_is_done_and_tells_how_to_go_on(batch):
    def held(body):
        said = body["messages"][-1]["content"]
        if said not in PROMPTS:
            batch.server.closing.wait(20)
        return said.upper()

    batch.server.always = held
    batch.write("in.txt", *PROMPTS, "held", "more")
    given = ("batch", "in.txt", "-o", "out.jsonl", "--tools", "none", "-i", "groq", "-c", "2")
    environment = batch.command.environment(batch.environment)
    process = python(
        *("-m", "agentkit", *given),
        stderr=subprocess.PIPE,
        text=True,
        cwd=batch.place,
        env=environment,
    )
    output = batch.place / "out.jsonl"
    assert until(lambda: output.exists() and output.read_text(encoding="utf-8").count("\n") == 3)
    assert until(lambda: len(batch.asked) == 5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    batch.server.always = refusing()
    batch.server.closing.set()
    again = batch("in.txt", "-o", "out.jsonl")

    assert process.returncode == 130
    assert err.splitlines()[1:] == [
        "agentkit: interrupted.",
        "agentkit: What is done is kept in out.jsonl.db: the same command goes on from there.",
    ]
    assert again.code == 0
    assert sorted(batch.asked[5:]) == ["held", "more"]
    assert [each["output"] for each in batch.rows()] == ["APPLE", "PEAR", "PLUM", "HELD", "MORE"]


def test_another_model_than_before_is_told_of(batch):
    batch.write("in.txt", *PROMPTS)
    batch("in.txt", "-o", "out.jsonl")
    batch.write("in.txt", *PROMPTS, "nut")
    done = batch("in.txt", "-o", "out.jsonl", "--model", "openai/gpt-oss-20b")

    assert done.code == 0
    assert done.err.count("before, and stays as it is") == 1
    assert "openai/gpt-oss-20b" in done.err


def test_what_tools_print_stays_out_of_the_output(batch):
    batch.server.always = lambda body: (
        "done" if results_in(body) else FunctionCall("nap", '{"seconds": 0}')
    )
    done = batch(stdin="go\n", tools="odd.py:nap")

    assert [json.loads(line)["output"] for line in done.out.splitlines()] == ["done"]
    assert "napping" in done.err


def test_a_tool_that_raises_fails_its_row_alone(batch):
    batch.server.always = lambda body: (
        "fine"
        if body["messages"][-1]["content"] == "good"
        else FunctionCall("crash", '{"word": "x"}')
    )
    batch.write("in.txt", "good", "bad")
    done = batch("in.txt", "-o", "out.jsonl", tools="odd.py:crash")

    assert done.code == 1, done.err
    assert [each["state"] for each in batch.rows()] == ["done", "failed"]
    assert batch.rows()[1]["error"] == "ValueError: x crashed\nand burned"


@pytest.mark.parametrize("unfinished", ["repeat", "skip"])
def test_a_call_that_was_cut_short_waits_until_it_is_told_what_to_do(batch, unfinished):
    batch.server.always = lambda body: (
        results_in(body)[0] if results_in(body) else FunctionCall("nap", '{"seconds": 60}')
    )
    batch.write("in.txt", "sleep")
    given = ("batch", "in.txt", "-o", "out.jsonl", "--tools", "odd.py:nap", "-i", "groq")
    process = python(
        *("-m", "agentkit", *given),
        stderr=subprocess.PIPE,
        text=True,
        cwd=batch.place,
        env=batch.command.environment(batch.environment),
    )
    assert process.stderr.readline() == "napping\n"
    process.kill()
    process.communicate(timeout=30)
    waits = batch("in.txt", "-o", "out.jsonl", tools="odd.py:nap")
    error = batch.rows()[0]["error"]
    (batch.place / "odd.py").write_text(
        'from agentkit import tool\n\n\n@tool\ndef nap(seconds: float) -> str:\n    "Nap."\n'
        '    return "rested at last"\n',
        encoding="utf-8",
    )
    done = batch("in.txt", "-o", "out.jsonl", "--unfinished", unfinished, tools="odd.py:nap")

    assert (waits.code, done.code) == (4, 0)
    assert "may or may not have run" in error
    assert sum(not results_in(body) for body in batch.server.bodies) == 1
    said = {"repeat": "rested at last", "skip": "Error: "}[unfinished]
    assert batch.rows()[0]["output"].startswith(said)


def test_on_a_terminal_a_bar_shows_how_far_it_is(batch):
    batch.write("in.txt", *PROMPTS)
    given = ("batch", "in.txt", "-o", "out.jsonl", "--tools", "none", "-i", "groq")
    code, shown = batch.command.on_terminal(*given, env=batch.environment).end()

    assert code == 0
    assert "of 3 rows" in shown
    assert "3 rows: 3 done, 30 tokens" in shown


def test_answers_are_for_the_user_alone_in_the_journal(batch):
    batch.write("in.txt", "apple")
    batch("in.txt", "-o", "out.jsonl")

    assert stat.S_IMODE((batch.place / "out.jsonl.db").stat().st_mode) == 0o600


def test_text_that_is_odd_is_written_so_that_it_can_be_read(batch):
    batch.server.always = "a\x1b[2J \u2028 \x85 b\r\nc"
    batch.write("in.jsonl", '{"prompt": "\\ud800 \\u0000 x"}')
    done = batch("in.jsonl", "-o", "out.jsonl")

    assert done.code == 0, done.err
    assert batch.text("out.jsonl").count("\n") == 1
    assert batch.rows()[0]["output"].endswith("b\r\nc")


def test_the_help_names_what_there_is(command) -> None:
    done: Done = command("batch", "--help")

    assert done.code == 0
    for option in ("--agent", "--output", "--template", "--id", "--retry-failed", "--unordered"):
        assert option in done.out
