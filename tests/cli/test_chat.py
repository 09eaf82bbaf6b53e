"""`agentkit chat`, by piped lines and on a terminal."""

from __future__ import annotations

import json
import signal

OFFLINE = ("--interface", "offline")


def lines(*words: str) -> str:
    return "".join(f"{word}\n" for word in words)


def test_each_line_of_stdin_is_answered(command):
    done = command("chat", *OFFLINE, stdin=lines("What is 1 + 1?", "", "What is 2 + 2?"))

    assert (done.code, done.out, done.err) == (0, "1 + 1 = 2\n2 + 2 = 4\n", "")


def test_the_conversation_is_kept(command):
    done = command(
        "chat",
        *OFFLINE,
        "--json",
        "--system",
        "Add.",
        stdin=lines("What is 1 + 1?", "What is 2 + 2?"),
    )
    first, second = (json.loads(line)["messages"] for line in done.out.splitlines())

    assert first[0] == {"role": "system", "content": "Add."}
    assert second[: len(first)] == first
    assert second[len(first)] == {"role": "user", "content": "What is 2 + 2?"}


def test_undo_takes_the_last_exchange_back(command):
    said = lines(
        "What is 1 + 1?", "What is 2 + 2?", "/undo", "What is 3 + 3?", "/undo", "/undo", "/undo"
    )
    done = command("chat", *OFFLINE, "--json", stdin=said)
    last = json.loads(done.out.splitlines()[-1])["messages"]

    assert [each["content"] for each in last if each["role"] == "user"] == [
        "What is 1 + 1?",
        "What is 3 + 3?",
    ]
    assert done.err.splitlines() == [
        "agentkit: taken back: What is 2 + 2?",
        "agentkit: taken back: What is 3 + 3?",
        "agentkit: taken back: What is 1 + 1?",
        "agentkit: there is nothing to take back.",
    ]


def test_tools_and_help_are_listed_beside_the_answers(command):
    done = command("chat", *OFFLINE, "--tools", "odd.py", stdin=lines("/tools", "/help", "/tolls"))

    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("paint  Paint a word (read-only)\n")
    assert "/undo     take the last exchange back" in done.err
    assert "there is no /tolls. Did you mean '/tools'?" in done.err


def test_quit_leaves_the_rest_unanswered(command):
    done = command("chat", *OFFLINE, stdin=lines("What is 1 + 1?", "/quit", "What is 2 + 2?"))

    assert (done.code, done.out) == (0, "1 + 1 = 2\n")


def test_an_error_of_one_exchange_does_not_end_the_chat(command):
    done = command(
        *("chat", *OFFLINE, "--json", "--tools", "odd.py:crash,calculator"),
        stdin=lines('Crash the word "car".', "What is 2 + 2?"),
    )
    failed, went_on = (json.loads(line) for line in done.out.splitlines())

    assert done.code == 0
    assert done.err == "agentkit: the run failed: ValueError: car crashed and burned\n"
    assert went_on["messages"][: len(failed["messages"])] == failed["messages"]
    assert went_on["output"] == "2 + 2 = 4"


def test_a_refused_exchange_leaves_nothing_to_take_back(command):
    done = command("chat", *OFFLINE, "--option", "n=2", stdin=lines("hi", "/undo"))

    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[0].startswith("agentkit: n must be 1")
    assert done.err.splitlines()[1] == "agentkit: there is nothing to take back."


def test_a_reader_that_goes_away_ends_the_chat(command):
    process = command.begin("chat", *OFFLINE)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(lines("What is 1 + 1?", "What is 2 + 2?"), timeout=30)

    assert (process.returncode, err) == (141, "")


def test_what_fits_no_exchange_is_refused_at_once(command):
    done = command("chat", "--interface", "grok", stdin=lines("hi", "hi"))

    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_ctrl_c_stops_the_reply_and_the_chat_goes_on(command):
    terminal = command.on_terminal("chat", *OFFLINE, "--tools", "odd.py:nap,calculator")
    terminal.until("> ")
    terminal.type("Nap for 30 seconds.\n")
    terminal.until("napping")
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("agentkit: interrupted.")
    terminal.until("> ")
    terminal.type("What is 2 + 2?\n")
    terminal.until("(2 steps, ")
    terminal.until("> ")
    terminal.type("/quit\n")

    assert terminal.end()[0] == 0


def test_ctrl_c_at_the_prompt_says_how_to_leave_and_ctrl_d_leaves(command):
    terminal = command.on_terminal("chat", *OFFLINE)
    terminal.until("> ")
    terminal.interrupt_until("/quit or Ctrl-D leaves")
    terminal.until("> ")
    terminal.type("\x04")

    assert terminal.end()[0] == 0
