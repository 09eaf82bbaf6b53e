"""`read_result`: how a model reads the rest of a result that is not in the transcript whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agentkit.arguments import read_arguments
from agentkit.errors import ArgumentsError
from agentkit.messages import FunctionCall, FunctionDefinition, Message, Quota, ResultMessage
from agentkit.transcript import last_assistant

READ = "read_result"
"""The name of the function; it is offered once a result was cut."""

LONGEST = 1_000_000
"""Characters of a result that are kept to be read."""

_NO_LIMIT = 2.0**53
_LEAST_ROOM = 1_000  # characters; less is of no use to a model
_PART = 8_000  # characters that one call gives, where there is room for so many

READING = FunctionDefinition(
    READ,
    "Read more of an earlier result of which only a part was shown.",
    {
        "type": "object",
        "properties": {
            "handle": {"type": "string", "description": "The handle that the cut result names."},
            "offset": {
                "type": ["integer", "null"],  # models send null for what may be left out
                "description": "Where to begin, in characters from the result's start. Default 0.",
            },
        },
        "required": ["handle"],
    },
)


LEFT_OUT = "old results were left out"
"""In repairs: the transcript was made shorter before a request."""

_WORTH = 500  # characters of a result; leaving out a shorter one saves nothing
_BEGINNING = 100  # characters of it that stay


def has_whole(messages: Sequence[Message]) -> bool:
    """Whether there is something to read: then `read_result` is offered."""
    return any(isinstance(each, ResultMessage) and each.whole for each in messages)


def without_old_results(
    messages: Sequence[Message], characters: float
) -> tuple[list[Message], int]:
    """The transcript with the oldest long results left out, and how many of them.

    Each stays as a message, so that its call has a result, with its beginning and with the handle
    by which `read_result` gives the rest. Those that the model has not seen yet stay whole.

    Args:
        messages: The transcript.
        characters: How many to save.
    """
    shorter, count = list(messages), 0
    found = last_assistant(shorter)
    for place in range(found[0] if found else 0):
        old = shorter[place]
        if characters <= 0:
            break
        if isinstance(old, ResultMessage) and len(old.content) > _WORTH:
            new = _left_out(old)
            shorter[place] = new
            characters -= len(old.content) - len(new.content)
            count += 1
    return shorter, count


def _left_out(result: ResultMessage) -> ResultMessage:
    whole = result.whole or result.content[:LONGEST]
    handle = result.handle or handle_of(whole)
    hint = f'{READ}(handle="{handle}", offset=0) gives it again'
    content = (
        f"{whole[:_BEGINNING]}\n[... left out to save tokens: {len(whole):,} characters; {hint}]"
    )
    return replace(result, content=content, whole=whole, handle=handle)


def room_for(results: int, quotas: Sequence[Quota]) -> int:
    """Characters that each of so many results may have.

    Together they get a quarter of the tokens that the server takes in a minute, with four
    characters a token.
    """
    tokens = min((each.limit for each in quotas if each.kind == "tokens"), default=_NO_LIMIT)
    return max(int(tokens) // max(results, 1), _LEAST_ROOM)


def handle_of(whole: str) -> str:
    """The name of a long result, by which the model asks for more of it."""
    from hashlib import sha256

    return sha256(whole.encode(errors="surrogatepass")).hexdigest()[:8]


def read_result(call: FunctionCall, messages: Sequence[Message], room: int) -> ResultMessage | None:
    """The part of a long result that a call of `read_result` asks for; None if there is no such.

    Args:
        call: The call.
        messages: The transcript, which has the whole results.
        room: The most characters to give.
    """
    held: dict[str, ResultMessage] = {}
    for each in messages:
        if isinstance(each, ResultMessage) and each.whole:
            handle = each.handle or handle_of(each.whole)
            # Of two tools that brought the same text, one may have had it from outside.
            held[handle] = each if each.untrusted else held.get(handle, each)
    if not held:
        return None  # it was not offered
    try:
        values, _ = read_arguments(call.written)
    except ArgumentsError as error:
        return _refused(call, str(error))
    source, offset = held.get(str(values.get("handle"))), values.get("offset") or 0
    if source is None:
        return _refused(call, f"there is no such handle; the handles are: {', '.join(held)}")
    if type(offset) is not int or not 0 <= offset < len(source.whole):
        return _refused(call, f"offset is a number from 0 to {len(source.whole) - 1}")
    part = source.whole[offset : offset + min(room, _PART)]
    end = offset + len(part)
    rest = f"go on with offset={end}" if end < len(source.whole) else "this is the end"
    head = f"[characters {offset:,} to {end:,} of {len(source.whole):,}; {rest}]"
    return ResultMessage(call.name, f"{head}\n{part}", call.id, untrusted=source.untrusted)


def _refused(call: FunctionCall, problem: str) -> ResultMessage:
    return ResultMessage(call.name, f"Error: {problem}.", call.id, is_error=True)
