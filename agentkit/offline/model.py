"""The offline model: a chat-completions request in, a chat completion out, by rules alone."""

from __future__ import annotations

import json
from typing import Any

from agentkit.messages import ANSWER
from agentkit.offline import OfflineInterface
from agentkit.offline.answers import fill_answer, no_call, question, sentences
from agentkit.offline.plan import Call, best, plan
from agentkit.offline.schemas import Function, read_functions
from agentkit.offline.talk import Done, Talk, read_talk


def reply(body: dict[str, Any]) -> dict[str, Any]:
    """Answer a chat-completions request in its own dialect, `functions` or `tools`.

    The same request always gets the same reply. Tokens are counted as words, roughly.
    """
    talk, functions, choice = read_talk(body.get("messages")), read_functions(body), _choice(body)
    calls: list[Call] = []
    if choice != "none" and functions:
        calls, text = _decide(talk, functions, choice)
    else:
        text = sentences(talk.done) or no_call(talk.text, functions)
    return _completion(body, calls, text)


def _choice(body: dict[str, Any]) -> str:
    """One of "none", "auto" and "required", or "=" with the name of a function."""
    given = body.get("tool_choice" if body.get("tools") else "function_call")
    if isinstance(given, dict):
        inner = given.get("function")
        named = inner.get("name") if isinstance(inner, dict) else given.get("name")
        return f"={named}"
    return given if given in ("none", "required") else "auto"


def _decide(talk: Talk, functions: tuple[Function, ...], choice: str) -> tuple[list[Call], str]:
    """The calls to make now, or else what to say."""
    final = next((each for each in functions if each.name == ANSWER), None)
    offered = tuple(each for each in functions if each.name != ANSWER)
    planned = _forced(talk, offered, choice) if choice[0] == "=" else _planned(talk, offered)
    if not planned and choice == "required" and final is None:
        nearest = best(talk.whole, offered)
        planned = [nearest] if nearest else []
    ready = [each for each in planned if not each.missing or choice != "auto"]
    due = [each for each in ready if not _is_done(each, talk.done)]
    if due and choice != f"={ANSWER}":
        return due, ""
    asked = question([each for each in planned if each not in ready])
    if final is not None and not asked:
        return _finish(final, talk)
    said = sentences(talk.done)
    return [], "\n".join(filter(None, (said, asked))) or no_call(talk.text, offered)


def _planned(talk: Talk, offered: tuple[Function, ...]) -> list[Call]:
    """What the last message asks for by itself, or else together with what it completes."""
    alone = plan(talk.text, offered)
    if talk.text == talk.whole or (alone and not any(each.missing for each in alone)):
        return list(alone)
    return list(plan(talk.whole, offered))


def _forced(talk: Talk, offered: tuple[Function, ...], choice: str) -> list[Call]:
    only = best(talk.whole, tuple(each for each in offered if each.name == choice[1:]))
    return [only] if only else []


def _is_done(call: Call, done: tuple[Done, ...]) -> bool:
    return any(d.name == call.function.name and d.arguments == call.arguments for d in done)


def _finish(final: Function, talk: Talk) -> tuple[list[Call], str]:
    """The typed final answer, or a question for what it lacks."""
    done = tuple(each for each in talk.done if each.name != ANSWER)
    filled = fill_answer(final, done, talk.whole)
    call = Call(final, filled.arguments, filled.missing)
    if filled.missing:
        return [], "\n".join(filter(None, (sentences(done), question([call]))))
    if _is_done(call, talk.done):
        return [], sentences(done) or no_call(talk.text, ())
    return [call], ""


def _completion(body: dict[str, Any], calls: list[Call], text: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else text}
    reason = "stop"
    if calls and body.get("tools"):
        reason = "tool_calls"
        message["tool_calls"] = [
            {"id": f"call_{index}", "type": "function", "function": _spelled(call)}
            for index, call in enumerate(calls, 1)
        ]
    elif calls:
        reason = "function_call"
        message["function_call"] = _spelled(calls[0])
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {
        "id": "offline-1",
        "object": "chat.completion",
        "created": 0,
        "model": OfflineInterface.model,
        "choices": [choice],
        "usage": _usage(body, message),
    }


def _spelled(call: Call) -> dict[str, str]:
    return {"name": call.function.name, "arguments": json.dumps(call.arguments)}


def _usage(body: dict[str, Any], message: dict[str, Any]) -> dict[str, int]:
    """Words for tokens, of everything that was read and written."""
    read = [body.get(key) for key in ("messages", "functions", "tools")]
    prompt, completion = len(json.dumps(read).split()), len(json.dumps(message).split())
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
