"""Damaged arguments: what is certain is mended, named and run; the rest is fed back."""

from __future__ import annotations

import json

import pytest
from model_server import ABSENT, results_in

from agentkit import FunctionCall, tool

TOOLS = pytest.mark.parametrize("dialect", ["tools"])


@tool(read_only=True)
def book(city: str, sauna: bool = False, note: str | None = None) -> str:
    """Book a room."""
    return f"{city} {sauna} {note}"


@tool(read_only=True)
def forget() -> str:
    """Takes nothing."""
    return "forgotten"


MENDED = [
    ("fence", '```json\n{"city": "Oslo"}\n```'),
    ("single quotes", "{'city': 'Oslo'}"),
    ("trailing comma", '{"city": "Oslo",}'),
    ("Python literals", '{"city": "Oslo", "sauna": False, "note": None}'),
    ("double encoding", json.dumps('{"city": "Oslo"}')),
    ("truncated tail", '{"city": "Oslo"'),
    ("extra closing bracket", '{"city": "Oslo"}}'),
    ("object instead of text", {"city": "Oslo"}),
]


@pytest.mark.parametrize(("repair", "arguments"), MENDED, ids=[name for name, _ in MENDED])
def test_an_unambiguous_damage_is_mended_run_and_named(way, server, repair, arguments):
    if repair == "object instead of text":
        repair = None  # the wire makes it text before anybody can call it damaged
    server.script(FunctionCall("book", arguments), "Booked.")
    run = way.run(way.agent(book))
    assert results_in(server.bodies[1]) == ["Oslo False None"]
    assert run.repairs == ((f"book: {repair}",) if repair else ())
    message = server.bodies[1]["messages"][1]
    spelled = message.get("function_call") or message["tool_calls"][0]["function"]
    assert json.loads(spelled["arguments"])["city"] == "Oslo"


@pytest.mark.parametrize(
    "arguments", ["", "  ", "null", None, ABSENT], ids=["empty", "blank", "null", "None", "absent"]
)
def test_no_arguments_in_any_spelling_call_a_tool_without_parameters(way, server, arguments):
    server.script(FunctionCall("forget", arguments), "Done.")
    run = way.run(way.agent(forget))
    assert results_in(server.bodies[1]) == ["forgotten"]
    assert run.repairs == ("forget: no arguments",)
    message = server.bodies[1]["messages"][1]
    spelled = message.get("function_call") or message["tool_calls"][0]["function"]
    assert spelled["arguments"] == "{}"


@TOOLS
def test_the_repairs_of_several_calls_are_named_in_call_order(way, server):
    calls = [FunctionCall("book", "{'city': 'Oslo',}"), FunctionCall("forget", "")]
    server.script(calls, "Done.")
    run = way.run(way.agent(book, forget))
    assert run.repairs == ("book: single quotes", "book: trailing comma", "forget: no arguments")


@pytest.mark.parametrize(
    "arguments",
    [
        '{"city": "Osl',
        '{"city": "Oslo", "sauna": tr',
        '{"city": "Oslo", "city": "Rome"}',
        '{"city": NaN}',
        '{"city": "Oslo"} and more',
    ],
)
def test_an_ambiguous_damage_is_not_guessed_at(way, server, arguments):
    server.script(FunctionCall("book", arguments), "Sorry.")
    run = way.run(way.agent(book))
    (result,) = results_in(server.bodies[1])
    assert result.startswith("Error: Wrong arguments for book:\n- the arguments are not valid JSON")
    assert json.dumps(arguments) in result
    assert run.repairs == ()


def test_half_a_surrogate_pair_in_arguments_survives_the_way_back(way, server):
    @tool
    def take(text: str) -> str:
        return ascii(text)

    server.script(FunctionCall("take", '{"text": "\\ud83d"}'), "Done.")
    way.run(way.agent(take))
    assert results_in(server.bodies[1]) == ["'\\ud83d'"]
    message = server.bodies[1]["messages"][1]
    spelled = message.get("function_call") or message["tool_calls"][0]["function"]
    assert json.loads(spelled["arguments"]) == {"text": "\ud83d"}
