"""Idle connections: the one used last serves first, and none is kept for ever."""

from __future__ import annotations

import threading

import pytest

from agentkit.direct import idle
from agentkit.direct.idle import Idle
from agentkit.direct.outgoing import Origin

HERE, THERE = Origin("http", "here", 80), Origin("http", "there", 80)


class Line:
    def __init__(self, dead: bool = False) -> None:
        self.dead, self.closed = dead, False

    def is_dead(self) -> bool:
        return self.dead

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def lines() -> Idle[Line]:
    return Idle()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(idle, "monotonic", lambda: now[0])
    return now


def test_the_line_used_last_serves_first(lines):
    first, second = Line(), Line()
    lines.give(HERE, first)
    lines.give(HERE, second)

    assert [lines.take(HERE), lines.take(HERE), lines.take(HERE)] == [second, first, None]


def test_a_line_serves_its_own_origin_only(lines):
    lines.give(HERE, Line())

    assert lines.take(THERE) is None


def test_dead_lines_are_closed_and_passed_over(lines):
    alive, dead = Line(), Line(dead=True)
    lines.give(HERE, alive)
    lines.give(HERE, dead)

    assert (lines.take(HERE), dead.closed) == (alive, True)


def test_a_line_that_waited_too_long_is_closed_when_one_is_taken(lines, clock):
    old = Line()
    lines.give(HERE, old)
    clock[0] += 31

    assert (lines.take(HERE), old.closed) == (None, True)


def test_lines_that_waited_too_long_are_closed_when_one_is_given(lines, clock):
    old, new = [Line(), Line()], Line()
    for each in old:
        lines.give(HERE, each)
    clock[0] += 31
    lines.give(HERE, new)

    assert [each.closed for each in (*old, new)] == [True, True, False]


def test_the_oldest_goes_where_there_are_too_many(lines):
    many = [Line() for _ in range(102)]
    for each in many:
        lines.give(HERE, each)

    assert [each.closed for each in many] == [True] * 2 + [False] * 100


def test_one_can_be_dropped_wherever_it_leads(lines):
    line = Line()
    lines.give(HERE, Line())
    lines.take(HERE)
    lines.give(THERE, line)
    lines.drop_one()
    lines.drop_one()

    assert (line.closed, lines.take(THERE)) == (True, None)


def test_what_is_given_after_the_end_is_closed(lines):
    before, after = Line(), Line()
    lines.give(HERE, before)
    lines.close()
    lines.give(HERE, after)

    assert (before.closed, after.closed, lines.take(HERE)) == (True, True, None)


def test_no_line_serves_two_threads(lines):
    for _ in range(8):
        lines.give(HERE, Line())
    in_use: set[Line] = set()
    twice: list[Line] = []

    def work() -> None:
        for _ in range(2000):
            line = lines.take(HERE)
            if line is None:
                continue
            if line in in_use:
                twice.append(line)
            in_use.add(line)
            in_use.discard(line)
            lines.give(HERE, line)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert twice == []
