"""Cases that are written from the runs of a journal."""

import json

import pytest

from agentkit import Agent, LimitError, Limits, tool
from agentkit.evals.past import past_cases
from agentkit.evals.reading import read_cases
from agentkit.journal import Journal
from agentkit.testing import ScriptedInterface, call


@tool(read_only=True)
def look(at: str) -> str:
    """Look."""
    if at == "nowhere":
        raise ValueError("There is no such place.")
    return "dry"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def run(path, prompt, *replies, limits=None, **given):
    agent = Agent([look], ScriptedInterface(*replies), journal=path, limits=limits or Limits())
    return agent.run(prompt, **given)


def cases(path, **given):
    return list(past_cases(Journal(path), **given))


def calls(*places):
    return [{"name": "look", "arguments": {"at": each}} for each in places]


def test_a_run_that_ended_well_is_a_case_with_its_calls(path):
    run(path, "Is it dry in Oslo?", call("look", at="Oslo"), "Yes.")

    assert cases(path) == [
        {"id": "is-it-dry-in-oslo", "prompt": "Is it dry in Oslo?", "calls": calls("Oslo"),
         "tags": ["journal"], "draft": True},
    ]  # fmt: skip


def test_errors_and_repeats_are_expected_of_nobody(path):
    steps = [
        call("look", at="nowhere"),
        call("look", at="Oslo"),
        call("look", at="Oslo"),
        call("fly"),
    ]
    run(path, "Look.", *steps, "Dry.")

    assert cases(path)[0]["calls"] == calls("Oslo")


def test_a_run_without_a_call_expects_none(path):
    run(path, "Hello!", "Hi.")

    assert cases(path)[0]["calls"] == []


def test_the_newest_run_of_a_prompt_counts_and_runs_that_failed_do_not(path):
    run(path, "Look.", call("look", at="Oslo"), "Dry.")
    run(path, "Look.", call("look", at="Rome"), "Dry.")
    with pytest.raises(LimitError):
        run(path, "Look.", call("look", at="Lima"), limits=Limits(steps=1))

    assert [each["calls"] for each in cases(path)] == [calls("Rome")]


def test_a_conversation_is_one_case_with_its_turns(path):
    for place in ("Oslo", "Rome"):
        run(path, f"And {place}?", call("look", at=place), "Dry.", conversation="c")
    (case,) = cases(path)

    assert case["turns"] == [
        {"prompt": "And Oslo?", "calls": calls("Oslo")},
        {"prompt": "And Rome?", "calls": calls("Rome")},
    ]
    assert "prompt" not in case


def test_what_was_said_elsewhere_before_makes_no_case(path):
    before = Agent([look], ScriptedInterface("Oslo it is.")).run("I mean Oslo.")
    run(path, "Is it dry?", call("look", at="Oslo"), "Yes.", after=before)

    assert cases(path) == []


def test_cases_of_like_prompts_have_ids_of_their_own(path):
    for prompt in ("Look!", "Look?", "Look."):
        run(path, prompt, "Dry.")

    assert [each["id"] for each in cases(path)] == ["look", "look-2", "look-3"]
    assert len(cases(path, limit=2)) == 2


def test_a_secret_may_be_anything(path, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "very-secret-key")
    run(path, "Look with very-secret-key.", call("look", at="very-secret-key"), "Dry.")
    (case,) = cases(path)

    assert "very-secret-key" not in json.dumps(case)
    assert case["calls"][0]["arguments"] == {"at": {"anything": True}}


def test_typed_answers_are_no_calls(path):
    agent = Agent(
        [look], ScriptedInterface(call("final_answer", answer=3)), journal=path, output=int
    )
    agent.run("How many?")

    assert cases(path)[0]["calls"] == []


def test_they_are_cases_of_a_file(path, tmp_path):
    run(path, "Is it dry in Oslo?", call("look", at="Oslo"), "Yes.")
    run(path, "And?", "Yes.", conversation="c")
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in cases(path)), encoding="utf-8")

    assert [each.id for each in read_cases(file)] == ["is-it-dry-in-oslo", "and"]
