"""The page of a run, and the rows on its time axis."""

from dataclasses import replace

import pytest

from agentkit import Agent, LimitError, Limits, tool
from agentkit.journal import Journal
from agentkit.journal.chart import chart
from agentkit.journal.page import page
from agentkit.journal.stored import StoredEvent, StoredRun
from agentkit.testing import ScriptedInterface, call


@tool(read_only=True)
def look(at: str) -> str:
    """Look."""
    return f"nothing at {at}"


@tool(destructive=True)
def drop(what: str) -> str:
    """Drop."""
    return f"{what} is gone"


def kept(path, *replies, **settings):
    return Agent([look, drop], ScriptedInterface(*replies), journal=path, **settings)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def at_times(events, *times):
    return [replace(each, at=at) for each, at in zip(events, times, strict=True)]


def made(path, run_id="r"):
    journal = Journal(path)
    return page(journal.listed(run_id), journal.events(run_id))


def test_requests_and_calls_stand_where_their_time_is(path):
    calls = [call("look", at="a"), call("look", at="b")]
    kept(path, calls, "Done.").run("Look.", run_id="r")
    events = sorted(Journal(path).events("r"), key=lambda each: each.kind == "result")
    kinds = ["begin", "request", "response", "call", "call", "request", "response", "end"]
    order = [each for each in events if each.kind != "result"]
    results = sorted((e for e in events if e.kind == "result"), key=lambda e: e.data["index"])
    assert [each.kind for each in order] == kinds
    order[5:5] = results
    drawn = chart(at_times(order, 10, 10, 12, 12, 12, 13, 15, 15, 16, 16))

    assert drawn.seconds == 6
    assert [(row.kind, row.begun, row.ended, row.lasted) for row in drawn.rows] == [
        ("request", 0, 2, 2),
        ("call", 2, 3, 1),
        ("call", 2, 5, 3),
        ("request", 5, 6, 1),
    ]
    assert [row.call.arguments for row in drawn.rows[1:3]] == ['{"at": "a"}', '{"at": "b"}']
    assert drawn.rows[1].result.content == "nothing at a"
    assert not any(row.is_open for row in drawn.rows)


def test_a_pause_is_cut_out_of_the_axis_and_told(path):
    run = kept(path, call("drop", what="a")).run("Drop.", run_id="r")
    kept(path, "Done.").run(after=run.approve(*run.pending))
    events = Journal(path).events("r")
    assert [each.kind for each in events].count("begin") == 2
    drawn = chart(at_times(events, 0, 0, 2, 2, 90_000, 90_000, 90_001, 90_001, 90_003, 90_003))

    assert [row.kind for row in drawn.rows] == ["request", "pause", "call", "request"]
    pause = drawn.rows[1]
    assert pause.lasted == 89_998
    assert 0 < pause.ended - pause.begun < 0.1 * drawn.seconds
    assert 5 < drawn.seconds < 6
    assert "1 d 0 h of pauses" not in made(path)  # it was not so long in truth


@pytest.mark.parametrize(("lost", "kind"), [("result", "call"), ("response", "request")])
def test_what_never_came_back_is_said(path, lost, kind):
    kept(path, call("look", at="a"), "Done.").run("Look.", run_id="r")
    events = list(Journal(path).events("r"))
    place = [each.kind for each in events].index(lost)
    last = chart(events[:place]).rows[-1]

    assert (last.kind, last.is_open) == (kind, True)
    stored = replace(Journal(path).listed("r"), state="running")
    text = page(stored, events[:place])
    assert "cut off" in text
    assert "not ended: it still runs, or its process was killed" in text
    assert ("No result came" if lost == "result" else "No response came") in text


def test_a_text_cannot_become_a_part_of_the_page(path):
    odd = '</pre><script>alert("1")</script>\' onload="x" \x1b[31m\x00\ud800 &amp;'
    agent = kept(path, call("look", at=odd), odd, instructions=odd)
    agent.run(odd, run_id="r", conversation=odd.replace("\ud800", ""))
    text = made(path)

    assert "<script" not in text
    assert 'onload="x"' not in text
    assert "&amp;amp;" in text
    assert not {"\x1b", "\x00", "\ud800"} & set(text)
    text.encode()


def test_states_errors_and_long_texts_are_told(path):
    with pytest.raises(LimitError):
        kept(path, call("look", at="a"), limits=Limits(steps=1)).run("Look.", run_id="failed")
    kept(path, call("drop", what="a")).run("Drop.", run_id="waiting")
    kept(path, "x" * 50_000).run("y" * 300, run_id="long")

    assert "LimitError: The run reached its limit of 1 steps" in made(path, "failed")
    assert "waits for a decision on its calls" in made(path, "waiting")
    long = made(path, "long")
    assert "[... 30,000 more of 50,000 characters]" in long
    assert "The whole prompt" in long


def test_the_page_needs_nothing_but_itself(path):
    kept(path, call("look", at="a"), "Done.").run("Look.", run_id="r")
    text = made(path)

    assert "default-src 'none'" in text
    assert not [word for word in ("http://", "https://", "url(", "@import", "src=") if word in text]


def test_events_that_are_missing_or_odd_make_a_page_too(path):
    stored = StoredRun("r", 0.0, None, "running", "", *[None] * 10)
    odd = [
        StoredEvent(float(at), kind, None, data)
        for at, (kind, data) in enumerate(
            (kind, data)
            for kind in ("begin", "request", "response", "call", "result", "end", "dance")
            for data in ({}, {"index": 7, "message": "{", "messages": ["{"], "definitions": ["{"]})
        )
    ]

    assert "<h2>Timeline</h2>" in page(stored, [])
    assert "<h2>Timeline</h2>" in page(stored, odd)
