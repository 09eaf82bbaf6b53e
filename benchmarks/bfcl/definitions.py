"""A row as a request: BFCL's functions in JSON schema, its messages in agentkit's."""

from __future__ import annotations

import re
from typing import Any

from agentkit.messages import (
    AssistantMessage,
    FunctionDefinition,
    Message,
    SystemMessage,
    UserMessage,
)

from .data import Row

_TYPES = {"dict": "object", "float": "number", "tuple": "array"}
_MESSAGES = {"system": SystemMessage, "user": UserMessage, "assistant": AssistantMessage}


def sent_name(name: str) -> str:
    """A function's name as servers take it: no dots."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)


def definitions(row: Row) -> tuple[FunctionDefinition, ...]:
    """What is offered to the model."""
    return tuple(
        FunctionDefinition(
            sent_name(each["name"]), each.get("description", ""), json_schema(each["parameters"])
        )
        for each in row.functions
    )


def messages(row: Row) -> tuple[Message, ...]:
    """What the model is told."""
    return tuple(_MESSAGES[each["role"]](each["content"]) for each in row.messages)


def json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """BFCL's type words in those of JSON schema, at each depth."""
    made = {key: value for key, value in schema.items() if key != "optional"}
    if schema.get("type") == "any":
        del made["type"]
    elif "type" in schema:
        made["type"] = _TYPES.get(schema["type"], schema["type"])
    if "properties" in schema:
        made["properties"] = {k: json_schema(v) for k, v in schema["properties"].items()}
    if "items" in schema:
        made["items"] = json_schema(schema["items"])
    return made
