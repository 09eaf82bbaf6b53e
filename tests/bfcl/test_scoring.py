"""Models scored from one end to the other: the offline one, and one behind a server."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from model_server import Raw, Reply, results_in

from agentkit import FunctionCall, StatusError
from benchmarks.bfcl.asking import Asker
from benchmarks.bfcl.asking import Reply as Replied
from benchmarks.bfcl.data import read_rows
from benchmarks.bfcl.kept import replies
from benchmarks.bfcl.mutations import attempts
from benchmarks.bfcl.scores import judge, offline_scores, scores, table, wilson

ROOT = Path(__file__).parents[2]
ROWS = read_rows(categories=["parallel", "irrelevance", "multiple"], limit=3)


def right_calls(row):
    """The calls that are right, with the first of what is accepted."""
    for place, call in enumerate(attempts(row, 0)[0] if row.accepted else []):
        for name, arguments in call.items():
            yield FunctionCall(name, json.dumps(arguments), id=f"call_{place}")


def knowing(rows, of=lambda calls: calls):
    """A model that knows the answers; in the dialect `functions` it gives one at a time."""
    answers = {row.messages[-1]["content"]: of(list(right_calls(row))) for row in rows}

    def reply(body):
        prompt = [each for each in body["messages"] if each["role"] == "user"][-1]["content"]
        calls = answers[prompt]
        if "functions" in body:
            calls = calls[len(results_in(body)) :][:1]
        return Reply(calls=calls) if calls else "Nothing to call."

    return reply


def judged(asker, rows=ROWS, file=None):
    found = {each.key: each for each in replies(asker, rows, 2, file)}
    return [judge(row, found[row.key]) for row in rows]


def bfcl(*given):
    command = [sys.executable, "-m", "benchmarks.bfcl", *map(str, given)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )


@pytest.mark.parametrize("dialect", ["tools", "functions"])
def test_a_model_that_knows_all_is_right_in_each_dialect(server, interface, dialect):
    server.always = knowing(ROWS)
    one_by_one = dialect == "functions"

    found = judged(Asker(interface(dialect=dialect), "large", one_by_one, {"temperature": 0}))

    assert [each.problem for each in found] == [""] * len(ROWS)
    assert all(dialect in body and body["temperature"] == 0 for body in server.bodies)
    parallel = [row for row in ROWS if row.category == "parallel"]
    more = sum(len(row.accepted) for row in parallel) if one_by_one else 0
    assert len(server.bodies) == len(ROWS) + more


def test_a_model_that_calls_twice_is_wrong_where_one_call_is_right(server, interface):
    server.always = knowing(ROWS, of=lambda calls: calls * 2)

    found = judged(Asker(interface(dialect="tools")))

    by_category = {each.category: each for each in scores(found)}
    assert by_category["multiple"].percent == by_category["parallel"].percent == 0.0
    assert by_category["irrelevance"].percent == 100.0
    assert by_category["all"].rows == len(ROWS)


def test_a_model_that_never_ends_is_asked_a_dozen_times(server, interface):
    (row,) = read_rows(categories=["parallel"], limit=1)
    (call, *_) = right_calls(row)
    server.always = lambda body: call

    (found,) = judged(Asker(interface(dialect="functions"), one_by_one=True), [row])

    assert len(found.reply.calls) == len(server.bodies) == 12
    assert found.problem.startswith("count: 12 calls")


def test_what_was_replied_is_kept_and_not_asked_again(server, interface, tmp_path):
    file, asker = tmp_path / "replies.jsonl", Asker(interface(dialect="tools"))
    server.always = knowing(ROWS)
    first = judged(asker, ROWS[:4], file)
    with file.open("a") as opened:
        opened.write('{"key": "cut sho')

    every = judged(asker, ROWS, file)

    assert len(server.bodies) == len(ROWS)
    assert every[:4] == first
    server.always = None
    assert judged(asker, ROWS, file) == every
    assert len(file.read_text().splitlines()) == 1 + len(ROWS)


def test_replies_of_another_model_are_not_taken_for_this_ones(server, interface, tmp_path):
    file = tmp_path / "replies.jsonl"
    server.always = knowing(ROWS)
    judged(Asker(interface(dialect="tools"), "large"), ROWS[:1], file)

    with pytest.raises(SystemExit, match="name another"):
        judged(Asker(interface(dialect="tools"), "small"), ROWS[:1], file)
    file.write_text("by hand\n")
    with pytest.raises(SystemExit, match="no replies of this command"):
        judged(Asker(interface(dialect="tools"), "small"), ROWS[:1], file)


def test_a_row_without_a_reply_counts_as_wrong_and_is_asked_again(server, interface, tmp_path):
    file, asker = tmp_path / "replies.jsonl", Asker(interface(dialect="tools"))
    server.always = Raw([b'{"error": {"message": "too odd"}}'], status=400)
    rows = [row for row in ROWS if row.category == "irrelevance"]

    found = judged(asker, rows, file)

    assert scores(found)[0].errors == len(rows)
    assert scores(found)[0].percent == 0.0
    assert "too odd" in found[0].problem
    assert f"{len(rows)} without a reply" in table(scores(found))
    server.always = knowing(rows)
    assert scores(judged(asker, rows, file))[0].percent == 100.0


def test_a_key_that_is_refused_ends_all(server, interface):
    server.always = Raw([b'{"error": {"message": "no such key"}}'], status=401)

    with pytest.raises(StatusError, match="no such key"):
        judged(Asker(interface(dialect="tools")))


def test_arguments_that_are_no_json_are_wrong_and_told_as_they_were_written(server, interface):
    (row,) = read_rows(categories=["multiple"], limit=1)
    (call,) = right_calls(row)
    server.always = lambda body: FunctionCall(call.name, "not JSON")

    (found,) = judged(Asker(interface(dialect="tools")), [row])

    assert found.problem == "arguments: no JSON object: 'not JSON'"
    assert found.to_dict()["called"] == [{call.name: "not JSON"}]


def test_where_any_call_is_right_one_is_asked_for():
    row = replace(ROWS[0], category="live_relevance", accepted=[])

    assert judge(row, Replied(row.key)).problem.startswith("count: no call")
    assert judge(row, Replied(row.key, [{"anything": {}}])).problem == ""


def test_the_offline_model_is_scored_by_category():
    found = offline_scores(limit=4)

    assert [each.rows for each in found.values()] == [4] * 8 + [32]
    assert found["all"].right == sum(each.right for each in found.values()) / 2 > 0
    assert found["all"].errors == 0


def test_the_command_tells_scores_and_failures(tmp_path):
    file = tmp_path / "wrong.jsonl"
    given = ["--limit", 4, "--category", "multiple", "--category", "irrelevance"]

    done = bfcl(*given, "--json", "--failures", file)

    *made, whole = json.loads(done.stdout)
    assert [each["category"] for each in made] == ["multiple", "irrelevance"]
    assert whole["rows"] == 8
    wrong = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(wrong) == 8 - whole["right"]
    assert all(each["problem"] and each["prompt"] for each in wrong)
    assert bfcl(*given).stdout.splitlines()[-1].split()[:2] == ["all", "8"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--interface", "nowhere"], "nowhere"),
        (["--option", "heat=1"], "no option 'heat'"),
        (["--limit", "0"], "--limit"),
    ],
    ids=["interface", "option", "limit"],
)
def test_the_command_tells_what_is_wrong_with_it(given, told):
    done = bfcl(*given)

    assert done.returncode != 0
    assert told in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("right", "rows", "interval"),
    [(0, 10, (0.0, 27.8)), (5, 10, (23.7, 76.3)), (10, 10, (72.2, 100.0)), (64, 200, (25.9, 38.8))],
    ids=str,
)
def test_intervals_are_wilsons(right, rows, interval):
    assert wilson(right, rows) == interval
