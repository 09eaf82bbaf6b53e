"""`JournalRecord`: writes what happens in one run, each time before the next thing happens."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import JournalError, StoppedError
from agentkit.journal.file import JournalFile
from agentkit.journal.texts import Packer, fit, json_of
from agentkit.messages import FunctionDefinition, Message, Request, Response, ResultMessage
from agentkit.notices import complain
from agentkit.recorder import DueCall, Start
from agentkit.redact import environment_secrets, hide
from agentkit.run import Run
from agentkit.saving import plain_value, save_messages, save_response

_TAKEN = "SQLITE_CONSTRAINT_PRIMARYKEY"  # there is an event of this number already
_DEEDS = {"response", "call", "result"}  # events after which a run is another
_HURRY, _LAST = 0.2, 5.0  # seconds to wait for others, where they were waited for in vain


@dataclass(frozen=True, slots=True)
class _Event:
    """What is to be written of an event, and what else with it."""

    kind: str
    key: str | None
    data: dict[str, Any]
    pack: Packer
    also: tuple[str, tuple[Any, ...]] | None = None
    at: float = field(default_factory=time.time)


class JournalRecord:
    """The record of one run.

    A run whose journal fails on the way goes on without it, and says so in the log: its answer is
    worth more. What could not be written is tried again with each event. But a run that somebody
    else goes on with meanwhile ends before its next step.

    Args:
        file: Where it is kept.
        run: The run, with the transcript that it begins with.
        start: What else is known of it.

    Raises:
        JournalError: The journal cannot be used, has such a run, or somebody else took the turn.
    """

    def __init__(self, file: JournalFile, run: Run[Any], start: Start) -> None:
        self._file, self._id = file, run.id
        self._known = run.messages
        self._unwritten: list[_Event] = []
        self._failing = False  # whether the last that was to be written could not be
        self._definitions: tuple[FunctionDefinition, ...] = ()
        self._marks: list[dict[str, str]] = []
        self._secrets = environment_secrets()
        pack = Packer(self._secrets)
        data: dict[str, Any] = {"at": 0, "messages": pack.marks(save_messages(run.messages))}
        data |= {} if start.prompt is None else {"prompt": pack.text(start.prompt)}
        data |= {} if run.unsaid is None else {"unsaid": pack.text(run.unsaid)}
        data |= {"summarized": run.summarized} if run.summarized else {}
        data |= {"steps": [pack.step(each) for each in run.steps]}

        def work(connection: sqlite3.Connection) -> int:
            self._enter(connection, start)
            last = "SELECT coalesce(max(number), 0) FROM events WHERE run = ?"
            (number,) = connection.execute(last, (run.id,)).fetchone()
            _insert(connection, run.id, number + 1, begin)
            return int(number) + 1

        begin = _Event("begin", None, data, pack)
        number = file.write(work)
        assert number is not None  # no run begins in the middle of writing
        self._number, self._at = number, begin.at

    @property
    def revision(self) -> str:
        """The last event that is written."""
        return f"{self._number}@{self._at!r}"

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
            self._check_revision(connection, start.revision)
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
            "INSERT INTO runs (id, begun, state, prompt, interface, model, conversation, turn, "
            "agent) VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?)",
            (*row, turn if start.conversation else None, start.agent),
        )

    def _check_revision(self, connection: sqlite3.Connection, revision: str) -> None:
        """Refuse to go on from what a run was before somebody else did something in it."""
        number, _, at = revision.partition("@")
        here = "SELECT 1 FROM events WHERE run = ? AND number = ? AND at = ?"
        if not at or not connection.execute(here, (self._id, int(number), float(at))).fetchone():
            return  # it is not known, or that of another journal
        behind = "SELECT kind FROM events WHERE run = ? AND number > ? ORDER BY number"
        kinds = [kind for (kind,) in connection.execute(behind, (self._id, int(number)))]
        if kinds and (kinds[-1] != "end" or _DEEDS & set(kinds)):
            raise JournalError(
                f"The run {self._id!r} went on meanwhile: agent.stored({self._id!r}) is how it "
                "stands now."
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
        state = state_of(run, error)
        output = json_of(pack.hidden(plain_value(run.output))) if state == "done" else None
        why = fit(hide(reason_of(error), self._secrets)) if error else None
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
        patience = _LAST if kind == "end" else _HURRY
        self._unwritten.append(_Event(kind, key, data, pack, also))
        written: list[_Event] = []

        def work(connection: sqlite3.Connection) -> None:  # one at a time, as the file sees to
            written.extend(self._unwritten)
            there = self._already_there(connection) if len(written) > 1 else 0
            for number, each in enumerate(written[there:], self._number + there + 1):
                _insert(connection, self._id, number, each)

        def then() -> None:
            del self._unwritten[: len(written)]
            self._number += len(written)
            self._at = written[-1].at if written else self._at
            self._failing = False

        try:
            self._file.write(work, patience=patience if self._failing else None, then=then)
        except JournalError as error:
            if getattr(error.__cause__, "sqlite_errorname", "") == _TAKEN:
                raise JournalError(
                    f"Somebody else goes on with the run {self._id} meanwhile; this one ends."
                ) from error
            if not self._failing:
                complain(
                    f"{error} The run {self._id} goes on without it. What it does now is written "
                    "as soon as that is possible; until then a resumed run would do it again."
                )
            self._failing = True

    def _already_there(self, connection: sqlite3.Connection) -> int:
        """How many of the unwritten events are written all the same: whoever wrote them may have
        been interrupted before it could take note."""
        sql = "SELECT at, kind FROM events WHERE run = ? AND number > ? ORDER BY number"
        found = connection.execute(sql, (self._id, self._number)).fetchall()
        pairs = zip(found, self._unwritten, strict=False)
        same = [(at, kind) == (each.at, each.kind) for (at, kind), each in pairs]
        return same.index(False) if False in same else len(same)


def state_of(run: Run[Any], error: BaseException | None = None) -> str:
    """The state in which a run ends."""
    if isinstance(error, StoppedError):
        return "cancelled" if error.for_good else "interrupted"
    return "failed" if error else "waiting" if run.pending else "done"


def reason_of(error: BaseException) -> str:
    """What an error says, behind its type."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _insert(connection: sqlite3.Connection, run_id: str, number: int, event: _Event) -> None:
    texts = event.pack.texts.items()
    connection.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", texts)
    row = (run_id, number, event.at, event.kind, event.key, event.pack.dumped(event.data))
    connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
    if event.also is not None:
        connection.execute(*event.also)
