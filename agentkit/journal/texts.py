"""Values as JSON in which each long text is kept once, by its hash."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from agentkit.media import ENCODED
from agentkit.messages import Message, Response, ResultMessage
from agentkit.redact import hide, hide_all, hide_in
from agentkit.run import Step
from agentkit.saving import load_messages, load_response, save_messages, save_response

_LONG = 200  # characters; a shorter text is kept where it is
_MARK = "$text"
_NEVER_HIDDEN = ("role", "name", _MARK, ENCODED)  # a password that is a word hides neither of them


class Packer:
    """Makes JSON of what is to be written, and gathers the long texts in it.

    Args:
        secrets: What is never written, beside what looks like an API key.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self.texts: dict[str, str] = {}
        self._secrets = list(secrets)

    def hidden(self, value: Any) -> Any:
        """An answer without secrets, also in names of fields and in numbers."""
        return hide_all(value, self._secrets)

    def text(self, text: str) -> str | dict[str, str]:
        """A text, or the mark for a long one."""
        hidden = hide(text, self._secrets)
        return hidden if len(hidden) < _LONG else self._mark(hidden)

    def marks(self, values: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
        """A mark for each of these messages, definitions or options, as plain values."""
        return [self._mark(json_of(hide_in(each, self._secrets, _NEVER_HIDDEN))) for each in values]

    def step(self, step: Step) -> dict[str, Any]:
        """A step, whose response is a text too: it is written with each part of a run."""
        response = save_response(step.response)
        message = response.pop("message")
        response_mark, message_mark = self.marks([response, message])
        results = self.marks(save_messages(step.results))
        return {"response": response_mark, "message": message_mark, "results": results}

    def dumped(self, value: Mapping[str, Any]) -> str:
        """What is known of an event, with its marks, as JSON."""
        return json_of(hide_in(value, self._secrets, _NEVER_HIDDEN))

    def _mark(self, text: str) -> dict[str, str]:
        key = sha256(fit(text).encode()).hexdigest()[:32]
        self.texts[key] = fit(text)
        return {_MARK: key}


def fit(text: str) -> str:
    """The text as SQLite takes it, which has no half surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def json_of(value: Any) -> str:
    """A value as JSON, in which half surrogate pairs are spelled out."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text if text == fit(text) else json.dumps(value, separators=(",", ":"), default=str)


def unpacked(connection: sqlite3.Connection, value: Any) -> Any:
    """The value with its texts in the place of their marks."""
    keys = list(dict.fromkeys(_marks(value)))
    texts = {
        key: connection.execute("SELECT text FROM texts WHERE hash = ?", (key,)).fetchone()[0]
        for key in keys
    }
    return _filled(value, texts)


def _marks(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.keys() == {_MARK}:
            yield value[_MARK]
        for each in value.values():
            yield from _marks(each)
    elif isinstance(value, list):
        for each in value:
            yield from _marks(each)


def _filled(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_MARK}:
            return texts[value[_MARK]]
        return {key: _filled(each, texts) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, texts) for each in value]
    return value


def messages_of(texts: Iterable[str]) -> tuple[Message, ...]:
    """The messages of an event, which are JSON texts in it."""
    return load_messages(json.loads(text) for text in texts)


def response_of(data: Mapping[str, Any]) -> Response:
    """The response that an event tells of."""
    return load_response({**data, "message": json.loads(data["message"])})


def step_of(data: Mapping[str, Any]) -> Step:
    """A step that an event tells of."""
    response = {**json.loads(data["response"]), "message": data["message"]}
    results = messages_of(data["results"])
    return Step(response_of(response), tuple(r for r in results if isinstance(r, ResultMessage)))
