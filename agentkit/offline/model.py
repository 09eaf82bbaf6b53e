"""The offline model: a chat-completions request in, a chat completion out, by rules alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from agentkit.messages import ANSWER
from agentkit.offline import OfflineInterface
from agentkit.offline.answers import fill_answer, no_call, question, sentences
from agentkit.offline.clauses import asks
from agentkit.offline.plan import Call, nearest, plan
from agentkit.offline.replies import answered, uncancelled
from agentkit.offline.schemas import Function, read_functions
from agentkit.offline.talk import Done, Talk, read_talk

RULES = 2
"""The version of the rules: a request can be answered otherwise by others."""


def reply(body: dict[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
    """Answer a chat-completions request in its own dialect, `functions` or `tools`.

    The same request at the same time always gets the same reply. Tokens are counted as words,
    roughly.

    Args:
        now: What "today" is counted from, with its zone; this day in UTC where none is given.
    """
    now = now or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    talk, functions, choice = read_talk(body.get("messages")), read_functions(body), _choice(body)
    if choice == "none" or not functions:
        return _completion(body, [], sentences(talk.done) or no_call(talk.text, functions))
    return _completion(body, *_decide(talk, functions, choice, now))


def _choice(body: dict[str, Any]) -> str:
    """One of "none", "auto" and "required", or "=" with the name of a function."""
    given = body.get("tool_choice" if body.get("tools") else "function_call")
    if isinstance(given, dict):
        inner = given.get("function")
        named = inner.get("name") if isinstance(inner, dict) else given.get("name")
        return f"={named}"
    return given if given in ("none", "required") else "auto"


def _decide(
    talk: Talk, functions: tuple[Function, ...], choice: str, now: datetime
) -> tuple[list[Call], str]:
    """The calls to make now, or else what to say."""
    final = next((each for each in functions if each.name == ANSWER), None)
    offered = tuple(each for each in functions if each.name != ANSWER)
    if choice.startswith("="):
        named = tuple(each for each in offered if each.name == choice[1:])
        planned = nearest(talk.whole, named, now)
    else:
        planned = _planned(talk, offered, now)
        if not planned and choice == "required" and final is None:
            planned = nearest(talk.whole, offered, now)
    planned = _linked(planned, talk.done, now)
    lacking = [each for each in planned if each.missing and choice == "auto"]
    due = [each for each in planned if each not in lacking and _made(each, talk.done) is None]
    if due:
        return due, ""
    done = tuple(each for each in talk.done if each.name != ANSWER)
    if final is not None and not lacking:
        answer = fill_answer(final, done, talk.whole, now)
        if not answer.missing and _made(answer, talk.done) is None:
            return [answer], ""
        lacking = [answer] if answer.missing else []
    said = "\n".join(filter(None, (sentences(done), question(lacking))))
    left = len(talk.texts) > 1 and uncancelled(talk.text) == ""
    return [], said or ("All right, I leave it." if left else no_call(talk.text, offered))


def _planned(talk: Talk, offered: tuple[Function, ...], now: datetime) -> list[Call]:
    """What the last message asks for by itself, or by answering what was asked of the user."""
    first, *answers = talk.texts
    instead = uncancelled(talk.text) if answers else None
    alone = plan(talk.text if instead is None else instead, offered, now, talk.before)
    complete = bool(alone) and not any(each.missing for each in alone)
    if not answers or instead is not None or (complete and asks(talk.text)):
        return alone
    calls = plan(first, offered, now, talk.before)
    for answer in answers:
        calls = answered(calls, answer, now)
    return calls


def _linked(planned: list[Call], done: tuple[Done, ...], now: datetime) -> list[Call]:
    """The calls with what they take from the result before; none that still waits for it."""
    found: list[Call] = []
    result: str | None = None
    for each in planned:
        if each.link is None:
            found.append(each)
        elif result is not None:
            found.append(Call(each.function, each.link.closed(result, now)))
        else:
            continue
        made = _made(found[-1], done)
        result = None if made is None or made.failed else made.content
    return found


def _made(call: Call, done: tuple[Done, ...]) -> Done | None:
    wanted = (call.function.name, call.arguments)
    return next((each for each in done if (each.name, each.arguments) == wanted), None)


def _completion(body: dict[str, Any], calls: list[Call], text: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else text}
    made = [{"name": c.function.name, "arguments": json.dumps(c.arguments)} for c in calls]
    reason = "stop"
    if made and body.get("tools"):
        reason = "tool_calls"
        message[reason] = [
            {"id": f"call_{number}", "type": "function", "function": each}
            for number, each in enumerate(made, 1)
        ]
    elif made:
        reason = "function_call"
        message[reason] = made[0]
    return {
        "id": "offline-1",
        "object": "chat.completion",
        "created": 0,
        "model": OfflineInterface.model,
        "system_fingerprint": f"offline-rules-{RULES}",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": _usage(body, message),
    }


def _usage(body: dict[str, Any], message: dict[str, Any]) -> dict[str, int]:
    """Words for tokens, of everything that was read and written."""
    read = [body.get(key) for key in ("messages", "functions", "tools")]
    prompt, completion = len(json.dumps(read).split()), len(json.dumps(message).split())
    total = prompt + completion
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
