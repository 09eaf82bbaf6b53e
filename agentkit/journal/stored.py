"""Runs as they stand in a journal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from agentkit.errors import ConfigError, JournalError
from agentkit.journal.texts import messages_of, response_of, step_of, unpacked
from agentkit.messages import AssistantMessage, Message, ResultMessage
from agentkit.redact import HIDDEN
from agentkit.run import Run, Step
from agentkit.transcript import (
    LOST_SECRET,
    MAY_HAVE_RUN,
    held,
    last_assistant,
    may_have_run,
    settled,
)

_COLUMNS = (
    "id, begun, ended, state, prompt, output, error, interface, model, steps, prompt_tokens, "
    "completion_tokens, cost, conversation, turn, agent"
)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run in a list. Times are seconds since 1970; what is not known yet is None."""

    id: str
    begun: float
    ended: float | None
    state: str
    prompt: str
    output: Any
    error: str | None
    interface: str
    model: str
    steps: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None
    conversation: str | None
    turn: int | None
    agent: str | None = None


class Only(TypedDict, total=False):
    """Which runs of a journal to list.

    Args:
        id: The one of this id.
        state: Those that are "running", "waiting", "done" or "failed"; and "cancelled" or
            "interrupted", which a service did. One that was killed is still "running".
        conversation: Those of a conversation.
        text: Those with this text in their prompt, output or error, in any case.
        model: Those of a model, as it was given.
        since: Those that began then or later, in seconds since 1970.
        agent: Those of an agent of a service.
        before: Those that come after the one of this id in the list.
    """

    id: str | None
    state: str | None
    conversation: str | None
    text: str | None
    model: str | None
    since: float | None
    agent: str | None
    before: str | None


