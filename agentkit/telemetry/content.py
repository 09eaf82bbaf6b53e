"""What was said, as the conventions have it, without secrets."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from agentkit.messages import (
    AssistantMessage,
    FunctionCall,
    FunctionDefinition,
    Message,
    ResultMessage,
    SystemMessage,
)
from agentkit.redact import environment_secrets, hide, without
from agentkit.telemetry import attributes as names

_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_WANTED = ("true", "1", "span_only", "span_and_event")


def wants_content() -> bool:
    """Whether the environment says that traces tell what was said."""
    return os.environ.get(_VARIABLE, "").strip().lower() in _WANTED


class Content:
    """Tells what was said without API keys, values of secret variables, and secret arguments.

    Args:
        messages: The transcript; what calls in it have as secret arguments is hidden everywhere.
        definitions: The functions that were offered, which say what is secret.
    """

    def __init__(
        self, messages: Iterable[Message] = (), definitions: Sequence[FunctionDefinition] = ()
    ) -> None:
        calls = [c for each in messages if isinstance(each, AssistantMessage) for c in each.calls]
        self._definitions, self._environment = definitions, environment_secrets()
        self._secret = {each.name: names for each in definitions if (names := _secret_of(each))}
        self._arguments = {secret for call in calls for secret in self._secrets(call)}

    @classmethod
    def of_call(cls, call: FunctionCall, definitions: Sequence[FunctionDefinition]) -> Content:
        """That of a call and its result."""
        return cls([AssistantMessage(calls=(call,))], definitions)

    def of_request(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The attributes of what is asked."""
        system = [each for each in messages if isinstance(each, SystemMessage)]
        said = [each for each in messages if not isinstance(each, SystemMessage)]
        told = {
            names.SYSTEM: [_text(each.content) for each in system],
            names.SAID: [_message(each) for each in said],
            names.TOOLS: [{"type": "function", **each.to_dict()} for each in self._definitions],
        }
        return {name: self._json(value) for name, value in told.items() if value}

    def of_answer(
        self, message: AssistantMessage, finish_reason: str | None = None
    ) -> dict[str, Any]:
        """The attributes of what was answered."""
        self._arguments |= {secret for call in message.calls for secret in self._secrets(call)}
        answer = {**_message(message), "finish_reason": finish_reason or _reason(message)}
        return {names.ANSWERED: self._json([answer])}

    def text(self, text: str) -> str:
        """A text without secrets, and without half surrogate pairs, which no exporter takes."""
        hidden = hide(without(text, self._arguments), self._environment)
        return hidden.encode("utf-8", "replace").decode()

    def _json(self, value: Any) -> str:
        return self.text(json.dumps(value, ensure_ascii=False, default=str))

    def _secrets(self, call: FunctionCall) -> Iterator[str]:
        secret = self._secret.get(call.name)
        values = _parsed(call.arguments) if secret else None
        if secret and isinstance(values, dict):
            yield from _leaves([value for name, value in values.items() if name in secret])


def _secret_of(definition: FunctionDefinition) -> list[str]:
    """The parameters that are secret, or have something secret in them."""
    properties = definition.parameters.get("properties", {})
    return [name for name, schema in properties.items() if _is_secret(schema)]


def _is_secret(schema: Any) -> bool:
    return '"writeOnly":true' in json.dumps(schema, separators=(",", ":"))


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            yield from _leaves(list(value.values()))
        case list():
            for each in value:
                yield from _leaves(each)
        case int() | float() if not isinstance(value, bool):
            yield json.dumps(value)


def _message(message: Message) -> dict[str, Any]:
    if isinstance(message, ResultMessage):
        response = {"type": "tool_call_response", "id": message.id, "response": message.content}
        return {"role": "tool", "parts": [response]}
    parts = [_text(message.content)] if message.content else []
    if isinstance(message, AssistantMessage):
        if message.reasoning:
            parts.insert(0, {"type": "reasoning", "content": message.reasoning})
        parts += [
            {"type": "tool_call", "id": each.id, "name": each.name, "arguments": _arguments(each)}
            for each in message.calls
        ]
    return {"role": message.role, "parts": parts}


def _reason(message: AssistantMessage) -> str:
    """Why an answer ended, where the server does not say."""
    return "tool_call" if message.calls else "stop"


def _text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def _arguments(call: FunctionCall) -> Any:
    return call.written if call.malformed is not None else _parsed(call.arguments)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
