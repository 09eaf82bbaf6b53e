"""What is kept of runs, and going on with them."""

import asyncio
import json
import logging
import os
import sqlite3
import stat
import threading
from contextlib import closing
from typing import Any

import pytest
from pydantic import Base64Bytes, BaseModel, field_validator

from agentkit import Agent, ConfigError, Context, LimitError, Limits, Run, tool
from agentkit.errors import JournalError
from agentkit.journal import Journal
from agentkit.testing import ScriptedInterface, call


@tool(read_only=True)
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def agent(path, *replies, tools=(add,), **settings):
    return Agent(list(tools), ScriptedInterface(*replies), journal=path, **settings)


def rows(path, sql, *given):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, given).fetchall()


def test_a_run_is_kept_step_by_step_and_found_again(path):
    run = agent(path, call("add", a=1, b=2), "Three.").run("Add.", run_id="r")
    stored = Journal(path).run("r")

    assert [kind for (kind,) in rows(path, "SELECT kind FROM events ORDER BY number")] == [
        "begin", "request", "response", "call", "result", "request", "response", "end"
    ]  # fmt: skip
    assert stored.messages == run.messages
    assert stored.output == run.output
    assert [each.response.message for each in stored.steps] == [
        each.response.message for each in run.steps
    ]
    assert stored.steps[0].results == run.steps[0].results


def test_runs_are_listed_with_what_they_came_to(path):
    agent(path, "Hi.").run("Hello", run_id="a")
    with pytest.raises(LimitError):
        agent(path, call("add", a=1, b=2), limits=Limits(steps=1)).run("Add", run_id="b")
    listed = Journal(path).runs()

    assert [(each.id, each.state, each.prompt) for each in listed] == [
        ("b", "failed", "Add"),
        ("a", "done", "Hello"),
    ]
    assert listed[0].error.startswith("LimitError: ")
    assert [each.id for each in Journal(path).runs(state="done")] == ["a"]


def test_what_is_asked_before_is_written_before(path):
    """Each event is in the file when its consequence begins."""
    seen = []

    @tool
    def look(context: Context[None]) -> str:
        seen.append(rows(path, "SELECT kind, key FROM events ORDER BY number")[-1])
        return "fine"

    class Looking(ScriptedInterface):
        def send(self, request):
            seen.append(rows(path, "SELECT kind, key FROM events ORDER BY number")[-1])
            return super().send(request)

    Agent([look], Looking(call("look"), "Done."), journal=path).run("Go", run_id="r")

    assert seen == [("request", None), ("call", "r:1:0"), ("request", None)]