STATES = ("running", "waiting", "done", "failed", "cancelled", "interrupted")
_MANY = 2**63  # which SQLite counts to
_WHERE = {
    "id": "id = ?",
    "state": "state = ?",
    "conversation": "conversation = ?",
    "text": "instr(lower(prompt || char(10) || coalesce(output, '') || coalesce(error, '')), "
    "lower(?))",
    "model": "model = ?",
    "since": "begun >= ?",
    "agent": "agent = ?",
    "before": "(begun, id) < (SELECT begun, id FROM runs WHERE id = ?)",
}


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What happened in a run, and when, in seconds since 1970.

    Args:
        at: When.
        kind: begin, request, response, call, result or end.
        key: The `call_key` of a call or a result.
        data: What is known of it; messages are JSON texts.
    """

    at: float
    kind: str
    key: str | None
    data: dict[str, Any]


@dataclass
class _Replay:
    """Reads events one by one and is then what the run was after the last."""

    messages: list[Message] = field(default_factory=list)
    results: dict[int, ResultMessage] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    unsaid: str | None = None
    summarized: int = 0

    def see(self, kind: str, data: dict[str, Any]) -> None:
        if "messages" in data:  # it has the transcript as far as it changed
            self.messages[data["at"] :] = messages_of(data["messages"])
            self._close()
        if "steps" in data:  # those of a run that it goes on from
            self.steps = [step_of(each) for each in data["steps"]]
        if kind == "begin":
            self.summarized = data.get("summarized", 0)
        if kind in ("begin", "request"):  # what was unsaid is said with a request, at the latest
            self.unsaid = data.get("unsaid")
        if kind == "response":
            response = response_of(data)
            self.messages.append(response.message)
            self.steps.append(Step(response))
        elif kind == "call":
            self.begun.add(data["index"])
        elif kind == "result":
            (result,) = messages_of([data["message"]])
            assert isinstance(result, ResultMessage)
            self.results[data["index"]] = result

    def _close(self) -> None:
        """Give the last step what the transcript has of it."""
        found = last_assistant(self.messages)
        if self.steps and found:
            place, message = found
            given = tuple(m for m in self.messages[place:] if isinstance(m, ResultMessage))
            whole = len(given) == len(message.calls)
            response = replace(self.steps[-1].response, message=message)
            self.steps[-1] = Step(response, given if whole else ())
        self.results.clear()
        self.begun.clear()

    def finish(self, repeats: Callable[[str], bool]) -> None:
        """Bring the last step to its end, as far as it came.

        Calls that had begun and have no result wait for a decision, but for those of tools that may
        be called again; and so do those that lost a secret of theirs.
        """
        done, slots = settled(self.messages)
        if not slots:  # no call is open
            return
        message = done.pop()
        assert isinstance(message, AssistantMessage)  # whose calls they are
        slots = [self.results.get(n, slot) for n, slot in enumerate(slots)]
        waits = {n: why for n in range(len(slots)) if (why := self._why(message, n, repeats))}
        waits = {n: why for n, why in waits.items() if slots[n] is None}
        if waits or (None in slots and any(slots)):
            message, slots = held(message, slots, waits)
        self.messages = [*done, message, *filter(None, slots)]
        self._close()

    def _why(self, message: AssistantMessage, index: int, repeats: Callable[[str], bool]) -> str:
        """Why a call must wait, if it has no result."""
        call = message.calls[index]
        unknown = may_have_run(call) or (index in self.begun and not repeats(call.name))
        lost = HIDDEN in call.arguments
        return "; ".join([MAY_HAVE_RUN] * unknown + [LOST_SECRET] * lost)


def stored_run(
    connection: sqlite3.Connection, run_id: str, repeats: Callable[[str], bool]
) -> Run[Any] | None:
    """A run as far as it came; None if there is none of this id."""
    row = connection.execute("SELECT state, output FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        return None
    replay = _Replay()
    for each in stored_events(connection, run_id):
        replay.see(each.kind, dict(each.data))
    state, output = row
    answer = json.loads(output) if state == "done" and output else None
    replay.finish(repeats)
    last = "SELECT number, at FROM events WHERE run = ? ORDER BY number DESC LIMIT 1"
    number, at = connection.execute(last, (run_id,)).fetchone() or (0, 0.0)
    run = Run.of_steps(run_id, answer, tuple(replay.messages), tuple(replay.steps))
    return replace(
        run,
        unsaid=replay.unsaid,
        done=state == "done",
        summarized=replay.summarized,
        revision=f"{number}@{at!r}",
    )


def last_turn(connection: sqlite3.Connection, conversation: str) -> tuple[int, Run[Any] | None]:
    """The number of a conversation's last turn, and its run; 0 and None for a new one.

    Raises:
        JournalError: The run has not ended.
    """
    found = connection.execute(
        "SELECT id, turn, state FROM runs WHERE conversation = ? ORDER BY turn DESC LIMIT 1",
        (conversation,),
    ).fetchone()
    if found is None:
        return 0, None
    run_id, turn, state = found
    if state == "running":
        raise JournalError(
            f"The last run of {conversation!r} has not ended. If its process died, "
            f"agent.resume({run_id!r}) or `agentkit runs resume {run_id}` goes on with it."
        )
    return turn, stored_run(connection, run_id, lambda name: True)


def stored_runs(connection: sqlite3.Connection, only: Only, limit: int) -> list[StoredRun]:
    """The newest runs first."""
    wanted = {name: value for name, value in only.items() if value is not None}
    if unknown := sorted(wanted.keys() - _WHERE.keys()):
        raise ConfigError(f"Runs are found by {', '.join(_WHERE)}, not by {unknown[0]}.")
    if wanted.get("state") not in (None, *STATES):
        raise ConfigError(f"The state of a run is one of {', '.join(STATES)}.")
    if not isinstance(limit, int) or not 0 <= limit < _MANY:
        raise ConfigError(f"limit is a number of runs, not {limit!r}.")
    where = " AND ".join(["TRUE", *(_WHERE[name] for name in wanted)])
    sql = f"SELECT {_COLUMNS} FROM runs WHERE {where} ORDER BY begun DESC, id DESC LIMIT ?"
    found = [StoredRun(*row) for row in connection.execute(sql, (*wanted.values(), limit))]
    return [
        replace(each, output=json.loads(each.output)) if each.output else each for each in found
    ]


def options_of(events: Sequence[StoredEvent]) -> dict[str, Any]:
    """The options of a run's first request, but for the stream, and for a forced call, which counts
    for that request alone."""
    first = next((each for each in events if each.kind == "request"), None)
    options: dict[str, Any] = json.loads(first.data["options"]) if first else {}
    options.pop("stream", None)
    if options.get("function_call") not in ("none", "auto"):
        options.pop("function_call", None)
    return options


def stored_events(connection: sqlite3.Connection, run_id: str) -> list[StoredEvent]:
    """What happened in a run, in order; nothing for one that is not there."""
    sql = "SELECT at, kind, key, data FROM events WHERE run = ? ORDER BY number"
    found = connection.execute(sql, (run_id,)).fetchall()
    return [
        StoredEvent(at, kind, key, unpacked(connection, json.loads(data)))
        for at, kind, key, data in found
    ]
