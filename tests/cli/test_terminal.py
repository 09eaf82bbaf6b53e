"""`agentkit run` on a terminal."""

from __future__ import annotations

import re
import signal

OFFLINE = ("--interface", "offline")


def without_escapes(text: str) -> str:
    return re.sub(r"\r?\x1b\[[0-?]*[ -/]*[@-~]", "", text)


def test_calls_results_answer_and_usage_show_in_order(command):
    code, text = command.on_terminal("run", "What is 17 * 23?", *OFFLINE).end()
    shown = without_escapes(text)
    places = [
        shown.index(part)
        for part in (
            "waiting for the model",
            '→ calculator(expression="17 * 23")\n',
            "← calculator: 17 * 23 = 391\n",
            "\n17 * 23 = 391\n",
            "(2 steps, ",
        )
    ]

    assert code == 0
    assert places == sorted(places)


def test_a_failed_call_is_red(command):
    code, text = command.on_terminal(
        "run", 'Tear the word "page".', *OFFLINE, "--tools", "odd.py:tear"
    ).end()

    assert code == 0
    assert "\x1b[31m← tear: Error: ValueError: page is too strong" in text


def test_no_color_is_honoured(command):
    arguments = ("run", 'Tear the word "page".', *OFFLINE, "--tools", "odd.py:tear")
    _, text = command.on_terminal(*arguments, env={"NO_COLOR": "1"}).end()

    assert "← tear:" in text
    assert "\x1b[31m" not in text


def test_what_tools_write_is_neither_markup_nor_an_escape_sequence(command):
    _, text = command.on_terminal(
        "run", 'Paint the word "red".', *OFFLINE, "--tools", "odd.py:paint"
    ).end()

    assert "paint: mixing [red] (50%)" in text
    assert text.count("[bold]red[/bold] :smile:") == 2
    assert "\x1b[31m" not in text
    assert "\x07" not in text
    assert "\x9b" not in text


def test_long_calls_and_results_are_cut_at_the_edge(command):
    long = "very " * 40 + "long"
    code, text = command.on_terminal(
        "run", f'Paint the word "{long}".', *OFFLINE, "--tools", "odd.py:paint"
    ).end()
    lines = [line for line in without_escapes(text).splitlines() if line.startswith(("→", "←"))]

    assert code == 0
    assert [(len(line), line[-1]) for line in lines] == [(80, "…"), (80, "…")]


def test_ctrl_c_leaves_the_terminal_as_it_was(command):
    terminal = command.on_terminal("run", "Nap for 30 seconds.", *OFFLINE, "--tools", "odd.py:nap")
    terminal.until("napping")
    terminal.process.send_signal(signal.SIGINT)
    code, text = terminal.end()

    assert code == 130
    assert text.endswith("agentkit: interrupted.\n")
    assert "Traceback" not in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")  # the cursor is back
