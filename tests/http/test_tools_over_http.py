"""What tools do and return, as a server gets to see it."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from model_server import results_in
from pydantic import BaseModel

from agentkit import Context, Progress, ToolError, tool
from agentkit.testing import call

WHOLE = pytest.mark.parametrize("stream", [False])


class Room(BaseModel):
    """A model."""

    number: int
    price: Decimal


VALUES = [
    ("text", "as it is", "as it is"),
    ("nothing", None, "null"),
    ("number", 1.5, "1.5"),
    ("endless", float("inf"), '"Infinity"'),
    ("date", date(2026, 5, 17), '"2026-05-17"'),
    ("instant", datetime(2026, 5, 17, 12, tzinfo=UTC), '"2026-05-17T12:00:00Z"'),
    ("span", timedelta(minutes=90), '"PT1H30M"'),
    ("decimal", Decimal("12.30"), '"12.30"'),
    ("id", UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    ("model", Room(number=7, price=Decimal("99.90")), '{"number":7,"price":"99.90"}'),
    ("list", [date(2026, 1, 1), {"a": (1, 2)}], '["2026-01-01",{"a":[1,2]}]'),
    ("bytes", b"\x00\xff", '{"type":"base64","data":"AP8="}'),
    ("unicode", {"ö": "日本"}, '{"ö":"日本"}'),
]


@WHOLE
@pytest.mark.parametrize(("value", "sent"), [v[1:] for v in VALUES], ids=[v[0] for v in VALUES])
def test_a_result_is_sent_as_text_or_as_json(way, server, value, sent):
    @tool
    def give() -> Any:
        return value

    server.script(call("give"), "Done.")
    way.run(way.agent(give))
    assert results_in(server.bodies[1]) == [sent]


@WHOLE
def test_half_a_surrogate_pair_in_a_result_never_reaches_the_server(way, server):
    def give() -> str:
        return "a\ud83db"  # strict JSON parsers refuse the whole request for it

    server.script(call("give"), "Done.")
    way.run(way.agent(give))
    assert results_in(server.bodies[1]) == ["a\ufffdb"]


@WHOLE
@pytest.mark.parametrize(
    "value", [object(), {1: object()}, iter, ValueError], ids=["object", "inside", "iter", "class"]
)
def test_a_result_without_a_json_form_is_an_error_that_names_the_tool(way, server, value):
    def give() -> Any:
        return value

    server.script(call("give"), "Done.")
    way.run(way.agent(give))
    (result,) = results_in(server.bodies[1])
    assert result.startswith("Error: The result of give cannot be sent: ")


@WHOLE
def test_a_long_result_is_capped_with_its_true_size(way, server):
    @tool(max_chars=100)
    def give() -> str:
        return "a" * 500 + "z" * 500

    server.script(call("give"), "Done.")
    way.run(way.agent(give))
    way_on = 'read_result(handle="3d2bdd78", offset=80) gives them'
    expected = "a" * 80 + f"\n[... 900 of 1,000 characters left out; {way_on} ...]\n" + "z" * 20
    assert results_in(server.bodies[1]) == [expected]


def _failing(**options: Any) -> Any:
    @tool(**options)
    def fail(why: str) -> str:
        raise LookupError(f"no {why}, gsk_ABCDEFGHIJKLMNOP")

    return fail


def test_a_tools_exception_is_reported_without_secrets(way, server):
    server.script(call("fail", why="luck"), "Pity.")
    run = way.run(way.agent(_failing()))
    assert results_in(server.bodies[1]) == ["Error: LookupError: no luck, [secret]"]
    assert run.steps[0].results[0].is_error


def test_a_tools_exception_can_be_hidden_and_is_logged(way, server, caplog):
    server.script(call("fail", why="luck"), "Pity.")
    with caplog.at_level(logging.WARNING, "agentkit"):
        way.run(way.agent(_failing(on_error="hide")))
    assert results_in(server.bodies[1]) == ["Error: fail failed."]
    assert "LookupError: no luck" in caplog.text
    assert "gsk_ABC" not in caplog.text


def test_a_tools_exception_can_be_raised_and_carries_the_run(way, server):
    server.script(call("fail", why="luck"), "Pity.")
    agent = way.agent(_failing(on_error="raise"))
    with pytest.raises(LookupError, match="no luck") as caught:
        way.run(agent)
    run = caught.value.run
    assert run.messages[-1].content.startswith("Error: the run ended before this call")
    assert way.run(agent, "And now?", messages=run.messages).output == "Pity."


@pytest.mark.parametrize("on_error", ["report", "hide", "raise"])
def test_a_tool_error_goes_to_the_model_as_it_stands(way, server, on_error):
    @tool(on_error=on_error)
    def pay(amount: int) -> str:
        raise ToolError("The account is empty.")

    server.script(call("pay", amount=1), "Sorry.")
    way.run(way.agent(pay))
    assert results_in(server.bodies[1]) == ["Error: The account is empty."]


@WHOLE
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_tool_that_takes_too_long_is_given_up(way, server, kind):
    done = threading.Event()

    @tool(timeout=0.05)
    def wait() -> str:
        done.wait(10)
        return "late"

    @tool(name="wait", timeout=0.05)
    async def await_() -> str:
        await asyncio.sleep(10)
        return "late"

    server.script(call("wait"), "Pity.")
    way.run(way.agent(wait if kind == "sync" else await_))
    done.set()
    assert results_in(server.bodies[1]) == ["Error: wait did not finish within 0.05 seconds."]


@WHOLE
def test_a_tools_own_timeout_error_is_its_own(way, server):
    @tool(timeout=10)
    def wait() -> str:
        raise TimeoutError("the printer sleeps")

    server.script(call("wait"), "Pity.")
    way.run(way.agent(wait))
    assert results_in(server.bodies[1]) == ["Error: TimeoutError: the printer sleeps"]


def test_an_async_tool_runs_in_every_kind_of_run(way, server):
    @tool
    async def greet(name: str) -> str:
        await asyncio.sleep(0)
        return f"Hello, {name}."

    server.script(call("greet", name="Ada"), call("greet", name="Bob"), "Done.")
    way.run(way.agent(greet))
    assert results_in(server.bodies[2]) == ["Hello, Ada.", "Hello, Bob."]


def test_the_context_has_deps_and_a_key_and_is_hidden_from_the_model(way, server):
    seen: list[tuple[str, str]] = []

    @tool
    def pay(context: Context[str], amount: int) -> str:
        seen.append((context.deps, context.call_key))
        return "paid"

    server.script(call("pay", amount=1), call("pay", amount=2), "Done.")
    run = way.run(way.agent(pay), deps="the database", run_id="r1")
    assert seen == [("the database", "r1:1:0"), ("the database", "r1:2:0")]
    assert run.id == "r1"
    assert "context" not in json.dumps(server.bodies[0])


def _progress(way: Any, agent: Any) -> Iterator[Progress]:
    if way.mode == "sync":
        return (event for event in agent.iter("Go.") if isinstance(event, Progress))

    async def collect() -> list[Progress]:
        return [event async for event in agent.aiter("Go.") if isinstance(event, Progress)]

    return iter(way.awaited(collect))


def test_progress_comes_as_events_that_name_the_tool(way, server):
    @tool
    def dig(context: Context) -> str:
        context.progress("half", 0.5)
        context.progress("done")
        return "a hole"

    server.script(call("dig"), "Done.")
    found = list(_progress(way, way.agent(dig)))
    assert [(each.tool, each.message, each.fraction) for each in found] == [
        ("dig", "half", 0.5),
        ("dig", "done", None),
    ]
    assert len({each.call_key for each in found}) == 1
