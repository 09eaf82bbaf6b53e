"""A streamed reply -> deltas as they come, and the response at the end."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from agentkit.errors import ConnectError, ReplyError, StatusError
from agentkit.messages import Delta, Response, Usage
from agentkit.wire.decode import NOTHING, Beside, check_end, error_of, parse, status_error, usage_of
from agentkit.wire.pieces import Choice
from agentkit.wire.sse import SSEParser

_EVENT = (b"data:", b"event:", b"id:", b"retry:", b":")  # how a stream may begin
_SHOWN = 200  # bytes of a body without events that are worth showing
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
        self.done = False

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """Nothing, until all bytes are there."""
        self._count(chunk)
        self._chunks.append(chunk)
        return iter(())

    def close(self) -> Iterator[Delta]:
        """Nothing."""
        return iter(())

    def response(self) -> Response:
        """The response in the body, or its error raised."""
        return self._decode(b"".join(self._chunks))


class StreamDecoder(_Counted):
    """Feed it the bytes of a streamed reply; at the end `close` it and ask for the response.

    Args:
        hide: Takes secrets out of the text before anything is made of it.
        beside: What is known of the reply beside its body.
    """

    def __init__(self, hide: Callable[[str], str] = str, beside: Beside = NOTHING) -> None:
        self._hide = hide
        self._beside = beside
        self._events = SSEParser(hide)
        self._choices: dict[int, Choice] = {}
        self._first: int | None = None
        self._usage: Usage | None = None
        self._model = ""
        self._id = ""
        self._begin = b""
        self._any = False
        self.done = False
        """Whether the server said that the answer is complete; what follows is not looked at."""

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """The pieces of the first answer that the bytes complete.

        Raises:
            StatusError: The stream says that it failed.
            ReplyError: An event makes no sense.
        """
        self._count(chunk)
        if len(self._begin) < _SHOWN:
            self._begin += chunk[:_SHOWN]
        for event in self._events.feed(chunk):
            yield from self._event(*event)

    def close(self) -> Iterator[Delta]:
        """The last pieces, where the stream ended without a blank line."""
        try:
            for event in self._events.close():
                yield from self._event(*event)
        except ReplyError as error:
            raise ConnectError(f"The stream was cut in the middle of an event. {error}") from error

    def response(self) -> Response:
        """The whole response, once the stream is closed.

        Raises:
            ConnectError: It ended before the answer did.
            ReplyError: It held no answer.
            StatusError: The answer ended in an error.
        """
        if not self._any and (begin := self._begin.strip()) and not begin.startswith(_EVENT):
            text = self._hide(begin[:_SHOWN].decode("utf-8", "replace"))
            raise ReplyError(f"The reply is neither JSON nor a stream: {text}")
        if not self.done and not any(c.finish_reason for c in self._choices.values()):
            raise ConnectError("The stream was cut before the answer was complete.")
        if not self._choices:
            raise ReplyError("The stream held no answer.")
        choices = self._in_order()
        messages = [choice.message() for choice in choices]
        check_end(choices[0].finish_reason, messages[0])
        return Response(
            message=messages[0],
            model=self._model or self._beside.model,
            usage=self._usage,
            finish_reason=choices[0].finish_reason,
            id=self._id,
            alternatives=tuple(messages[1:]),
            quotas=self._beside.quotas,
            cost=self._beside.price(self._usage),
        )

    def _event(self, name: str, data: str) -> Sequence[Delta]:
        if self.done or not data or data.isspace():  # some proxies send it to keep the line open
            return ()
        self._any = True
        if len(data) < _SHOWN and data.strip() == "[DONE]":
            self.done = True
            return ()
        chunk = self._parsed(name, data)
        if error := error_of(chunk):
            raise self._with_partial(error)
        try:
            return self._chunk(chunk)
        except (AttributeError, TypeError) as odd:
            raise ReplyError(f"An event of the stream makes no sense: {data[:_SHOWN]}") from odd

    def _parsed(self, name: str, data: str) -> dict[str, Any]:
        try:
            chunk = parse(data)
        except ReplyError:
            if name == "error":
                raise self._with_partial(status_error(500, data.encode())) from None
            if name != "message":  # pings and the like
                return {}
            raise
        return {"error": chunk} if name == "error" and not error_of(chunk) else chunk

    def _with_partial(self, error: StatusError) -> StatusError:
        if choices := self._in_order():
            error.partial = choices[0].message()
        return error

    def _in_order(self) -> list[Choice]:
        """The choices, first the one that was handed out as it came."""
        order = sorted(self._choices, key=lambda index: (index != self._first, index))
        return [self._choices[index] for index in order]

    def _chunk(self, chunk: Mapping[str, Any]) -> Sequence[Delta]:
        self._model = self._model or str(chunk.get("model") or "")
        self._id = self._id or str(chunk.get("id") or "")
        self._usage = usage_of(chunk) or self._usage
        found = []
        for each in chunk.get("choices") or ():
            index = each.get("index")
            index = index if isinstance(index, int) else 0
            choice = self._choices.get(index)
            if choice is None:
                choice = self._choices[index] = Choice()
            delta = choice.add(each)
            if delta and self._first in (None, index):
                self._first = index
                found.append(delta)
        return found


class ReplyDecoder:
    """For a successful reply: what it is decides; what it is called, where that is not clear.

    Args:
        kind: Its content type.
        stream: Makes what reads it as events.
        whole: Reads it as one body.
    """

    def __init__(self, kind: str, stream: Callable[[], StreamDecoder], whole: WholeDecoder) -> None:
        self._stream, self._whole = stream, whole
        self._is_likely_whole = "json" in kind or "html" in kind
        self._chosen: _Decoder | None = None

    @property
    def done(self) -> bool:
        """Whether the server said that the answer is complete."""
        return self._chosen is not None and self._chosen.done

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """The pieces of the first answer that the bytes complete."""
        if self._chosen is None and (begin := chunk.lstrip().removeprefix(BOM_UTF8)):
            is_body = begin[:1] in b"{[<" or self._is_likely_whole
            self._chosen = self._read_as(is_body and not begin.startswith(_EVENT))
        return self._decoder().feed(chunk)

    def close(self) -> Iterator[Delta]:
        """The last pieces, where a stream ended without a blank line."""
        return self._decoder().close()

    def response(self) -> Response:
        """The whole response, once the reply is closed."""
        return self._decoder().response()

    def _decoder(self) -> _Decoder:
        """What reads the reply; nothing but blanks says nothing of what it is."""
        return self._chosen or self._blank

    @cached_property
    def _blank(self) -> _Decoder:
        return self._read_as(self._is_likely_whole)

    def _read_as(self, is_body: bool) -> _Decoder:
        return self._whole if is_body else self._stream()


_Decoder = StreamDecoder | WholeDecoder
