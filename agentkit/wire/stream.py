"""A streamed reply -> deltas as they come, and the response at the end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import ConnectError, ReplyError, StatusError
from agentkit.messages import AssistantMessage, Delta, Response, Usage
from agentkit.wire.decode import EXTRA, error_of, message_of, parse, status_error, usage_of
from agentkit.wire.sse import Event, SSEParser

_MARKS = re.compile(r'\\.|\\\Z|["{}]', re.DOTALL)


_LARGEST = 64 * 1024 * 1024  # bytes of a reply; no model writes more


class _Counted:
    """Refuses a reply that does not end."""

    _size = 0

    def _count(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > _LARGEST:
            raise ReplyError(f"The reply is longer than {_LARGEST:,} bytes; the rest was not read.")


class WholeDecoder(_Counted):
    """Feed it the bytes of a reply that is no stream; at the end ask for the response.

    Args:
        decode: Makes the response of the whole body.
    """

    def __init__(self, decode: Callable[[bytes], Response]) -> None:
        self._decode = decode
        self._chunks: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """Nothing, until all bytes are there."""
        self._count(chunk)
        self._chunks.append(chunk)
        return iter(())

    def response(self) -> Response:
        """The response in the body, or its error raised."""
        return self._decode(b"".join(self._chunks))


class UnlabelledDecoder:
    """For a reply that does not say what it is: JSON and HTML tell by their first sign.

    Args:
        stream: Reads it as events.
        whole: Reads it as one body.
    """

    def __init__(self, stream: StreamDecoder, whole: WholeDecoder) -> None:
        self._stream, self._whole = stream, whole
        self._chosen: StreamDecoder | WholeDecoder | None = None

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """The pieces of the first answer that the bytes complete."""
        if self._chosen is None and (begin := chunk.lstrip()):
            self._chosen = self._whole if begin[:1] in b"{[<" else self._stream
        return (self._chosen or self._stream).feed(chunk)

    def response(self) -> Response:
        """The whole response, once the reply has ended."""
        return (self._chosen or self._stream).response()


class StreamDecoder(_Counted):
    """Feed it the bytes of a streamed reply; at the end ask for the response.

    Args:
        hide: Takes secrets out of each event's text before anything is made of it.
    """

    def __init__(self, hide: Callable[[str], str] = str) -> None:
        self._hide = hide
        self._events = SSEParser()
        self._choices: dict[int, _Choice] = {}
        self._first: int | None = None
        self._usage: Usage | None = None
        self._model = ""
        self._id = ""
        self._done = False

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """The pieces of the first answer that the bytes complete.

        Raises:
            StatusError: The stream says that it failed.
            ReplyError: An event makes no sense.
        """
        self._count(chunk)
        for event in self._events.feed(chunk):
            yield from self._event(event)

    def response(self) -> Response:
        """The whole response, once the stream has ended.

        Raises:
            ConnectError: It ended before the answer did.
            ReplyError: It held no answer.
        """
        try:
            for event in self._events.close():
                for _ in self._event(event):
                    pass
        except ReplyError as error:
            raise ConnectError(f"The stream was cut in the middle of an event. {error}") from error
        finished = self._done or any(c.finish_reason for c in self._choices.values())
        if not finished:
            raise ConnectError("The stream was cut before the answer was complete.")
        if not self._choices:
            raise ReplyError("The stream held no answer.")
        choices = [self._choices[index] for index in sorted(self._choices)]
        messages = [choice.message() for choice in choices]
        return Response(
            message=messages[0],
            model=self._model,
            usage=self._usage,
            finish_reason=choices[0].finish_reason,
            id=self._id,
            alternatives=tuple(messages[1:]),
        )

    def _event(self, event: Event) -> Iterator[Delta]:
        name, data = event
        if data.strip() in ("", "[DONE]"):  # some proxies send empty data to keep the line open
            self._done = self._done or bool(data.strip())
            return
        data = self._hide(data)
        chunk = parse(data)
        if error := error_of(chunk) or self._failure(name, chunk):
            if self._first is not None:
                error.partial = self._choices[self._first].message()
            raise error
        try:
            yield from self._chunk(chunk)
        except (AttributeError, TypeError) as odd:
            raise ReplyError(f"An event of the stream makes no sense: {data[:200]}") from odd

    def _chunk(self, chunk: Mapping[str, Any]) -> Iterator[Delta]:
        self._model = self._model or str(chunk.get("model") or "")
        self._id = self._id or str(chunk.get("id") or "")
        self._usage = usage_of(chunk) or self._usage
        for each in chunk.get("choices") or ():
            index = each.get("index")
            index = index if isinstance(index, int) else 0
            delta = self._choices.setdefault(index, _Choice()).add(each)
            self._first = index if self._first is None else min(self._first, index)
            if delta and index == self._first:
                yield delta

    @staticmethod
    def _failure(name: str, chunk: Mapping[str, Any]) -> StatusError | None:
        return status_error(500, json.dumps(chunk).encode()) if name == "error" else None


@dataclass(slots=True)
class _Braces:
    """Whether the pieces of a text so far close the object that they open; each is read once."""

    depth: int = 0
    opened: bool = False
    in_string: bool = False
    escapes: bool = False  # the piece before ended in a backslash

    def add(self, piece: str) -> None:
        start, self.escapes = int(self.escapes), False
        for match in _MARKS.finditer(piece, start):
            mark = match[0]
            self.escapes = mark == "\\"
            if mark == '"':
                self.in_string = not self.in_string
            elif not self.in_string and mark in "{}":
                self.depth += 1 if mark == "{" else -1
                self.opened = True

    @property
    def closed(self) -> bool:
        return self.opened and self.depth <= 0 and not self.in_string


@dataclass(slots=True)
class _Call:
    """A call in pieces; its arguments are joined once, at the end."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    braces: _Braces = field(default_factory=_Braces)
    whole: Any = None  # arguments that came as an object
    extra: Any = None

    def text(self) -> Any:
        return "".join(self.arguments) if self.whole is None else self.whole


