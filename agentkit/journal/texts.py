"""Values as JSON in which each long text is kept once, by its hash."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from agentkit.messages import Message, Response
from agentkit.redact import hide
from agentkit.saving import load_messages, load_response, save_messages

_LONG = 200  # characters; a shorter text is kept where it is
_MARK = "$text"


class Packer:
    """Makes JSON of what is to be written, and gathers the long texts in it.

    Args:
        secrets: What is never written, beside what looks like an API key.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self.texts: dict[str, str] = {}
        self._secrets = secrets

    def packed(self, value: Any) -> Any:
        """The value with marks for its long texts."""
        if isinstance(value, str):
            return value if len(value) < _LONG else self.mark(value)
        if isinstance(value, dict):
            return {key: self.packed(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.packed(each) for each in value]
        return value

    def mark(self, text: str) -> dict[str, str]:
        """The mark for a text."""
        text = fit(hide(text, self._secrets))
        key = sha256(text.encode()).hexdigest()[:32]
        self.texts[key] = text
        return {_MARK: key}

    def marks(self, messages: Sequence[Message]) -> list[dict[str, str]]:
        """A mark for each message."""
        saved = save_messages(messages)
        return [self.mark(_json(each)) for each in saved]

    def dumped(self, value: Any) -> str:
        """A value as JSON."""
        return hide(_json(value), self._secrets)


def fit(text: str) -> str:
    """The text as SQLite takes it, which has no half surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def _json(value: Any) -> str:
    """A value as JSON, in which half surrogate pairs are spelled out."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text == fit(text) else json.dumps(value, separators=(",", ":"))


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
