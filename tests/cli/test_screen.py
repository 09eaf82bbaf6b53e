"""Waits and costs: on the live screen, and beside the answer in a pipe."""

from __future__ import annotations

import pytest

from agentkit import AssistantMessage, Response, ResponseReceived, Run, RunEnded, Usage, Wait
from agentkit.cli.screen import JsonScreen, LiveScreen, Screen, StreamScreen

LONG = Wait(11.2, "groq: 30 requests\n a minute")
REQUESTS = "waiting 12 s: groq: 30 requests a minute"


def ended(cost: float | None) -> RunEnded[str]:
    run = Run(id="1", output="Hi.", messages=(), usage=Usage(7, 3), cost=cost)
    return RunEnded(run)


@pytest.mark.parametrize("kind", [Screen, StreamScreen, JsonScreen])
def test_in_a_pipe_a_wait_is_a_line_on_stderr(kind, capsys):
    screen = kind()
    screen.show(LONG)
    screen.close()

    assert tuple(capsys.readouterr()) == ("", f"agentkit: {REQUESTS}\n")


@pytest.mark.parametrize("kind", [Screen, StreamScreen, JsonScreen])
def test_a_short_wait_is_no_news(kind, capsys):
    kind().show(Wait(0.9, "a pause"))

    assert tuple(capsys.readouterr()) == ("", "")


def test_a_wait_does_not_come_between_the_streamed_text(capsys):
    screen = StreamScreen()
    screen.show(LONG)
    screen.show(ResponseReceived(Response(message=AssistantMessage("Hi."))))
    screen.show(ended(0.5))

    assert capsys.readouterr().out == "Hi.\n"


WAITS = """
import sys
from types import SimpleNamespace
from agentkit import Wait
from agentkit.cli import screen
now = 0.0
screen.time = SimpleNamespace(monotonic=lambda: now)
shown = screen.LiveScreen()
shown.show(Wait(1.1, "groq: [30] requests\\x1b[2J a minute"))
for following in (0.5, 1.5):
    sys.stdin.readline()
    now = following
sys.stdin.readline()
shown.close()
"""


def test_on_a_terminal_a_wait_counts_down_to_the_model(command):
    """Each line ends a moment, in the file's own time."""
    (command.place / "waits.py").write_text(WAITS)
    terminal = command.on_terminal("tools", "list", "--tools", "waits.py")
    for text in (
        "waiting 2 s: groq: [30] requests a minute",
        "waiting 1 s: groq: [30] requests a minute",
        "waiting for the model",
    ):
        terminal.until(text)
        terminal.type("\n")
    _, shown = terminal.end()

    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")  # the cursor is back


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (None, "(0 steps, 10 tokens)"),
        (0.0, "(0 steps, 10 tokens)"),
        (0.00123, "(0 steps, 10 tokens, $0.0012)"),
        (0.00001, "(0 steps, 10 tokens, under $0.0001)"),
        (12.5, "(0 steps, 10 tokens, $12.5000)"),
    ],
)
def test_the_usage_has_a_cost_where_it_is_known_and_not_zero(cost, words, capsys):
    LiveScreen().show(ended(cost))

    assert capsys.readouterr().out == f"{words}\n"
