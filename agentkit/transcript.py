"""Transcripts in which every call has one result, right behind it and in call order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agentkit.arguments import readable
from agentkit.errors import ConfigError
from agentkit.messages import AssistantMessage, FunctionCall, Message, ResultMessage

CUT_SHORT = "Error: the run ended before this call had a result; it may or may not have run."

Slots = list[ResultMessage | None]
"""The results of a message's calls; None where one is missing."""


def settled(messages: Sequence[Message]) -> tuple[list[Message], Slots]:
    """The transcript in a form that can be sent, and the slots of calls that are still to be run.

    Only the calls at its end can be open. Earlier ones without a result get one that says so,
    results are put in call order, and those that belong to no call are left out.
    """
    done: list[Message] = []
    index = 0
    while index < len(messages):
        message = messages[index]
        index += 1
        if isinstance(message, ResultMessage):
            continue
        if not isinstance(message, AssistantMessage) or not message.calls:
            done.append(message)
            continue
        calls = tuple(readable(call)[0] for call in message.calls)
        done.append(message if calls == message.calls else replace(message, calls=calls))
        given: list[ResultMessage] = []
        while index < len(messages) and isinstance(result := messages[index], ResultMessage):
            given.append(result)
            index += 1
        slots = _matched(calls, given)
        if index == len(messages) and None in slots:
            return done, slots
        done += (each or cut_short(call) for call, each in zip(calls, slots, strict=True))
    return done, []


def cut_short(call: FunctionCall) -> ResultMessage:
    """The result of a call that never got one."""
    return ResultMessage(call.name, CUT_SHORT, call.id, is_error=True)


def last_assistant(messages: list[Message]) -> tuple[int, AssistantMessage] | None:
    """The last message of the model, with its place."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if isinstance(message, AssistantMessage):
            return index, message
    return None


def told_apart(calls: Sequence[FunctionCall]) -> tuple[FunctionCall, ...]:
    """The calls with an id each: a result that is given later must find its own."""
    ids = [call.id for call in calls]
    return tuple(
        call
        if call.id and ids.count(call.id) == 1
        else replace(call, id=f"call_{place}_{call.digest[:8]}")
        for place, call in enumerate(calls)
    )


def pending(messages: Sequence[Message]) -> tuple[FunctionCall, ...]:
    """The calls at the transcript's end that wait for a person's approval."""
    done, slots = settled(messages)
    last = done[-1] if slots else None
    calls = last.calls if isinstance(last, AssistantMessage) else ()
    return tuple(c for c, slot in zip(calls, slots, strict=True) if slot is None and c.waits)


def approve(
    messages: Sequence[Message], call: FunctionCall, arguments: str | None = None
) -> tuple[Message, ...]:
    """The transcript in which a waiting call may run, with other arguments if they are given.

    Raises:
        ConfigError: The call does not wait.
    """
    place, message, waiting = _waiting(messages, call)
    allowed = replace(waiting, waits="", arguments=arguments or waiting.arguments)
    allowed = replace(allowed, approved=allowed.digest)
    calls = tuple(allowed if each is waiting else each for each in message.calls)
    return (*messages[:place], replace(message, calls=calls), *messages[place + 1 :])


def deny(messages: Sequence[Message], call: FunctionCall, why: str = "") -> tuple[Message, ...]:
    """The transcript in which a waiting call was refused, and the model is told why.

    Raises:
        ConfigError: The call does not wait.
    """
    waiting = _waiting(messages, call)[2]
    reason = f": {why}" if why else "; do not try it again in another way."
    text = f"Error: not run, because the user did not allow it{reason}"
    return (*messages, ResultMessage(waiting.name, text, waiting.id, is_error=True))


def _waiting(
    messages: Sequence[Message], call: FunctionCall
) -> tuple[int, AssistantMessage, FunctionCall]:
    """The message with the waiting call, its place, and the call itself."""
    open_calls = pending(messages)
    same = [each for each in open_calls if each is call] or [c for c in open_calls if c == call]
    found = last_assistant(list(messages))
    if found is None or not same:
        raise ConfigError(
            f"The call of {call.name} does not wait for approval; run.pending has those that do."
        )
    return *found, same[0]


def _matched(calls: Sequence[FunctionCall], given: Sequence[ResultMessage]) -> Slots:
    """The results in call order; one without a telling id belongs to the next call of its name."""
    slots: Slots = [None] * len(calls)
    for result in given:
        free = [i for i, call in enumerate(calls) if slots[i] is None and call.name == result.name]
        exact = [i for i in free if result.id and calls[i].id == result.id]
        if place := (exact or free)[:1]:
            slots[place[0]] = result
    return slots
