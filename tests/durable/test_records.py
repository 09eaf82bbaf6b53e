"""Runs and errors as plain values, and back."""

from __future__ import annotations

import json

import pytest

from agentkit import Agent, LimitError, Limits, tool
from agentkit.durable.records import load_error, load_run, save_error, save_run, stored
from agentkit.errors import AgentkitError, ArgumentsError, ConnectError, DurableError, StatusError
from agentkit.testing import ScriptedInterface, call


@tool(read_only=True)
def look(place: str) -> str:
    """Look."""
    return f"nothing at {place}"


@tool(destructive=True)
def remove(place: str) -> str:
    """Remove."""
    return "gone"


def run_of(*replies, **given):
    return Agent([look, remove], ScriptedInterface(*replies), **given).run("Go.")


@pytest.mark.parametrize(
    "replies",
    [
        ["Done."],
        [call("look", place="a"), "Done."],
        [[call("look", place="a"), call("look", place="b")], call("none"), "Done."],
    ],
    ids=["text", "a call", "calls"],
)
def test_a_run_is_the_same_again_with_its_steps(replies):
    run = run_of(*replies, instructions="Be brief.")
    assert load_run(json.loads(json.dumps(save_run(run)))) == run


def test_a_run_that_waits_is_the_same_again():
    run = run_of(call("look", place="a"), [call("look", place="b"), call("remove", place="c")])
    again = load_run(save_run(run))
    assert (again.messages, again.pending) == (run.messages, run.pending)
    assert [len(step.results) for step in again.steps] == [1, 0]
    assert again.usage == run.usage


def test_a_run_that_was_cut_short_is_the_same_again():
    with pytest.raises(LimitError) as cut:
        run_of(call("look", place="a"), call("look", place="b"), limits=Limits(steps=1))
    run = cut.value.run
    assert load_run(save_run(run)) == run


@pytest.mark.parametrize(
    "error",
    [
        ConnectError("No connection."),
        LimitError("Enough."),
        ArgumentsError(["a is missing", "b is odd"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_agentkit_is_of_its_kind_again(error):
    again = load_error(json.loads(json.dumps(save_error(error))))
    assert (type(again), str(again)) == (type(error), str(error))


def test_an_error_keeps_its_facts():
    error = StatusError("Too many.", status=429, code="rate_limit", retry_after=2.5)
    error.excess = 12.0
    again = load_error(save_error(error))
    assert isinstance(again, StatusError)
    facts = (again.status, again.code, again.retry_after, again.excess, again.retryable)
    assert facts == (429, "rate_limit", 2.5, 12.0, True)


def test_an_error_of_others_is_named():
    again = load_error(save_error(KeyError("x")))
    assert type(again) is DurableError
    assert str(again) == "KeyError: 'x'"
    assert isinstance(load_error({"name": "dict", "message": ""}), AgentkitError)
    assert str(load_error({"name": "OSError", "message": ""})) == "OSError"


def test_what_is_stored_has_no_secrets(monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "very-secret-indeed")
    value = {
        "role": "user",
        "content": ["a very-secret-indeed b", {"x": "gsk_abcdefghijklmnop"}],
        "arguments": '{"t": "very-secret-indeed"}',
        "state": "done",
        "number": 7,
        "\ud800": "\udfff",
    }
    assert stored(value) == {
        "role": "user",
        "content": ["a [secret] b", {"x": "[secret]"}],
        "arguments": '{"t": "[secret]"}',
        "state": "done",
        "number": 7,
        "?": "?",
    }
    assert "very-secret" not in str(save_error(ValueError("very-secret-indeed")))
