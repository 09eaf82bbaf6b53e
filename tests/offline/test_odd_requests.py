from __future__ import annotations

import json
import random
from typing import Any

import pytest
from offline.talks import CALCULATOR, FORECAST, user

from agentkit.offline.model import reply

SCHEMAS: list[Any] = [
    None,
    [],
    "string",
    {},
    {"type": ["integer", "null"]},
    {"type": []},
    {"type": 7, "enum": 3, "description": None},
    {"anyOf": [{"type": "null"}]},
    {"anyOf": "x", "$ref": 4},
    {"$ref": "#/$defs/Me"},
    {"$ref": "#/$defs/Nowhere"},
    {"type": "array"},
    {"type": "array", "items": {"type": "array", "items": {}}},
    {"type": "object"},
    {"type": "object", "properties": {"x": None}, "required": "x"},
    {"enum": [None, 1, {"a": 2}, "Oslo"]},
]
CONTENTS: list[Any] = [
    None,
    "",
    7,
    [{"type": "text", "text": "weather in Oslo"}, None, {"type": "image_url"}],
    "17 * 23 ((( '",
    "Oslo, Rome and Paris on 99/99/2026 or February 31, 2026 at 3pm",
    "\ud800 \x00 \u202e",
    "[1, 2, [3], 'a",
]
MESSAGES: list[Any] = [
    None,
    {},
    {"role": 5},
    {"role": "tool", "tool_call_id": 3, "content": "x"},
    {"role": "function", "content": None},
    {"role": "assistant", "tool_calls": [None, {}, {"function": None}]},
    {"role": "assistant", "function_call": {"arguments": "{"}},
    {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": None}},
    *({"role": "user", "content": content} for content in CONTENTS),
]
CHOICES: list[Any] = [None, "none", "auto", "required", {}, {"name": "f"}, {"name": None}, 3]


def body(dice: random.Random) -> dict[str, Any]:
    """A request of odd pieces."""
    properties = {f"size {i}": dice.choice(SCHEMAS) for i in range(3)}
    parameters = {"properties": properties, "required": dice.choice([["size 0"], None, "x"])}
    parameters["$defs"] = {"Me": {"$ref": "#/$defs/Me"}}
    given = [
        {"name": dice.choice(["f", "", "final_answer", "size"]), "parameters": parameters},
        {"name": "weather", "parameters": dice.choice(SCHEMAS)},
        dice.choice([None, {}, {"name": None}, CALCULATOR, FORECAST]),
    ]
    dialect = dice.choice(["functions", "tools"])
    listed = [{"function": each} for each in given] if dialect == "tools" else given
    return {
        "messages": [dice.choice(MESSAGES) for _ in range(dice.randrange(6))],
        dialect: dice.choice([listed, listed, listed, None, 4]),
        dice.choice(["function_call", "tool_choice"]): dice.choice(CHOICES),
    }


@pytest.mark.parametrize("seed", range(300))
def test_an_odd_request_gets_a_whole_reply(seed: int) -> None:
    given = reply(body(random.Random(seed)))
    message = given["choices"][0]["message"]
    calls = [each["function"] for each in message.get("tool_calls", [])]
    calls += [message["function_call"]] if "function_call" in message else []
    assert all(isinstance(json.loads(call["arguments"]), dict) for call in calls)
    assert bool(calls) == (message["content"] is None)
    assert message["content"] != ""


@pytest.mark.parametrize("messages", [None, [], {}, "x", [None]])
def test_a_request_without_messages_is_answered(messages: Any) -> None:
    assert reply({"messages": messages})["choices"][0]["finish_reason"] == "stop"


def test_an_empty_body_is_answered() -> None:
    assert reply({})["choices"][0]["message"]["content"]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_an_odd_schema_does_not_hide_the_function(schema: Any) -> None:
    odd = {"name": "weather", "description": "The weather.", "parameters": schema}
    given = reply({"messages": [user("weather")], "functions": [odd]})["choices"][0]["message"]
    assert given.get("function_call") or "weather" in given["content"]
