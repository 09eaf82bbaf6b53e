"""A queue of durable workers as the place of a batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agentkit import ConfigError
from agentkit.cli.batch.answers import Answer, Answers, of_outcome
from agentkit.cli.batch.machine import is_ordinary
from agentkit.cli.batch.rows import Row
from agentkit.crew import Window, each
from agentkit.outcomes import Outcome
from agentkit.redact import environment_secrets
from agentkit.workers import in_thread_awaited

if TYPE_CHECKING:
    from agentkit.durable import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Submits the rows of a batch, and waits until workers have carried them out.

    Args:
        engine: Submits.
        agent: The agent's name, as workers know it.
        queue: The queue.
        concurrency: The most rows in the queue at once.
        in_order: Whether answers come in the order of the rows.
        retry_failed: Whether rows that failed before are gone on with.
    """

    engine: Engine
    agent: str
    queue: str
    concurrency: int
    in_order: bool
    retry_failed: bool

    @property
    def runs_with(self) -> None:
        """Workers know."""

    def check(self) -> None:
        """See that the database can be used.

        Raises:
            DurableError: It cannot.
        """
        self.engine.migrate()

    def kept_in(self, output: Path | None) -> str | None:
        """The database; the runs of what goes to stdout are not found again."""
        return None if _name_file(output) is None else str(self.engine.database)

    @contextmanager
    def opened(self, output: Path | None) -> Iterator[Answers]:
        """What submits the rows.

        The ids of their runs begin with a name by chance, which stands in a file beside the output:
        so a batch that is begun anew has runs of its own, and one that is gone on with finds them.

        Raises:
            ConfigError: The output is there, and nothing says which runs it has.
        """
        name = _name(output)
        with closing(self.engine):
            yield _Submitting(self, name)

    def advice(self, states: Mapping[str, int], output: Path | None) -> Iterator[str]:
        """What can be done with rows that are not done."""
        if states.get("failed"):
            kept = "" if _name_file(output) else "-o FILE keeps what is done, so that "
            yield f"{kept}--retry-failed goes on with the rows that failed."
        if states.get("waiting"):
            yield (
                "`agentkit durable list --state waiting` lists what waits; `agentkit durable "
                "approve` and `deny` decide, and the same batch then has its answer."
            )


class _Submitting:
    """Rows as durable runs of one batch."""

    def __init__(self, place: Queue, name: str) -> None:
        self._place, self._name = place, name
        self._window: Window[Answer] = Window(place.concurrency, in_order=place.in_order)
        self._gathering = place.engine.gathering()
        self._secrets = environment_secrets()

    def answers(self, rows: Iterable[Row]) -> Iterator[Answer]:
        """What comes of each row."""
        return each(self._answer, rows, self._window)

    async def _answer(self, index: int, row: Row) -> Answer:
        place, run_id = self._place, f"{self._name}:{row.key}"
        job = place.engine.job(place.agent, row.prompt, queue=place.queue)
        is_new = await in_thread_awaited(place.engine.put, run_id, job)
        found = await self._gathering.ended(run_id)
        if place.retry_failed and not is_new and found.state in ("failed", "cancelled"):
            await place.engine.aresume(run_id)
            found, is_new = await self._gathering.ended(run_id), True
        outcome = Outcome(index, row.prompt, found.run() if found.has_run else None, found.error())
        return replace(of_outcome(row, outcome, run_id, self._secrets), before=not is_new)


def _name_file(output: Path | None) -> Path | None:
    return Path(f"{output}.batch") if output is not None and is_ordinary(output) else None


def _name(output: Path | None) -> str:
    new = f"batch:{os.urandom(8).hex()}"
    if output is None or (file := _name_file(output)) is None:
        return new
    try:
        if file.exists():
            return file.read_text(encoding="utf-8").strip()
        if output.exists() and output.stat().st_size:
            raise ConfigError(
                f"{output} is there already, and {file}, which says whose rows it has, is not: it "
                "would be lost. Give another -o, or move it away."
            )
        file.write_text(f"{new}\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror or error}.") from error
    return new
