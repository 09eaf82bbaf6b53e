"""Transcripts in which every call has one result, right behind it and in call order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agentkit.arguments import readable
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


def _matched(calls: Sequence[FunctionCall], given: Sequence[ResultMessage]) -> Slots:
    """The results in call order; one without a telling id belongs to the next call of its name."""
    slots: Slots = [None] * len(calls)
    for result in given:
        free = [i for i, call in enumerate(calls) if slots[i] is None and call.name == result.name]
        exact = [i for i in free if result.id and calls[i].id == result.id]
        if place := (exact or free)[:1]:
            slots[place[0]] = result
    return slots
