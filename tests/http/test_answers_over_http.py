"""Typed final answers through real sockets."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from model_server import Reply, results_in
from pydantic import BaseModel

from agentkit import tool
from agentkit.testing import call

ANSWER = "final_answer"
TOOLS = pytest.mark.parametrize("dialect", ["tools"])


class Trip(BaseModel):
    """A trip."""

    city: str
    day: date
    nights: int = 1


@tool(read_only=True)
def forecast(city: str) -> str:
    """The weather to come."""
    return f"{city}: rain"


OSLO = {"city": "Oslo", "day": "2026-05-17"}


def _choices(way: Any) -> list[Any]:
    key = "function_call" if way.dialect == "functions" else "tool_choice"
    return [body.get(key) for body in way.server.bodies]


def _forced(way: Any) -> dict[str, Any]:
    if way.dialect == "functions":
        return {"name": ANSWER}
    return {"type": "function", "function": {"name": ANSWER}}


def test_an_answer_by_call_is_validated_and_ends_the_run(way, server):
    server.script(call(ANSWER, OSLO))
    run = way.run(way.agent(output=Trip))
    assert run.output == Trip(city="Oslo", day=date(2026, 5, 17))
    assert run.messages[-1].content == "Accepted."
    assert _choices(way) == [_forced(way)]


def test_an_answer_after_other_calls_is_not_forced(way, server):
    server.script(call("forecast", city="Oslo"), call(ANSWER, OSLO))
    run = way.run(way.agent(forecast, output=Trip))
    assert run.output.city == "Oslo"
    assert _choices(way) == [None, None]


def test_a_wrong_answer_is_fed_back_line_by_line(way, server):
    server.script(call(ANSWER, OSLO, day="soon", nights="x"), call(ANSWER, OSLO))
    run = way.run(way.agent(output=Trip))
    (result,) = results_in(server.bodies[1])
    head, *lines = result.splitlines()
    assert head == "Error: the answer does not fit:"
    assert [line.split(":")[0] for line in lines] == ["day", "nights"]
    assert run.output.nights == 1


def test_an_answer_as_json_text_is_taken(way, server):
    server.script('```json\n{"city": "Oslo", "day": "2026-05-17"}\n```')
    assert way.run(way.agent(output=Trip)).output.city == "Oslo"


def test_a_text_that_does_not_fit_is_told_and_the_call_forced(way, server):
    server.script("It was nice.", call(ANSWER, OSLO))
    run = way.run(way.agent(forecast, output=Trip))
    told = server.bodies[1]["messages"][-1]
    assert told["role"] == "user"
    assert "Give the final answer by calling final_answer." in told["content"]
    assert _choices(way) == [None, _forced(way)]
    assert run.output.city == "Oslo"


@pytest.mark.parametrize(
    ("kind", "reply", "output"),
    [
        (int, call(ANSWER, answer=42), 42),
        (int, "42", 42),
        (list[date], call(ANSWER, answer=["2026-05-17"]), [date(2026, 5, 17)]),
        (str | None, call(ANSWER, answer=None), None),
        (bool, "true", True),
    ],
)
def test_an_answer_that_is_no_object_is_unwrapped(way, server, kind, reply, output):
    server.script(reply)
    assert way.run(way.agent(output=kind)).output == output


def test_a_forced_tool_comes_first_and_the_answer_is_free_afterwards(way, server):
    server.script(call("forecast", city="Oslo"), call(ANSWER, OSLO))
    agent = way.agent(forecast, output=Trip, options={"function_call": "forecast"})
    assert way.run(agent).output.city == "Oslo"
    first, second = _choices(way)
    assert (str(first).count("forecast"), second) == (1, None)


@TOOLS
def test_an_answer_beside_other_calls_waits_for_their_results(way, server):
    calls = [call("forecast", city="Oslo"), call(ANSWER, OSLO)]
    server.script(Reply(calls=calls))
    run = way.run(way.agent(forecast, output=Trip))
    assert [each.content for each in run.messages[-2:]] == ["Oslo: rain", "Accepted."]
    assert run.output.city == "Oslo"
