"""`read_result`: how a model reads the rest of a result that was too long to show whole."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from agentkit.arguments import read_arguments
from agentkit.errors import ArgumentsError
from agentkit.messages import FunctionCall, FunctionDefinition, Message, ResultMessage

READ = "read_result"
"""The name of the function; it is offered once a result was cut."""

LONGEST = 1_000_000
"""Characters of a result that are kept to be read."""

_PART = 8_000  # characters that one call gives, where there is room for so many

DEFINITION = FunctionDefinition(
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


def handle_of(whole: str) -> str:
    """The name of a long result, by which the model asks for more of it."""
    return sha256(whole.encode(errors="surrogatepass")).hexdigest()[:8]


def read_result(call: FunctionCall, messages: Sequence[Message], room: int) -> ResultMessage:
    """The part of a long result that a call of `read_result` asks for.

    Args:
        call: The call.
        messages: The transcript, which has the whole results.
        room: The most characters to give.
    """
    held: dict[str, ResultMessage] = {}
    for each in messages:
        if isinstance(each, ResultMessage) and each.whole:
            handle = handle_of(each.whole)
            # Of two tools that brought the same text, one may have had it from outside.
            held[handle] = each if each.untrusted else held.get(handle, each)
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
