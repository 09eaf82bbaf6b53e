"""What one writes who has no agent library: definitions as dicts, and the calls of a reply."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

MODEL = "bench-model"
Tools = Sequence[Callable[..., Any]]

_NUMBER, _TEXT = {"type": "integer"}, {"type": "string"}
_PARAMETERS = {
    "add": {
        "a": {**_NUMBER, "description": "The first number."},
        "b": {**_NUMBER, "description": "The second number."},
    },
    "save": {"text": {**_TEXT, "description": "The text."}},
    "wait": {
        "seconds": {"type": "number", "description": "How long."},
        "number": {**_NUMBER, "description": "Which of the waits it is."},
    },
}
_ABOUT = {"add": "Add two numbers.", "save": "Save a text.", "wait": "Wait for a while."}


def definitions(tools: Tools) -> list[dict[str, Any]]:
    """The definitions of the tools."""
    return [_definition(each.__name__) for each in tools]


def _definition(name: str) -> dict[str, Any]:
    properties = _PARAMETERS[name]
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": name, "description": _ABOUT[name], "parameters": parameters}
    return {"type": "function", "function": function}


async def results(calls: Iterable[dict[str, Any]], tools: Tools) -> list[dict[str, Any]]:
    """The messages with the results of the calls, which run side by side."""
    functions = {each.__name__: each for each in tools}

    async def result(call: dict[str, Any]) -> dict[str, Any]:
        function = functions[call["function"]["name"]]
        arguments = json.loads(call["function"]["arguments"])
        if inspect.iscoroutinefunction(function):
            value = await function(**arguments)
        else:
            value = await asyncio.to_thread(function, **arguments)
        return {"role": "tool", "tool_call_id": call["id"], "content": json.dumps(value)}

    return await asyncio.gather(*map(result, calls))


def gathered(calls: dict[int, dict[str, Any]], fragment: dict[str, Any]) -> None:
    """Put a fragment of a streamed call to what there is of it."""
    function = fragment["function"]
    call = calls.setdefault(fragment["index"], {"type": "function", "parts": []})
    if fragment.get("id"):
        call |= {"id": fragment["id"], "name": function["name"]}
    call["parts"].append(function.get("arguments") or "")


def joined(calls: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls of a stream that has ended."""
    return [
        {
            "id": each["id"],
            "type": "function",
            "function": {"name": each["name"], "arguments": "".join(each["parts"])},
        }
        for each in calls.values()
    ]
