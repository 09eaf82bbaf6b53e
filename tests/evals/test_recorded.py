"""Recorded runs, judged without a model."""

from __future__ import annotations

import pytest

from agentkit import Agent, ConfigError, Toolbox, tool
from agentkit.errors import InterfaceError
from agentkit.evals import Answer, Call, Case, Turn, judge_runs
from agentkit.journal import Journal
from agentkit.testing import ScriptedInterface, call


@tool(read_only=True)
def weather(city: str, days: int = 1) -> str:
    """Tell the weather.

    Args:
        city: The city.
        days: How many days.
    """
    return f"{city} is dry."


@tool(destructive=True)
def delete(name: str) -> str:
    """Delete a file.

    Args:
        name: Its name.
    """
    return "deleted"


SCHEMAS = {each.name: each.parameters for each in Toolbox(weather, delete).definitions}
OSLO = Case("Oslo?", [Call("weather", {"city": "Oslo"})], id="oslo", answer="dry")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def record(path, prompt, *replies, model="agent", **given):
    agent = Agent([weather, delete], ScriptedInterface(*replies), journal=path, model=model)
    return agent.run(prompt, **given)


def judge(path, *cases, **settings):
    return judge_runs(cases, Journal(path), SCHEMAS, **settings)


def test_the_latest_run_with_a_cases_prompt_counts(path):
    record(path, "Oslo?", call("weather", city="Rome"), "Rome is dry.")
    latest = record(path, "Oslo?", call("weather", city="Oslo", days=1), "It is dry.")
    record(path, "Oslo? Tell me more.", "No.")
    report = judge(path, OSLO)
    (outcome,) = report.outcomes

    assert report.met, outcome.failures
    assert (outcome.run_id, outcome.steps, outcome.answers) == (latest.id, 2, ("It is dry.",))
    assert (outcome.prompt_tokens, outcome.error) == (0, "")
    assert 0 <= outcome.latency <= outcome.seconds
    assert [(each.name, each.interface, each.model) for each in report.variants] == [
        ("scripted:agent", "scripted", "agent")
    ]


def test_more_runs_of_a_case_count_where_they_are_asked_for(path):
    for city in ("Oslo", "Rome", "Oslo"):
        record(path, "Oslo?", call("weather", city=city), "It is dry.")
    report = judge(path, OSLO, repeat=5)

    assert [(each.repeat, each.passed) for each in report.outcomes] == [
        (0, True),
        (1, False),
        (2, True),
    ]
    assert report.figures("scripted:agent").sometimes == 1


def test_models_are_compared(path):
    for model, city in (("small", "Rome"), ("large", "Oslo")):
        record(path, "Oslo?", call("weather", city=city), "It is dry.", model=model)
    report = judge(path, OSLO)

    assert [(each.variant, each.passed) for each in report.outcomes] == [
        ("scripted:large", True),
        ("scripted:small", False),
    ]
    assert report.comparisons()[0].worse == 1


def test_turns_are_those_of_a_conversation(path):
    talk = {"conversation": "trip"}
    record(path, "Hello.", "Hello!", **talk)
    record(path, "Oslo?", call("weather", city="Oslo"), "Dry.", **talk)
    record(path, "Rome?", call("weather", city="Rome"), "Wet.", **talk)
    turns = [
        Turn("Hello.", []),
        Turn("Oslo?", [Call("weather", {"city": "Oslo"})], Answer(("dry",))),
        Turn("Rome?", [Call("weather", {"city": "Rome"})], Answer(("wet",))),
    ]
    whole = judge(path, Case(turns=turns, id="whole"), Case(turns=turns[:2], id="begun"))
    wrong = judge(path, Case(turns=turns[1:], id="no beginning"), OSLO)

    assert [each.passed for each in whole.outcomes] == [True, True]
    assert [each.steps for each in whole.outcomes] == [5, 3]
    assert whole.outcomes[0].answers == ("Hello!", "Dry.", "Wet.")
    assert wrong.outcomes == ()
    assert not wrong.met


def test_runs_that_failed_or_wait_have_an_error(path):
    with pytest.raises(InterfaceError):
        record(path, "Oslo?", call("weather", city="Oslo"), InterfaceError("No\nreply."))
    record(path, "Delete a.", call("delete", name="a"))
    failed, waiting = judge(path, OSLO, Case("Delete a.", [Call("delete")])).outcomes

    assert (failed.error, failed.passed) == ("InterfaceError: No reply.", False)
    assert (waiting.error, waiting.calls[0].name) == ("The run waits for a decision.", "delete")


def test_a_prompt_with_a_secret_is_found_as_the_journal_has_it(path, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "correct-horse")
    prompt = "Is correct-horse a good password?"
    record(path, prompt, "No.")

    assert judge(path, Case(prompt, [], answer="no")).met


def test_without_tools_calls_are_judged_by_what_they_are_given_alone(path):
    record(path, "Oslo?", call("weather", city="Oslo"), "Dry.")

    assert judge_runs([OSLO], Journal(path)).met
    with pytest.raises(ConfigError, match="there is no tool 'wether'"):
        judge(path, Case("Oslo?", [Call("wether")]))
