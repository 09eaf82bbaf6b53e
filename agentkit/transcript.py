"""Transcripts in which every call has one result, right behind it and in call order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentkit.arguments import readable
from agentkit.errors import ConfigError
from agentkit.messages import AssistantMessage, FunctionCall, Message, ResultMessage

CUT_SHORT = "Error: the run ended before this call had a result; it may or may not have run."
NOT_BEGUN = "Error: not run, because the run ended before its turn came."
UNDECIDED = "Error: not run, because nobody approved it."
"""Results that nobody gave."""

MAY_HAVE_RUN = "it had begun when the run was cut short: it may or may not have run"
LOST_SECRET = "a secret in its arguments was not stored: approve it with other arguments"
"""Why calls of a stored run wait; both together are joined by a semicolon."""

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


def closed(messages: Sequence[Message]) -> list[Message]:
    """The transcript in which every call has a result, also those that may not have run."""
    done, slots = settled(messages)
    if slots:
        last = done[-1]
        assert isinstance(last, AssistantMessage)  # whose calls they are
        done += (each or cut_short(call) for call, each in zip(last.calls, slots, strict=True))
    return done


def cut_short(call: FunctionCall, *, begun: bool = True) -> ResultMessage:
    """The result of a call that never got one; `begun` is False if it surely did not run."""
    text = CUT_SHORT if begun else NOT_BEGUN
    return ResultMessage(call.name, UNDECIDED if call.waits else text, call.id, is_error=True)


def readable_message(
    message: AssistantMessage, *, cut: bool
) -> tuple[AssistantMessage, tuple[str, ...]]:
    """A model's message with calls that can be sent again, and the repairs made.

    Args:
        message: The message as it came. That a call was approved, say, no reply may claim.
        cut: Whether it is known to have been cut off.
    """
    mended = [readable(_bare(call), cut=cut) for call in message.calls]
    calls = tuple(call for call, _ in mended)
    repairs = tuple(f"{call.name}: {name}" for call, names in mended for name in names)
    return (message if calls == message.calls else replace(message, calls=calls)), repairs


def _bare(call: FunctionCall) -> FunctionCall:
    if call.waits or call.approved or call.edited:
        return replace(call, waits="", approved="", edited=False)
    return call


def last_assistant(messages: Sequence[Message]) -> tuple[int, AssistantMessage] | None:
    """The last message of the model, with its place."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if isinstance(message, AssistantMessage):
            return index, message
    return None


def replies_in(messages: Sequence[Message]) -> int:
    """How many messages are the model's."""
    return sum(isinstance(each, AssistantMessage) for each in messages)


def told_apart(calls: Sequence[FunctionCall]) -> tuple[FunctionCall, ...]:
    """The calls with an id each: a result that is given later must find its own."""
    ids = [call.id for call in calls]
    taken = set(ids)
    told: list[FunctionCall] = []
    for place, call in enumerate(calls):
        if not call.id or ids.count(call.id) > 1:
            new = f"call_{place}_{call.digest[:8]}"
            while new in taken:  # a server may name calls in the same way
                new += "_"
            taken.add(new)
            call = replace(call, id=new)  # noqa: PLW2901 - the same call, told apart
        told.append(call)
    return tuple(told)


def may_have_run(call: FunctionCall) -> bool:
    """Whether a call waits because nobody knows whether it ran."""
    return call.waits.startswith(MAY_HAVE_RUN)


def open_calls(messages: Sequence[Message]) -> tuple[FunctionCall, ...]:
    """The calls at the transcript's end that have no result."""
    done, slots = settled(messages)
    last = done[-1] if slots else None
    calls = last.calls if isinstance(last, AssistantMessage) else ()
    return tuple(call for call, slot in zip(calls, slots, strict=True) if slot is None)


def last_calls(messages: Sequence[Message]) -> tuple[tuple[FunctionCall, ...], Slots]:
    """The calls of the model's last message, and their results; None where one is open."""
    done, slots = settled(messages)
    found = last_assistant(done)
    if found is None:
        return (), []
    place, message = found
    behind = done[place + 1 : place + 1 + len(message.calls)]
    return message.calls, slots or [m for m in behind if isinstance(m, ResultMessage)]


