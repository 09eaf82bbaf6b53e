"""`agentkit run` in pipes: what goes where, and with which exit code."""

from __future__ import annotations

import json
import signal

import pytest

OFFLINE = ("--interface", "offline")
CALCULATOR = ("--tools", "agentkit_tools.calculator:calculator")
NO_SERVER = {"GROQ_API_KEY": "gsk_0123456789abcdef", "GROQ_BASE_URL": "http://127.0.0.1:9/v1"}


def test_the_answer_comes_alone_on_stdout(command):
    done = command("run", "What is 17 * 23?", *OFFLINE)

    assert (done.code, done.out, done.err) == (0, "17 * 23 = 391\n", "")


def test_without_a_key_the_offline_model_answers_and_a_notice_says_so_on_stderr(command):
    done = command("run", "What is 17 * 23?")

    assert (done.code, done.out) == (0, "17 * 23 = 391\n")
    assert "offline model" in done.err


@pytest.mark.parametrize("argument", [["-"], []])
def test_the_prompt_can_come_from_stdin(command, argument):
    done = command("run", *argument, *OFFLINE, stdin="What is 17 * 23?\n")

    assert (done.code, done.out) == (0, "17 * 23 = 391\n")


def test_stdin_follows_the_prompt_after_a_blank_line(command):
    done = command("run", "Sum up.", *OFFLINE, "--json", "--tools", "none", stdin="a\n\nb\r\n")

    assert json.loads(done.out)["messages"][0] == {"role": "user", "content": "Sum up.\n\na\n\nb"}


def test_an_empty_stdin_adds_nothing(command):
    done = command("run", "What is 17 * 23?", *OFFLINE, stdin="\n")

    assert done.out == "17 * 23 = 391\n"


def test_bytes_that_are_no_text_do_no_harm(command):
    place = command.place / "noise"
    place.write_bytes(b"\xff\xfe\x00")
    process = command.begin("run", "-", *OFFLINE, "--json", "--tools", "none")
    assert process.stdin is not None
    process.stdin.buffer.write(b"caf\xff")
    out, _ = process.communicate(timeout=30)

    assert json.loads(out)["messages"][0]["content"] == "caf\ufffd"


@pytest.mark.parametrize("stdin", [None, "", " \n"])
def test_no_prompt_at_all_is_wrong_use(command, stdin):
    done = command("run", *OFFLINE, stdin=stdin)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("agentkit: There is no prompt.")


def test_json_is_one_line_with_the_whole_run(command):
    done = command("run", "What is 17 * 23?", *OFFLINE, "--json", "--system", "Be brief.")
    run = json.loads(done.out)

    assert done.out.count("\n") == 1
    assert (run["output"], run["steps"]) == ("17 * 23 = 391", 2)
    assert run["messages"][0] == {"role": "system", "content": "Be brief."}
    assert [each["role"] for each in run["messages"]] == [
        *("system", "user", "assistant", "function", "assistant")
    ]


def test_options_are_read_as_json_or_else_as_text(command):
    server = ("--interface", "groq", "--tools", "none")
    refused = {
        text: command("run", "hi", *server, "--option", text, env=NO_SERVER).err
        for text in ("temperature=hot", "stop=[1]", "temprature=1")
    }

    assert "'hot'" in refused["temperature=hot"]
    assert "[1]" in refused["stop=[1]"]
    assert "Did you mean 'temperature'?" in refused["temprature=1"]
    for line in refused.values():
        assert line.startswith("agentkit: ")
        assert line.count("\n") == 1


def test_an_unknown_alias_is_wrong_use(command):
    done = command("run", "hi", "--interface", "groq", "--model", "agnt", env=NO_SERVER)

    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'agent'?" in done.err


def test_a_missing_key_is_wrong_use_and_says_where_to_get_one(command):
    done = command("run", "hi", "--interface", "groq")

    assert done.code == 2
    assert "https://console.groq.com/keys" in done.err


def test_a_server_that_cannot_be_reached_fails_the_run_and_shows_no_key(command):
    done = command("run", "hi", "--interface", "groq", "--tools", "none", env=NO_SERVER)

    assert (done.code, done.out) == (1, "")
    assert "connection" in done.err
    assert all(line.startswith("agentkit: ") for line in done.err.splitlines())
    assert "gsk_" not in done.err


def test_a_tool_that_raises_fails_the_run_in_one_line(inside, tools_file):
    done = inside("run", 'Crash the word "car".', *OFFLINE, "--tools", f"{tools_file}:crash")

    assert (done.code, done.out) == (1, "")
    assert done.err == "agentkit: the run failed: ValueError: car crashed and burned\n"


def test_the_json_of_a_failed_run_can_be_sent_again(inside, tools_file):
    done = inside(
        "run", 'Crash the word "car".', *OFFLINE, "--tools", f"{tools_file}:crash", "--json"
    )
    run = json.loads(done.out)

    assert done.code == 1
    assert run["error"].startswith("ValueError: car crashed")
    assert [each["role"] for each in run["messages"]] == ["user", "assistant", "function"]


def test_a_reached_limit_has_an_exit_code_of_its_own(inside):
    done = inside("run", "What is 17 * 23?", *OFFLINE, *CALCULATOR, "--max-steps", "1")

    assert (done.code, done.out) == (3, "")
    assert "limit of 1 steps" in done.err


def test_no_traceback_comes_of_a_tool_that_fails_and_reports(inside, tools_file):
    done = inside("run", 'Tear the word "page".', *OFFLINE, "--tools", f"{tools_file}:tear")

    assert done.code == 0
    assert "page is too strong" in done.out
    assert done.err == ""


def test_markup_stays_text_and_control_characters_go(inside, tools_file):
    done = inside("run", 'Paint the word "red".', *OFFLINE, "--tools", f"{tools_file}:paint")

    assert done.out == "[bold]red[/bold] :smile:\n"


def test_what_a_tool_prints_goes_to_stderr(inside, tools_file):
    done = inside(
        "run", "Nap for 0.01 seconds.", *OFFLINE, "--tools", f"{tools_file}:nap", "--json"
    )

    assert json.loads(done.out)["steps"] == 2
    assert done.err == "napping\n"


def test_streaming_into_a_pipe_gives_the_same_text(inside):
    done = inside("run", "What is 17 * 23?", *OFFLINE, *CALCULATOR, "--stream")

    assert (done.code, done.out, done.err) == (0, "17 * 23 = 391\n", "")


def test_ctrl_c_ends_with_one_line_and_130(command):
    process = command.begin("run", "Nap for 30 seconds.", *OFFLINE, "--tools", "odd.py:nap")
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.close()
    process.stdin = None
    assert process.stderr.readline() == "napping\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (130, "", "agentkit: interrupted.\n")