@dataclass(slots=True)
class _Choice:
    """One answer in pieces."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[_Call] = field(default_factory=list)
    by_index: dict[int, _Call] = field(default_factory=dict)
    by_id: dict[str, _Call] = field(default_factory=dict)
    finish_reason: str | None = None

    def add(self, choice: Mapping[str, Any]) -> Delta | None:
        reason = choice.get("finish_reason")
        self.finish_reason = reason if isinstance(reason, str) else self.finish_reason
        delta = choice.get("delta") or {}
        for fragment in delta.get("tool_calls") or ():
            self._fragment(fragment)
        if function := delta.get("function_call"):
            self._fragment({"index": -1, "function": function})
        said = message_of({**delta, "tool_calls": None, "function_call": None})
        if said.content:
            self.text.append(said.content)
        if said.reasoning:
            self.reasoning.append(said.reasoning)
        if said.content or said.reasoning:
            return Delta(said.content or "", said.reasoning or "")
        return None

    def _fragment(self, given: Mapping[str, Any]) -> None:
        function = given.get("function") or {}
        name, arguments = function.get("name") or "", function.get("arguments")
        call = self._owner(str(given.get("id") or ""), given.get("index"), name)
        call.name = call.name or name
        call.extra = given.get(EXTRA) or call.extra
        if isinstance(arguments, str):
            call.arguments.append(arguments)
            call.braces.add(arguments)
        elif arguments is not None:
            call.whole = arguments

    def _owner(self, its_id: str, index: int | None, name: str) -> _Call:
        """The call that a fragment belongs to: by its id, else by index, else the last one.

        Servers restart the index, leave it out, or send a new id with each fragment; a fragment
        with a new id and a name begins a call, one without a name continues one.
        """
        if its_id in self.by_id:
            return self.by_id[its_id]
        last = self.calls[-1] if self.calls else None
        known = last if index is None else self.by_index.get(index)
        if known is None and not name:
            known = last
        begins = known is not None and bool(name) and _begins(known, its_id, name)
        if known is not None and not begins:
            return known
        call = _Call(id=its_id)
        self.calls.append(call)
        if its_id:
            self.by_id[its_id] = call
        if index is not None:
            self.by_index[index] = call
        return call

    def message(self) -> AssistantMessage:
        modern = [
            {
                "id": call.id,
                "function": {"name": call.name, "arguments": call.text()},
                EXTRA: call.extra,
            }
            for call in self.calls
            if call is not self.by_index.get(-1)
        ]
        legacy = self.by_index.get(-1)
        return message_of(
            {
                "content": "".join(self.text) or None,
                "reasoning": "".join(self.reasoning) or None,
                "tool_calls": modern,
                "function_call": legacy and {"name": legacy.name, "arguments": legacy.text()},
            }
        )


def _begins(call: _Call, its_id: str, name: str) -> bool:
    """Whether a fragment with a name begins a call after this one, and does not belong to it."""
    if its_id or name != call.name:
        return True
    # The same name again: another call if this one's arguments are complete.
    return call.braces.closed or call.whole is not None
