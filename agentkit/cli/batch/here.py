"""Rows that are run on this machine, and found again in a journal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from agentkit import Agent, Run
from agentkit.cli.batch.answers import Answer, of_outcome, of_stored, why_it_waits
from agentkit.cli.batch.rows import Row
from agentkit.cli.options import Unfinished
from agentkit.crew import Window, each
from agentkit.errors import JournalError
from agentkit.journal.store import Journal
from agentkit.journal.stored import StoredRun
from agentkit.outcomes import Outcome
from agentkit.redact import environment_secrets
from agentkit.transcript import LOST_SECRET, may_have_run

_NOT_ITS_OWN = re.compile(
    r"(CancelledError|KeyboardInterrupt|SystemExit|GeneratorExit|ConfigError|MissingKeyError"
    r"|DefinitionError|JournalError)\b|StatusError: The server answered (401|402|404)\b"
)
"""The errors of runs that were ended with all others: such a row is gone on with."""


class Here:
    """Runs rows with an agent, side by side.

    Args:
        agent: The agent. What its journal has of a row is not done again.
        name: The batch, with which the ids of its runs begin.
        concurrency: The most rows at once.
        in_order: Whether answers come in the order of the rows.
        retry_failed: Whether rows that failed before are gone on with.
        unfinished: What to do with calls of which nobody knows whether they ran: "ask" has the row
            wait.
    """

    def __init__(
        self,
        agent: Agent[Any],
        name: str,
        *,
        concurrency: int,
        in_order: bool,
        retry_failed: bool = False,
        unfinished: Unfinished = "ask",
    ) -> None:
        self._agent, self._name = agent, name
        self._journal = agent.journal if isinstance(agent.journal, Journal) else None
        self._window: Window[Answer] = Window(concurrency, in_order=in_order)
        self._retry_failed, self._unfinished = retry_failed, unfinished
        self._secrets = environment_secrets()
        self._work = agent.worker()

    def answers(self, rows: Iterable[Row]) -> Iterator[Answer]:
        """What comes of each row."""
        return each(self._answer, rows, self._window)

    async def _answer(self, index: int, row: Row) -> Answer:
        run_id = f"{self._name}:{row.key}"
        stored = self._stored(run_id)
        if stored is not None and (known := self._known(row, stored)):
            return known
        outcome = await self._work(index, {"prompt": row.prompt, "run_id": run_id})
        while (decided := self._decided(outcome)) is not None:
            outcome = await self._work(index, {"after": decided})
        return of_outcome(row, outcome, run_id, self._secrets)

    def _stored(self, run_id: str) -> StoredRun | None:
        if self._journal is None:
            return None
        try:
            return self._journal.listed(run_id)
        except JournalError:  # there is none; a journal that cannot be used says so again
            return None

    def _known(self, row: Row, stored: StoredRun) -> Answer | None:
        """What a journal has of a row, where that is the end of it."""
        if stored.state == "done":
            return of_stored(row, stored, "done", None)
        if stored.state == "failed":
            told = stored.error or ""
            again = self._retry_failed or _NOT_ITS_OWN.match(told)
            return None if again else of_stored(row, stored, "failed", told)
        if stored.state == "waiting" and self._unfinished == "ask":
            assert self._journal is not None  # it has the run
            why = why_it_waits(self._journal.run(stored.id), self._secrets)
            return of_stored(row, stored, "waiting", why)
        return None

    def _decided(self, outcome: Outcome[Any]) -> Run[Any] | None:
        """The run with a decision on what is unfinished, if any."""
        run = outcome.run
        if self._unfinished == "ask" or run is None or outcome.error is not None:
            return None
        decided = run
        for call in run.pending:
            if may_have_run(call) and self._unfinished == "skip":
                decided = decided.deny(call)
            elif may_have_run(call) and LOST_SECRET not in call.waits:
                decided = decided.approve(call)
        return None if decided is run else decided
