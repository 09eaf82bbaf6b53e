"""Errors go whole from one process to another, and say one thing more in a sentence of its own."""

import copy
import pickle

import pytest

from agentkit import Agent, LimitError, StatusError
from agentkit.errors import AgentkitError, ArgumentsError, ConfigError, MissingKeyError
from agentkit.limits import Limits
from agentkit.messages import Quota
from agentkit.testing import ScriptedInterface

REFUSED = StatusError(
    "busy", status=429, code="slow", body={"a": 1}, retry_after=2.0, quotas=(Quota("x", 1, 0, 2),)
)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize(
    "error",
    [REFUSED, ArgumentsError(["a: is wrong", "b: too"]), MissingKeyError("no key")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_can_be_copied_and_sent_to_another_process(error, way):
    error.add_note("seen")
    again = way(error)

    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_the_run_goes_with_its_error():
    agent = Agent([], ScriptedInterface("x"), limits=Limits(seconds=1e-9))
    with pytest.raises(LimitError) as raised:
        agent.run("Hi.")
    again = pickle.loads(pickle.dumps(raised.value))

    assert again.run.messages == raised.value.run.messages


def test_an_error_of_a_users_own_is_copied_too():
    class OwnError(AgentkitError):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")
            self.one = one

    again = copy.copy(OwnError(1, 2))

    assert (str(again), again.one) == ("1 and 2", 1)


@pytest.mark.parametrize(("text", "whole"), [("a", "a. B."), ("a.", "a. B."), ("a?\n", "a? B.")])
def test_one_thing_more_is_a_sentence(text, whole):
    error = ConfigError(text)
    error.add("B.")

    assert str(error) == whole
