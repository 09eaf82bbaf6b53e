"""Runs, responses and errors as plain values of a database, without secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentkit import errors
from agentkit.errors import AgentkitError, DurableError
from agentkit.media import ENCODED
from agentkit.messages import AssistantMessage, Message, ResultMessage
from agentkit.redact import environment_secrets, hide_in, redact
from agentkit.run import Run, Step
from agentkit.saving import load_response, save_messages, save_response

_KEPT = ("role", "name", "state", ENCODED)
_FACTS = ("retryable", "status", "code", "excess", "waited", "retry_after")


def stored(value: Any) -> Any:
    """A plain value as it is stored: without secrets, and without half surrogate pairs.

    A run goes on with what was stored, never with what it was: else it would go another way when
    it is gone on with elsewhere.
    """
    return _fit(hide_in(value, environment_secrets(), _KEPT))


def _fit(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_fit(name): _fit(each) for name, each in value.items()}
        case list() | tuple():
            return [_fit(each) for each in value]
    return value


def save_run(run: Run[Any]) -> dict[str, Any]:
    """A run with its steps; `load_run` reads it back."""
    steps = []
    for each in run.steps:
        response = save_response(each.response)
        del response["message"]  # it is in the transcript
        steps.append(response)
    return {**run.to_dict(), "responses": steps}


def load_run(saved: Mapping[str, Any]) -> Run[Any]:
    """A run from what `save_run` gave.

    Raises:
        ConfigError: It is not that.
    """
    run = Run.from_dict(saved)
    responses = saved.get("responses", ())
    said = [n for n, each in enumerate(run.messages) if isinstance(each, AssistantMessage)]
    places = said[len(said) - len(responses) :]
    steps = [_step(run.messages, *pair) for pair in zip(places, responses, strict=True)]
    return replace(run, steps=tuple(steps))


def _step(messages: Sequence[Message], place: int, response: Mapping[str, Any]) -> Step:
    message = messages[place]
    assert isinstance(message, AssistantMessage)
    results: list[ResultMessage] = []
    for each in messages[place + 1 :]:
        if not isinstance(each, ResultMessage):
            break
        results.append(each)
    whole = len(results) == len(message.calls)
    (saved,) = save_messages([message])
    return Step(load_response({**response, "message": saved}), tuple(results) if whole else ())


def save_error(error: BaseException) -> dict[str, Any]:
    """An error as plain values; `load_error` reads it back."""
    facts = {name: getattr(error, name, None) for name in _FACTS}
    kept = {name: each for name, each in facts.items() if isinstance(each, int | float | str)}
    return {"name": type(error).__name__, "message": redact(str(error)), "facts": kept}


def load_error(saved: Mapping[str, Any]) -> AgentkitError:
    """The error that was saved; one of another library is a `DurableError` that names it."""
    name, message = str(saved.get("name")), str(saved.get("message"))
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, AgentkitError)):
        return DurableError(f"{name}: {message}" if message else name)
    if issubclass(kind, errors.ArgumentsError):
        return kind(message.splitlines())
    if issubclass(kind, errors.StatusError):
        error: AgentkitError = kind(message, status=int(saved["facts"].get("status", 0)))
    else:
        error = kind(message)
    vars(error).update(saved.get("facts", {}))
    return error
