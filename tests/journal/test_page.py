"""The page of a run, and the rows on its time axis."""

from dataclasses import replace

import pytest

from agentkit import Agent, AssistantMessage, LimitError, Limits, Response, Usage, tool
from agentkit.journal import Journal
from agentkit.journal.chart import chart
from agentkit.journal.figures import duration
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
    order[3:5] = sorted(order[3:5], key=lambda e: e.data["index"])  # either may begin first
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


ODD = (None, [], "x", 7, {"index": []}, {"index": "a"}, {"options": [1], "definitions": 5},
       {"message": 5, "messages": 5}, {"message": "[" * 10_000, "messages": ["[" * 10_000]},
       {"message": '{"role": "function"}', "alternatives": 5, "quotas": [5], "usage": []},
       {"at": -5, "messages": ['{"role": "assistant", "calls": [5]}'], "index": -1})  # fmt: skip


@pytest.mark.parametrize("data", ODD)
@pytest.mark.parametrize("at", [0.0, None, "noon", float("nan"), float("inf"), -1e300, 1e300])
def test_whatever_stands_in_events_there_is_a_page(data, at):
    stored = StoredRun("r", at, None, "waiting", "", *[None] * 10)
    kinds = ("request", "request", "call", "call", "result", "response", "begin", "call", "end")
    events = [StoredEvent(at, kind, None, data) for kind in kinds]
    events[::2] = [replace(each, at=float(n)) for n, each in enumerate(events[::2])]

    assert "<h2>Timeline</h2>" in page(stored, events)


def test_a_request_that_was_sent_anew_is_a_row_of_its_own(path):
    """One that the server refused as too long is made shorter and sent again."""
    kept(path, "Done.").run("Look.", run_id="r")
    begin, request, response, end = at_times(Journal(path).events("r"), 1e9, 1e9, 1e9 + 5, 1e9 + 5)
    again = replace(request, at=1e9 + 2)
    rows = chart([begin, request, again, response, end]).rows

    assert [(row.begun, row.ended, row.lasted, row.is_open) for row in rows] == [
        (0, 2, 2, True),
        (2, 5, 3, False),
    ]


def test_a_clock_that_was_set_back_leaves_all_on_the_axis(path):
    kept(path, call("look", at="a"), "Done.").run("Look.", run_id="r")
    drawn = chart(at_times(Journal(path).events("r"), 10, 12, 4, 5, 3, 13, 14, 14))

    assert drawn.seconds == 4
    assert all(0 <= row.begun <= row.ended <= 4 for row in drawn.rows)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "0 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (59.994, "59.99 s"),
        (59.996, "1 min 0 s"),
        (119.7, "2 min 0 s"),
        (3_599.6, "1 h 0 min"),
        (7_260.0, "2 h 1 min"),
        (86_399.9, "1 d 0 h"),
        (180_000.0, "2 d 2 h"),
    ],
)
def test_durations_are_told_in_round_units(seconds, told):
    assert duration(seconds) == told


def test_the_axis_counts_no_pauses(path):
    run = kept(path, call("drop", what="a")).run("Drop.", run_id="r")
    kept(path, "Done.").run(after=run.approve(*run.pending))
    events = Journal(path).events("r")
    drawn = chart(at_times(events, 0, 0, 2, 2, 9_000, 9_000, 9_003, 9_003, 9_006, 9_006))
    ticks = drawn.ticks(4)

    assert [at for _, at in ticks] == [0, 2, 4, 6, 8]
    pause = next(row for row in drawn.rows if row.kind == "pause")
    call_row = next(row for row in drawn.rows if row.kind == "call")
    places = dict((at, place) for place, at in ticks)
    assert places[2] == pause.begun
    assert call_row.begun < places[4] < call_row.ended
    assert places[8] == pytest.approx(drawn.seconds)


def test_a_waiting_run_says_which_calls_wait_and_why(path):
    run = kept(path, [call("look", at="a"), call("drop", what="b")]).run("Drop.", run_id="r")
    text = made(path)
    assert "drop(what=&quot;b&quot;)\ndrop may destroy something" in text
    assert "look(" not in text[: text.index("<h2>Timeline")]

    kept(path, "Done.").run(after=run.approve(*run.pending))
    assert "drop may destroy something" not in made(path)


@pytest.mark.parametrize(("usage", "told"), [(None, 0), (Usage(None, 3), 1), (Usage(0, 3), 2)])
def test_tokens_that_are_not_known_are_not_told(path, usage, told):
    kept(path, Response(message=AssistantMessage("Done."), usage=usage)).run("Look.", run_id="r")
    text = made(path)

    assert text.count(" tokens<") == told
    assert ("<dd>0 tokens" in text) == (told == 2)


def test_a_decision_is_a_row_of_its_own(path):
    run = kept(path, [call("drop", what="a"), call("drop", what="b")]).run("Drop.", run_id="r")
    first, second = run.pending
    run = run.answer(first, "It was gone.").approve(second, {"what": "c"})
    kept(path, "Done.").run(after=run)
    rows = chart(Journal(path).events("r")).rows

    assert [(row.kind, row.name) for row in rows] == [
        ("request", "agent"), ("decision", "drop"), ("call", "drop"), ("request", "agent"),
    ]  # fmt: skip
    assert rows[1].result.content == "It was gone."
    assert rows[2].call.arguments == '{"what": "c"}'
    assert "a person gave the result" in made(path)
    assert "<dt>Decided</dt>" in made(path)


def test_how_long_a_call_took_that_was_cut_off_is_not_known(path):
    @tool
    def crash() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Agent([crash], ScriptedInterface(call("crash")), journal=path).run("Go", run_id="r")

    assert '<span class="lasted">unknown</span>' in made(path)


def test_the_name_of_a_conversation_turns_no_other_text_around(path):
    kept(path, "Hi.").run("Hello", run_id="r", conversation="c\u202e")

    assert "<dt>Conversation</dt><dd>c[U+202E]</dd></div><div><dt>Turn</dt><dd>1</dd>" in made(path)


def test_what_nobody_decided_is_no_decision(path):
    """Neither a call that was cut short nor an answer that was given is one."""

    @tool
    def crash() -> str:
        raise KeyboardInterrupt

    made_ = Agent([crash], ScriptedInterface(call("crash"), "Fine."), journal=path)
    with pytest.raises(KeyboardInterrupt) as stopped:
        made_.run("Go", run_id="r")
    made_.run(after=stopped.value.run)
    answer = Agent([], ScriptedInterface(call("final_answer", answer=3)), journal=path, output=int)
    answer.run("Go", run_id="a")
    answer.resume("a")

    for run_id in "ra":
        assert "decision" not in {row.kind for row in chart(Journal(path).events(run_id)).rows}