def held(
    message: AssistantMessage, slots: Slots, waits: Mapping[int, str]
) -> tuple[AssistantMessage, Slots]:
    """The model's message whose calls wait for these reasons, or do not, with the results so far.

    The calls are told apart by their ids: a result that is given later must find its own.

    Args:
        message: The message.
        slots: The results of its calls.
        waits: Why, by the place of each call of which there is something to say.
    """
    calls = tuple(
        replace(call, waits=waits[n], approved="" if waits[n] else call.approved)
        if n in waits
        else call
        for n, call in enumerate(told_apart(message.calls))
    )
    given = [slot and replace(slot, id=call.id) for slot, call in zip(slots, calls, strict=True)]
    return replace(message, calls=calls), given


def pending(messages: Sequence[Message]) -> tuple[FunctionCall, ...]:
    """The calls at the transcript's end that wait for a person's approval."""
    return tuple(call for call in open_calls(messages) if call.waits)


def approve(
    messages: Sequence[Message], call: FunctionCall | str, arguments: str | None = None
) -> tuple[Message, ...]:
    """The transcript in which a waiting call may run, with other arguments if they are given.

    Raises:
        ConfigError: The call does not wait.
    """
    done, slots, message, place = _waiting(messages, call)
    allowed = replace(message.calls[place], waits="")
    if arguments is not None:
        edited = allowed.edited or arguments != allowed.arguments
        allowed = replace(allowed, arguments=arguments, malformed=None, edited=edited)
    allowed = replace(allowed, approved=allowed.digest)
    calls = (*message.calls[:place], allowed, *message.calls[place + 1 :])
    return (*done, replace(message, calls=calls), *filter(None, slots))


def deny(
    messages: Sequence[Message], call: FunctionCall | str, why: str = ""
) -> tuple[Message, ...]:
    """The transcript in which a waiting call was refused, and the model is told why.

    Raises:
        ConfigError: The call does not wait.
    """
    reason = f": {why}" if why else "; do not try it again in another way."
    refused = "not run, because the user did not allow it"
    if any(may_have_run(each) for each in pending(messages) if call in (each, each.id)):
        refused = f"{MAY_HAVE_RUN}, and the user did not let it run again"
    text = f"Error: {refused}{reason}"
    return answer(messages, call, text, is_error=True)


def answer(
    messages: Sequence[Message], call: FunctionCall | str, content: str, *, is_error: bool = False
) -> tuple[Message, ...]:
    """The transcript in which a waiting call has this result, without having run.

    Raises:
        ConfigError: The call does not wait.
    """
    if not isinstance(content, str):
        raise ConfigError(f"What a model is told is some text, not {type(content).__name__}.")
    done, slots, message, place = _waiting(messages, call)
    given = message.calls[place]
    slots[place] = ResultMessage(given.name, content, given.id, is_error=is_error)
    return (*done, message, *filter(None, slots))


def _waiting(
    messages: Sequence[Message], wanted: FunctionCall | str
) -> tuple[list[Message], Slots, AssistantMessage, int]:
    """What stands before the message with the waiting call, the results of that message's calls,
    the message, and the place of the call in it."""
    waiting = pending(messages)
    same = [each for each in waiting if wanted in (each, each.id)]
    if not same:
        name = f"of {wanted.name}" if isinstance(wanted, FunctionCall) else repr(wanted)
        raise ConfigError(
            f"The call {name} does not wait for approval; run.pending has those that do."
        )
    done, slots = settled(messages)
    message = done.pop()
    assert isinstance(message, AssistantMessage)  # pending found calls in it
    return done, slots, message, message.calls.index(same[0])


def _matched(calls: Sequence[FunctionCall], given: Sequence[ResultMessage]) -> Slots:
    """The results in call order; one without a telling id belongs to the next call of its name."""
    slots: Slots = [None] * len(calls)
    for result in given:
        free = [i for i, call in enumerate(calls) if slots[i] is None and call.name == result.name]
        exact = [i for i in free if result.id and calls[i].id == result.id]
        if place := (exact or free)[:1]:
            slots[place[0]] = result
    return slots
