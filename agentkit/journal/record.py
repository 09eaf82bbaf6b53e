"""`JournalRecord`: writes what happens in one run, each time before the next thing happens."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from pydantic_core import to_jsonable_python

from agentkit.errors import JournalError
from agentkit.journal.store import Journal
from agentkit.journal.texts import Packer, fit, json_of
from agentkit.messages import FunctionDefinition, Message, Request, Response, ResultMessage
from agentkit.notices import complain
from agentkit.recorder import DueCall, Start
from agentkit.redact import environment_secrets, hide
from agentkit.run import Run
from agentkit.saving import save_messages, save_response


class JournalRecord:
    """The record of one run.

    A run whose journal fails on the way goes on without it, and says so in the log: its answer is
    worth more. But a run that somebody else goes on with meanwhile ends before its next step.

    Args:
        journal: Where it is kept.
        run: The run, with the transcript that it begins with.
        start: What else is known of it.

    Raises:
        JournalError: The journal cannot be used, has such a run, or somebody else took the turn.
    """

    def __init__(self, journal: Journal, run: Run[Any], start: Start) -> None:
        self._journal, self._id = journal, run.id
        self._known = run.messages
        self._broken = False
        self._definitions: tuple[FunctionDefinition, ...] = ()
        self._marks: list[dict[str, str]] = []
        self._secrets = environment_secrets()
        pack = Packer(self._secrets)
        data: dict[str, Any] = {"at": 0, "messages": pack.marks(save_messages(run.messages))}
        data |= {} if start.prompt is None else {"prompt": pack.text(start.prompt)}
        data |= {} if run.unsaid is None else {"unsaid": pack.text(run.unsaid)}
        data |= {"steps": [pack.step(each) for each in run.steps]} if run.steps else {}

        def work(connection: sqlite3.Connection) -> int:
            self._enter(connection, start)
            last = "SELECT coalesce(max(number), 0) + 1 FROM events WHERE run = ?"
            (number,) = connection.execute(last, (run.id,)).fetchone()
            _insert(connection, pack, run.id, number, "begin", None, data)
            return int(number)

        self._number = journal.use(work, write=True)

    def _enter(self, connection: sqlite3.Connection, start: Start) -> None:
        """Make the run's row, or find it."""
        found = connection.execute(
            "SELECT conversation FROM runs WHERE id = ?", (self._id,)
        ).fetchone()
        if found and not start.goes_on:
            raise JournalError(
                f"There is a run {self._id!r} already: agent.resume({self._id!r}) goes on with it."
            )
        if found and start.conversation not in (None, found[0]):
            raise JournalError(f"The run {self._id!r} is no part of {start.conversation!r}.")
        if found:
            again = "UPDATE runs SET state = 'running', ended = NULL, error = NULL WHERE id = ?"
            connection.execute(again, (self._id,))
            return
        told = (start.interface, start.model, start.conversation)
        row = (self._id, time.time(), fit(hide(start.prompt or "", self._secrets)), *told)
        next_turn = "SELECT coalesce(max(turn), 0) + 1 FROM runs WHERE conversation = ?"
        (turn,) = connection.execute(next_turn, (start.conversation,)).fetchone()
        if start.turn not in (None, turn):
            raise JournalError(
                f"Somebody else said something in {start.conversation!r} meanwhile: say it again."
            )
        connection.execute(
            "INSERT INTO runs (id, begun, state, prompt, interface, model, conversation, turn) "
            "VALUES (?, ?, 'running', ?, ?, ?, ?, ?)",
            (*row, turn if start.conversation else None),
        )

    def request(self, request: Request) -> None:
        """A request is about to be sent."""
        pack = Packer(self._secrets)
        if request.definitions is not self._definitions:  # they are the same all the time
            self._definitions = request.definitions
            self._marks = pack.marks(each.to_dict() for each in request.definitions)
        options = {k: v for k, v in request.options.items() if k != "extra_headers"}
        more = {"model": request.model, "options": pack.marks([options])[0]}
        data = self._news(request.messages, pack) | more | {"definitions": self._marks}
        self._append("request", None, data, pack)

    def response(self, response: Response) -> None:
        """A response came, and its calls were made readable."""
        pack = Packer(self._secrets)
        data = {
            **save_response(response),
            "message": pack.marks(save_messages([response.message]))[0],
        }
        self._append("response", None, data, pack)

    def begun(self, due: DueCall) -> None:
        """A call is about to run."""
        data = {"index": due.index, "name": due.call.name}
        self._append("call", due.key, data, Packer(self._secrets))

    def result(self, due: DueCall, result: ResultMessage) -> None:
        """A call has its result."""
        pack = Packer(self._secrets)
        data = {"index": due.index, "message": pack.marks(save_messages([result]))[0]}
        self._append("result", due.key, data, pack)

    def end(self, run: Run[Any], error: BaseException | None = None) -> None:
        """The run has ended: with its answer, with calls that wait, or with an error."""
        pack = Packer(self._secrets)
        state = "failed" if error else "waiting" if run.pending else "done"
        plain = to_jsonable_python(run.output, fallback=str)
        output = json_of(pack.hidden(plain)) if state == "done" else None
        why = fit(hide(_why(error), self._secrets)) if error else None
        # What an error closed in the transcript is open for who goes on with the run.
        news = {} if error else self._news(run.messages, pack)
        row = (
            time.time(), state, output, why, len(run.steps), run.usage.prompt_tokens,
            run.usage.completion_tokens, run.cost, self._id,
        )  # fmt: skip
        sql = (
            "UPDATE runs SET ended = ?, state = ?, output = ?, error = ?, steps = ?, "
            "prompt_tokens = ?, completion_tokens = ?, cost = ? WHERE id = ?"
        )
        self._append("end", None, {**news, "state": state, "error": why}, pack, (sql, row))

    def _news(self, messages: tuple[Message, ...], pack: Packer) -> dict[str, Any]:
        """Where the transcript differs from what was written of it, and what is there now."""
        pairs = zip(self._known, messages, strict=False)
        same = next((n for n, (a, b) in enumerate(pairs) if a is not b), None)
        at = min(len(self._known), len(messages)) if same is None else same
        self._known = messages
        return {"at": at, "messages": pack.marks(save_messages(messages[at:]))}

    def _append(
        self,
        kind: str,
        key: str | None,
        data: dict[str, Any],
        pack: Packer,
        also: tuple[str, tuple[Any, ...]] | None = None,
    ) -> None:
        if self._broken:
            return

        def work(connection: sqlite3.Connection) -> None:  # one at a time, as the journal sees to
            _insert(connection, pack, self._id, self._number + 1, kind, key, data)
            if also is not None:
                connection.execute(*also)
            self._number += 1

        try:
            self._journal.use(work, write=True)
        except JournalError as error:
            if "UNIQUE" in str(error.__cause__):
                raise JournalError(
                    f"Somebody else goes on with the run {self._id} meanwhile; this one ends."
                ) from error
            self._broken = True
            complain(f"{error} The run {self._id} goes on without it.")


def _why(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _insert(connection: sqlite3.Connection, pack: Packer, *event: Any) -> None:
    run_id, number, kind, key, data = event
    connection.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", pack.texts.items())
    row = (run_id, number, time.time(), kind, key, pack.dumped(data))
    connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