def cut(path, run_id, kinds):
    """Take the last events away, as if the process had died before them."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for kind in reversed(kinds):
            ((number, found),) = connection.execute(
                "SELECT number, kind FROM events WHERE run = ? ORDER BY number DESC LIMIT 1",
                (run_id,),
            ).fetchall()
            assert found == kind
            connection.execute("DELETE FROM events WHERE run = ? AND number = ?", (run_id, number))
        connection.execute("UPDATE runs SET state = 'running', output = NULL")


@pytest.mark.parametrize(
    ("lost", "asked", "ran"),
    [
        (["end"], 0, 0),
        (["response", "end"], 1, 0),
        (["request", "response", "end"], 1, 0),
        (["result", "request", "response", "end"], 1, 1),
        (["call", "result", "request", "response", "end"], 1, 1),
        (["response", "call", "result", "request", "response", "end"], 2, 1),
        (["request", "response", "call", "result", "request", "response", "end"], 2, 1),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, list) else None,
)
def test_a_run_goes_on_from_wherever_it_was_cut(path, lost, asked, ran):
    done = []

    @tool(idempotent=True)
    def keep(n: int, context: Context[None]) -> str:
        done.append(context.call_key)
        return f"kept {n}"

    replies = [call("keep", n=1), "Done."]
    whole = agent(path, *replies, tools=[keep]).run("Go", run_id="r")
    cut(path, "r", lost)
    done.clear()
    again = agent(path, *replies[2 - asked :], tools=[keep])
    run = again.resume("r")

    assert run.output == "Done."
    assert run.messages == whole.messages
    assert len(again.interface.requests) == asked
    assert done == ["r:1:0"] * ran
    assert Journal(path).run("r").messages == whole.messages


@pytest.mark.parametrize(
    ("decide", "ran", "told"),
    [
        (lambda run, c: run.approve(c), ["r:1:0"], "posted 1"),
        (lambda run, c: run.answer(c, "it was posted"), [], "it was posted"),
        (
            lambda run, c: run.deny(c, "leave it"),
            [],
            "may or may not have run, and the user did not let it run again: leave it",
        ),
    ],
    ids=["repeat", "give a result", "skip"],
)
def test_a_call_of_which_nobody_knows_waits_for_a_decision(path, decide, ran, told):
    done = []

    @tool
    def post(n: int, context: Context[None]) -> str:
        done.append(context.call_key)
        return f"posted {n}"

    agent(path, call("post", n=1), "Done.", tools=[post]).run("Go", run_id="r")
    cut(path, "r", ["result", "request", "response", "end"])
    done.clear()
    again = agent(path, "Done.", tools=[post])
    run = again.resume("r")
    assert done == []
    assert "may or may not have run" in run.pending[0].waits
    run = again.run(after=decide(run, run.pending[0]))

    assert (run.output, done) == ("Done.", ran)
    assert told in run.messages[2].content


def test_a_decision_is_not_lost_where_the_tool_is_missing(path):
    @tool
    def post(n: int) -> str:
        return f"posted {n}"

    agent(path, call("post", n=1), "Done.", tools=[post]).run("Go", run_id="r")
    cut(path, "r", ["result", "request", "response", "end"])
    assert [each.name for each in agent(path).resume("r").pending] == ["post"]
    run = agent(path, "Done.", tools=[post]).resume("r")

    assert [each.name for each in run.pending] == ["post"]


def test_a_typed_answer_that_was_given_is_not_asked_for_again(path):
    agent(path, call("final_answer", answer=5), output=int).run("Go", run_id="r")
    cut(path, "r", ["end"])

    assert agent(path, output=int).resume("r").output == 5


def test_a_waiting_call_is_approved_from_the_journal(path):
    @tool(destructive=True)
    def delete(name: str) -> str:
        return f"{name} is gone"

    agent(path, call("delete", name="a"), tools=[delete]).run("Go", run_id="r")
    assert Journal(path).runs()[0].state == "waiting"
    run = agent(path, tools=[delete]).resume("r")
    run = agent(path, "Done.", tools=[delete]).run(after=run.approve(*run.pending))

    assert run.output == "Done."
    assert Journal(path).run("r").messages == run.messages


def test_a_run_that_has_its_answer_is_given_as_it_is(path):
    first = agent(path, "Hi.").run("Hello", run_id="r")

    assert agent(path).resume("r").messages == first.messages


def test_two_that_go_on_with_one_run_do_nothing_twice(path):
    agent(path, call("add", a=1, b=2), "Three.").run("Add.", run_id="r")
    cut(path, "r", ["request", "response", "end"])
    slow, quick = agent(path, "Three."), agent(path, "Three.")
    events = slow.iter(after=Journal(path).run("r"))
    next(events)
    quick.resume("r")

    with pytest.raises(JournalError, match="Somebody else goes on"):
        list(events)


def test_threads_and_their_runs_share_one_file(path):
    shared = Agent([add], journal=path, interface="offline")
    threads = [
        threading.Thread(target=shared.run, args=(f"What is {n} plus 2?",)) for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {each.state for each in Journal(path).runs()} == {"done"}
    assert len(Journal(path).runs()) == 16


def test_long_texts_are_kept_once_and_secrets_never(path, monkeypatch):
    monkeypatch.setenv("SHOP_API_KEY", "hunter2hunter2")
    page = "word " * 2_000 + "hunter2hunter2 gsk_abcdefghijklmnop"

    @tool(max_chars=None)
    def read() -> str:
        return page

    agent(path, call("read"), call("read"), "Read.", tools=[read]).run("Go")
    (count,) = rows(path, "SELECT count(*) FROM texts WHERE text LIKE '%word word%'")[0]

    assert count <= 2  # the two results differ in their ids at most
    assert b"hunter2hunter2" not in path.read_bytes() + (path.parent / "runs.db-wal").read_bytes()
    assert (
        b"gsk_abcdefghijklmnop"
        not in path.read_bytes() + (path.parent / "runs.db-wal").read_bytes()
    )


@pytest.mark.parametrize(
    "secret", ["12345678", "assistant", 'pass"word\\', "function", "read_result"]
)
def test_whatever_a_secret_is_the_run_is_found_again_without_it(path, secret, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", secret)

    @tool(max_chars=1_000, read_only=True)
    def show(text: str, pin: int) -> str:
        """Show."""
        return f'Authorization: "Bearer abcdefgh1234567" {text} ' * 100

    replies = call("show", {"text": secret, "pin": 12345678}), "Done: " + secret
    run = agent(path, *replies, tools=[show]).run(f"I say {secret}.", run_id="r", conversation="c")
    (listed,) = Journal(path).runs()
    stored = Journal(path).run("r")

    assert (listed.prompt, listed.output) == ("I say [secret].", "Done: [secret]")
    assert [each.role for each in stored.messages] == [each.role for each in run.messages]
    assert json.loads(stored.steps[0].response.message.calls[0].arguments)["text"] == "[secret]"
    result = stored.steps[0].results[0]
    assert "abcdefgh1234567" not in result.whole
    handle = run.steps[0].results[0].handle
    assert handle
    assert handle in result.content

    model = ScriptedInterface(call("read_result", handle=handle, offset=0), "Read.")
    later = Agent([show], model, journal=path).run("Read it.", conversation="c")
    assert "Bearer [secret]" in later.steps[0].results[0].content


def test_a_value_that_is_damaged_is_one_clear_error(path):
    agent(path, "Hi.").run("Hello", run_id="r")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE events SET data = '{' WHERE number = 2")
        connection.execute("UPDATE runs SET output = 'Hi'")
    for look in (lambda: Journal(path).run("r"), Journal(path).runs):
        with pytest.raises(JournalError, match="a value in it, or for it, is not as it should be"):
            look()


def test_the_file_is_the_users_alone(path):
    agent(path, "Hi.").run("Hello")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_old_runs_are_forgotten_with_their_texts(path):
    agent(path, "Hi. " * 200).run("Hello", run_id="old")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET begun = begun - 86400 * 31")
    agent(path, "Yes. " * 200).run("Hello again", run_id="new")

    assert Journal(path).prune(days=30) == 1
    assert [each.id for each in Journal(path).runs()] == ["new"]
    assert Journal(path).run("new").output == "Yes. " * 200
    assert not rows(path, "SELECT 1 FROM texts WHERE text LIKE '%Hi. Hi.%'")


def aged(path, run_id, days):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET begun = begun - 86400 * ? WHERE id = ?", (days, run_id))
        connection.execute("UPDATE events SET at = at - 86400 * ? WHERE run = ?", (days, run_id))


def test_a_journal_forgets_by_itself_what_is_older_than_it_keeps(path):
    def ids():
        return [each.id for each in Journal(path).runs()]

    for run_id in ("old", "cut", "new"):
        agent(path, "Hi.").run("Hello", run_id=run_id)
    cut(path, "cut", ["response", "end"])
    aged(path, "old", 31)
    aged(path, "cut", 31)
    agent(path, "Hi.").run("Hello", run_id="one")
    assert sorted(ids()) == ["cut", "new", "old", "one"]

    keeping = Journal(path, keep_days=30)
    assert agent(keeping, "Yes.").resume("cut").output == "Yes."  # it is not forgotten meanwhile
    assert sorted(ids()) == ["cut", "new", "one"]
    aged(path, "new", 31)
    agent(keeping, "Hi.").run("Hello", run_id="two")  # it does not look each time
    assert "new" in ids()
    agent(Journal(path, keep_days=30), "Hi.").run("Hello", run_id="three")
    assert "new" not in ids()


def test_space_is_given_back_when_asked(path):
    def size():
        return sum(each.stat().st_size for each in path.parent.iterdir())

    agent(path, "Hi. " * 500_000).run("Hello", run_id="old")
    journal = Journal(path)
    assert journal.forget(days=0) == 1
    assert size() > 2_000_000
    journal.vacuum()

    assert size() < 200_000


@pytest.mark.parametrize("days", [-1, float("nan"), float("inf"), "x", [1]])
def test_days_that_make_no_sense_are_refused(path, days):
    with pytest.raises(ConfigError, match="Days are a number from 0 on, not"):
        Journal(path, keep_days=days)
    with pytest.raises(ConfigError, match="Days are a number from 0 on, not"):
        Journal(path).prune(days=days)


def test_a_run_that_still_runs_is_not_forgotten(path, caplog):
    pruned = []

    @tool
    def prune() -> str:
        """Prune."""
        pruned.append(Journal(path).prune(days=0))
        return "pruned"

    agent(path, "Hi.").run("Hello", run_id="old")
    run = agent(path, call("prune"), "Done.", tools=[prune]).run("Go", run_id="r")
    assert pruned == [1]
    assert Journal(path).run("r").messages == run.messages

    @tool
    def forget() -> str:
        """Forget."""
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM runs")
        return "gone"

    run = agent(path, call("forget"), "Done.", tools=[forget]).run("Go")
    assert run.output == "Done."
    assert "the run was forgotten in it meanwhile" in caplog.text


class Point(BaseModel):
    x: int
    y: int


@pytest.mark.parametrize(
    ("output", "reply", "given"),
    [
        (Point, call("final_answer", x=1, y=2), Point(x=1, y=2)),
        (Point, '{"x": 1, "y": 2}', Point(x=1, y=2)),
        (int | None, call("final_answer", answer=None), None),
        (None, "Hi.", "Hi."),
    ],
)
def test_a_finished_run_is_given_again_as_it_was(path, output, reply, given):
    run = agent(path, reply, output=output).run("Go", run_id="r")
    assert run.output == given
    assert run.done
    again = agent(path, output=output).resume("r")  # the script has nothing more to say

    assert again == run
    assert type(again.output) is type(given)
    assert asyncio.run(agent(path, output=output).aresume("r")) == run
    assert len(rows(path, "SELECT 1 FROM events WHERE kind = 'end'")) == 1
    assert Run.from_dict(run.to_dict()).done


def test_an_answer_of_another_type_is_a_clear_error(path):
    agent(path, "Hi.").run("Go", run_id="r")
    with pytest.raises(ConfigError, match="The answer of the run 'r' is another"):
        agent(path, output=Point).resume("r")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b"no database" * 99), "no SQLite file, or a corrupt one"),
        (lambda path: rows(path, "PRAGMA user_version = 1") and None, "another program"),
        (lambda path: rows(path, "CREATE TABLE other (a)"), "another program"),
        (lambda path: path.mkdir(), "it is a directory: give the path of a file in it"),
    ],
)
def test_a_file_that_is_no_journal_is_one_clear_error_before_anything_runs(path, spoil, why):
    spoil(path)
    model = ScriptedInterface("Hi.")

    with pytest.raises(JournalError, match=why):
        Agent([add], model, journal=path).run("Hello")
    assert model.requests == []


def test_a_newer_journal_is_refused(path):
    agent(path, "Hi.").run("Hello")
    rows(path, "PRAGMA user_version = 99")

    with pytest.raises(JournalError, match="update agentkit"):
        Journal(path).runs()


def test_a_journal_that_fails_on_the_way_costs_no_answer(path, caplog):
    @tool
    def spoil() -> str:
        rows(path, "DROP TABLE events")
        return "spoilt"

    with caplog.at_level(logging.ERROR, "agentkit"):
        run = agent(path, call("spoil"), "Done.", tools=[spoil]).run("Go")

    assert run.output == "Done."
    assert caplog.text.count("goes on without it") == 1


def test_an_unknown_run_and_no_journal_are_clear_errors(path):
    with pytest.raises(JournalError, match="There is no run 'x'"):
        agent(path).resume("x")
    with pytest.raises(JournalError, match="AGENTKIT_JOURNAL"):
        Agent([add], ScriptedInterface()).resume("x")


def test_the_environment_names_a_journal(path, monkeypatch):
    monkeypatch.setenv("AGENTKIT_JOURNAL", os.fspath(path))
    Agent([add], ScriptedInterface("Hi.")).run("Hello", run_id="r")

    assert Journal(path).run("r").output == "Hi."


def test_what_a_stored_run_waits_for_is_a_call_of_it(path):
    run = Run(id="r", output=None, messages=())

    with pytest.raises(ConfigError, match="does not wait"):
        run.answer("call_1", "x")


def test_events_are_plain_json(path):
    agent(path, call("add", a=1, b=2), "Three.").run("Add.")

    for (data,) in rows(path, "SELECT data FROM events"):
        assert isinstance(json.loads(data), dict)


def paying(paid):
    @tool
    def pay(n: int, context: Context[None]) -> str:
        """Pay."""
        paid.append(context.call_key)
        return f"paid {n}"

    return pay


def test_each_call_keeps_its_own_key_over_a_summary(path):
    paid = []
    pays = [call("pay", n=n) for n in range(3)]
    made = agent(path, *pays, "Sum.", call("pay", n=4), "Done.", tools=[paying(paid)],
                 limits=Limits(steps=3))  # fmt: skip
    with pytest.raises(LimitError) as full:
        made.run("Pay.", run_id="r")
    shorter = made.summarize(full.value.run)
    made.limits = Limits()
    run = made.run(after=shorter)

    assert paid == ["r:1:0", "r:2:0", "r:3:0", "r:4:0"]
    assert Journal(path).run("r").summarized == run.summarized == 2
    assert Run.from_dict(run.to_dict()).summarized == 2


def test_the_key_of_a_call_that_may_have_run_is_the_same_after_a_summary(path):
    paid = []
    replies = [call("pay", n=1), call("pay", n=2), call("pay", n=3), "Done."]
    agent(path, *replies, tools=[paying(paid)]).run("Pay.", run_id="r")
    cut(path, "r", ["result", "request", "response", "end"])
    again = agent(path, "Sum.", "Done.", tools=[paying(paid)])
    run = again.resume("r")
    run = again.run(after=again.summarize(run.approve(*run.pending)))

    assert run.output == "Done."
    assert paid[2:] == ["r:3:0", "r:3:0"]


def test_each_next_turn_of_a_run_is_a_run_of_its_own(path):
    paid = []
    made = agent(path, call("pay", n=0), "One.", call("pay", n=1), "A.", call("pay", n=2), "B.",
                 tools=[paying(paid)])  # fmt: skip
    first = made.run("Pay.", run_id="r")
    turns = [made.run(text, after=first) for text in "ab"]

    assert len({*paid}) == 3
    assert len({first.id, *(each.id for each in turns)}) == 3
    for run in (first, *turns):
        assert Journal(path).run(run.id).messages == run.messages
        assert Journal(path).run(run.id).steps == run.steps


def test_the_limit_of_calls_holds_after_a_resume(path):
    paid = []
    settings = {"tools": [paying(paid)], "limits": Limits(calls=2)}
    with pytest.raises(LimitError):
        agent(path, [call("pay", n=n) for n in range(5)], **settings).run("Pay.", run_id="r")
    with pytest.raises(LimitError):
        agent(path, **settings).resume("r")

    assert len(paid) == 2


def test_the_last_step_has_its_results_after_a_resume(path):
    whole = agent(path, call("add", a=1, b=2), "Three.").run("Add.", run_id="r")
    cut(path, "r", ["request", "response", "end"])
    assert Journal(path).run("r").steps == whole.steps[:1]
    run = agent(path, "Three.").resume("r")

    assert run.steps == whole.steps
    assert str(run) == str(whole)


def test_a_response_is_kept_although_what_is_made_of_it_fails(path):
    class Odd(BaseModel):
        x: int

        @field_validator("x")
        @classmethod
        def check(cls, value):
            raise RuntimeError("odd")

    with pytest.raises(RuntimeError, match="odd"):
        agent(path, call("final_answer", x=1), output=Odd).run("Go", run_id="r")

    kinds = [kind for (kind,) in rows(path, "SELECT kind FROM events ORDER BY number")]
    assert kinds == ["begin", "request", "response", "end"]


@pytest.mark.parametrize("value", [b"\xff\x00", {"a": b"\xff"}, b"text", {1: {2}}, object])
def test_an_answer_that_has_no_json_is_kept_as_well_as_can_be(path, value):
    from agentkit.journal.record import JournalRecord
    from agentkit.recorder import Start

    run = Run(id="r", output=value, messages=(), done=True)
    journal = Journal(path)
    JournalRecord(journal.file, run, Start()).end(run)

    assert json.dumps(Run.from_dict(run.to_dict()).output)
    assert journal.listed("r").output == run.to_dict()["output"]


def test_an_answer_in_bytes_is_given(path):
    made = agent(path, call("final_answer", answer="/wA="), output=Base64Bytes)

    assert made.run("Go").output == b"\xff\x00"


def test_a_call_that_lost_a_secret_waits(path, monkeypatch):
    monkeypatch.setenv("FOO_TOKEN", "abcdef-secret-1234")
    sent = []

    @tool(idempotent=True)
    def send(to: str) -> str:
        """Send."""
        sent.append(to)
        return "sent"

    calls = [call("send", to="a"), call("send", to="abcdef-secret-1234@x")]
    agent(path, calls, "Done.", tools=[send]).run("Go", run_id="r")
    cut(path, "r", ["result", "request", "response", "end"])
    sent.clear()
    again = agent(path, "Done.", tools=[send])
    run = again.resume("r")
    (waiting,) = run.pending
    assert waiting.waits.startswith("a secret in its arguments was not stored")
    run = again.run(after=run.approve(waiting, {"to": "abcdef-secret-1234@x"}))

    assert (run.output, sent[-1]) == ("Done.", "abcdef-secret-1234@x")
    assert "[secret]@x" not in sent


def test_no_secret_is_in_an_answer(path, monkeypatch):
    monkeypatch.setenv("FOO_TOKEN", "abcdef-secret-1234")
    given = {"abcdef-secret-1234": ["abcdef-secret-1234", {"x": "abcdef-secret-1234"}]}
    agent(path, call("final_answer", answer=given), output=dict[str, Any]).run("Go")

    assert "abcdef-secret" not in str(rows(path, "SELECT output FROM runs"))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda path: agent(5, "Hi.").run("Hi"), "a path or a Journal, not 5"),
        (lambda path: agent(Journal, "Hi.").run("Hi"), "a path or a Journal, not <class"),
        (lambda path: Agent([], ScriptedInterface("Hi."), replay=5), "a path or a Replay, not 5"),
        (lambda path: Journal(5), "is at a path, not at 5"),
        (lambda path: Journal(None), "is at a path, not at None"),
        (lambda path: Journal(""), "is at a path, not at ''"),
        (lambda path: Journal("\0").runs(), "null"),
        (lambda path: Journal("half \ud800").runs(), "surrogates not allowed"),
        (lambda path: agent(path, "Hi.").run(5), "A prompt is some text, not int"),
        (
            lambda path: agent(path, "Hi.").run("Hi", after="r"),
            r"agent\.stored\(run_id\) gives one",
        ),
        (lambda path: agent(path, "Hi.").run("Hi", messages="text"), "messages= takes messages"),
        (lambda path: agent(path, "Hi.").run("Hi", messages=["text"]), "messages= takes messages"),
        (lambda path: agent(path, "Hi.").run("Hi", run_id=5), "run_id= is some text, not 5"),
        (lambda path: agent(path, "Hi.").summarize("r"), "A Run is summed up, not str"),
        (
            lambda path: agent(path, "Hi.").run("Hi").fork("1"),
            "from a number of steps, not from '1'",
        ),
        (lambda path: agent(path, "Hi.").run("Hi").approve(None), "The call None does not wait"),
        (lambda path: agent(path, "Hi.").run("Hi").deny(5), "The call 5 does not wait"),
        (lambda path: agent(path).resume(5), "There is no run 5 in"),
        (lambda path: Journal(path).find(None), "There is no run 'None' in"),
        (lambda path: Journal(path).listed(None), "There is no run None in"),
        (lambda path: Journal(path).runs(state="bogus"), "one of running, waiting, done, failed"),
        (lambda path: Journal(path).runs(colour="red"), "not by colour"),
        (lambda path: Journal(path).runs(limit=2**70), "limit is a number of runs"),
        (lambda path: Journal(path).runs(limit="x"), "limit is a number of runs, not 'x'"),
        (lambda path: Journal(path).runs(limit=-1), "limit is a number of runs, not -1"),
        (lambda path: Journal(path).prune(days=-5), "Days are a number from 0 on, not -5"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(path, wrong, why):
    with pytest.raises((ConfigError, JournalError), match=why):
        wrong(path)


def test_a_result_that_is_no_text_is_refused(path):
    @tool(destructive=True)
    def drop() -> str:
        return "gone"

    run = agent(path, call("drop"), tools=[drop]).run("Go")
    with pytest.raises(ConfigError, match="some text, not int"):
        run.answer(run.pending[0], 5)


def test_a_home_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    Agent([], ScriptedInterface("Hi."), journal="~/home.db").run("Hi")

    assert (tmp_path / "home.db").exists()


def test_options_of_any_kind_are_kept(path):
    run = agent(path, "Hi.").run("Go", options={"metadata": {"a": {1}}})

    assert run.output == "Hi."
    assert "metadata" in Journal(path).events(run.id)[1].data["options"]


def test_a_run_goes_on_in_another_journal_or_after_it_was_forgotten(path, tmp_path):
    """It is recorded there from its transcript on."""

    @tool(destructive=True)
    def drop() -> str:
        return "gone"

    for other in (tmp_path / "other.db", path):
        run = agent(path, call("drop"), tools=[drop]).run("Go")
        Journal(path).prune(days=0)
        run = agent(other, "Done.", tools=[drop]).run(after=run.approve(*run.pending))
        stored = Journal(other).run(run.id)
        assert run.output == "Done."
        assert (stored.messages, stored.steps) == (run.messages, run.steps)


def test_a_call_that_may_have_run_and_lost_a_secret_tells_both(path, monkeypatch):
    monkeypatch.setenv("FOO_TOKEN", "abcdef-secret-1234")

    @tool
    def send(to: str) -> str:
        return "sent"

    agent(path, call("send", to="abcdef-secret-1234"), "Done.", tools=[send]).run("Go", run_id="r")
    cut(path, "r", ["result", "request", "response", "end"])
    run = agent(path, tools=[send]).stored("r")
    (waiting,) = run.pending
    assert "may or may not have run; a secret in its arguments was not stored" in waiting.waits

    assert "may or may not have run, and the user" in run.deny(waiting).messages[-1].content


def test_whoever_is_interrupted_right_behind_a_write_writes_nothing_twice(path, monkeypatch):
    interrupted = []

    @tool
    def look() -> str:
        record = interrupted.pop() if interrupted else None
        if record is not None:
            then = record._file._in_transaction

            def once(*given):
                then(*given)
                record._file._in_transaction = then
                raise KeyboardInterrupt

            record._file._in_transaction = once
        return "seen"

    journal = Journal(path)
    begin = journal.begin

    def kept(run, start):
        record = begin(run, start)
        interrupted.append(record)
        return record

    monkeypatch.setattr(journal, "begin", kept)
    made = agent(journal, call("look"), "Done.", tools=[look])
    with pytest.raises(KeyboardInterrupt) as stopped:
        made.run("Go", run_id="r")
    interrupted.clear()

    assert journal.listed("r").state == "failed"
    assert made.run(after=stopped.value.run).output == "Done."
