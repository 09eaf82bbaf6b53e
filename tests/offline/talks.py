"""Functions and transcripts that the tests of the offline model share."""

from __future__ import annotations

import json
from typing import Any

from agentkit.offline.model import reply


def function(name: str, about: str, required: list[str], **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required}
    return {"name": name, "description": about, "parameters": schema}


def text(about: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": about, **more}


CALCULATOR = function(
    "calculator",
    "Evaluate an arithmetic expression exactly.",
    ["expression"],
    expression=text("The expression, such as '2 * (3 + 4)' or 'sqrt(2)'."),
)
CURRENT_TIME = function(
    "current_time",
    "The current date and time in a time zone.",
    [],
    zone=text("An IANA time zone such as 'Europe/Oslo', or a city's name.", default="UTC"),
)
CONVERT_TIME = function(
    "convert_time",
    "Convert a time from one time zone to another.",
    ["time", "from_zone", "to_zone"],
    time=text("The time, such as 2026-03-01T14:30.", format="date-time"),
    from_zone=text("The zone that the time is in."),
    to_zone=text("The zone to convert to."),
)
DAYS_BETWEEN = function(
    "days_between",
    "The number of days between two dates.",
    ["start", "end"],
    start=text("The first date.", format="date"),
    end=text("The last date.", format="date"),
)
ADD_TO_DATE = function(
    "add_to_date",
    "Add days or weeks to a date.",
    ["date"],
    date=text("The date.", format="date"),
    days={"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "Days to add."},
    weeks={"type": "integer", "description": "Weeks to add.", "default": 0},
)
WEEKDAY = function(
    "weekday", "The day of the week of a date.", ["date"], date=text("The date.", format="date")
)
FORECAST = function(
    "forecast",
    "The weather forecast for a city.",
    ["city"],
    city=text("The city's name."),
    days={"type": "integer", "description": "How many days.", "default": 1},
)
CAPITAL = function(
    "get_capital", "The capital city of a country.", ["country"], country=text("The country.")
)
READ = function("read_text", "Read a text file.", ["path"], path=text("The file's path."))
COUNT = function("count_words", "Count the words of a text.", ["text"], text=text("The text."))
EMAIL = function(
    "send_email",
    "Send an email.",
    ["to", "body"],
    to=text("Who gets it.", format="email"),
    body=text("What it says."),
)
DELETE = function("delete_file", "Delete a file.", ["file"], file=text("The file."))
PACK = [CALCULATOR, CURRENT_TIME, CONVERT_TIME, DAYS_BETWEEN, ADD_TO_DATE, WEEKDAY, FORECAST]


def user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content}


def said(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def done(name: str, arguments: dict[str, Any], result: str) -> list[dict[str, Any]]:
    call = {"name": name, "arguments": json.dumps(arguments)}
    return [
        {"role": "assistant", "content": None, "function_call": call},
        {"role": "function", "name": name, "content": result},
    ]


def message(body: dict[str, Any]) -> dict[str, Any]:
    return reply(body)["choices"][0]["message"]


def called(*messages: Any, functions: Any = None, **more: Any) -> tuple[str, Any] | None:
    """The name and arguments of the call that is made, or None."""
    body = {"messages": list(messages), "functions": PACK if functions is None else functions}
    call = message(body | more).get("function_call")
    return (call["name"], json.loads(call["arguments"])) if call else None


def planned(content: str, *functions: Any) -> list[tuple[str, Any]]:
    """The calls that are made at once in the dialect `tools`."""
    tools = [{"type": "function", "function": each} for each in functions]
    calls = message({"messages": [user(content)], "tools": tools}).get("tool_calls", [])
    found = [call["function"] for call in calls]
    return [(each["name"], json.loads(each["arguments"])) for each in found]


def followed(content: str, functions: Any, *results: str) -> list[tuple[str, Any]]:
    """The calls that are made one after the other as their results come."""
    talk, made = [user(content)], []
    for result in (*results, ""):
        call = called(*talk, functions=functions)
        if call is None:
            break
        made.append(call)
        talk += done(*call, result)
    return made


def answered(*messages: Any, functions: Any = None, **more: Any) -> str:
    """The text that is said instead of a call."""
    body = {"messages": list(messages), "functions": PACK if functions is None else functions}
    given = message(body | more)
    assert "function_call" not in given
    return given["content"]
