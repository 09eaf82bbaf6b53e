"""What is said of how far a batch is."""

from __future__ import annotations

import pytest

from agentkit.cli.batch import progress
from agentkit.cli.batch.answers import Answer
from agentkit.cli.batch.progress import Lines, Tally, lasting
from agentkit.cli.batch.rows import Row


def answer(state="done", **more):
    return Answer(Row(1, 1, "a", {}), state, "r", **more)


def test_a_line_has_what_is_known(monkeypatch):
    monkeypatch.setattr(progress.time, "monotonic", lambda: 100.0)
    tally = Tally(1_000)
    for _ in range(20):
        tally.see(answer(prompt_tokens=90, completion_tokens=10, cost=0.01, before=True))
    monkeypatch.setattr(progress.time, "monotonic", lambda: 110.0)
    for _ in range(60):
        tally.see(answer(prompt_tokens=90, completion_tokens=10, cost=0.01))
    tally.see(answer("failed"))
    tally.see(answer("waiting", cost=0.2))

    assert tally.line() == (
        "82 of 1,000 rows, 1 failed, 1 waiting for a decision, 8,000 tokens, at least $1.0000, "
        "6.2 rows/s, 2 min 28 s left"
    )
    assert tally.summary() == (
        "82 rows (20 of them before): 80 done, 1 failed, 1 waiting for a decision, 8,000 tokens, "
        "at least $1.0000, in 10 s."
    )


def test_what_is_not_known_is_not_said():
    assert Tally(3).line() == "0 of 3 rows"


def test_where_there_is_no_terminal_a_line_comes_now_and_then(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    lines = Lines(Tally(3))
    for now[0] in range(0, 100, 10):
        lines.see()
    lines.close()

    assert capsys.readouterr().err == "agentkit: 0 of 3 rows\n" * 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.24, "0.2 s"),
        (59.4, "59 s"),
        (61, "1 min 1 s"),
        (3_599.7, "59 min 59 s"),
        (3_600, "1 h 0 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_times_are_told_in_words(seconds, words):
    assert lasting(seconds) == words
