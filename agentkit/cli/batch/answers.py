"""What came of rows, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from agentkit import Run
from agentkit.cli.batch.rows import Row
from agentkit.cli.errors import named
from agentkit.journal.stored import StoredRun
from agentkit.outcomes import Outcome
from agentkit.redact import hide, hide_all
from agentkit.run import shown
from agentkit.saving import plain_value

State = Literal["done", "failed", "waiting"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a row, as it is written.

    Args:
        row: The row.
        state: done, failed, or waiting for a decision.
        run_id: Its run; "" where none had begun.
        output: The answer as plain values for JSON.
        error: Why it failed, or waits.
        prompt_tokens: What was sent; None if that is not known.
        completion_tokens: What came back.
        cost: US dollars; None if that is not known.
        before: Whether it was there already.
        place: The interface and model that its run was begun with, where that is known.
    """

    row: Row
    state: State
    run_id: str
    output: Any = None
    error: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    before: bool = False
    place: tuple[str, str] | None = None


class Answers(Protocol):
    """Where rows are run: on this machine, or by workers elsewhere."""

    def answers(self, rows: Iterable[Row]) -> Iterator[Answer]:
        """What comes of each row, in their order or as it comes; rows are taken bit by bit.

        Whoever closes it early stops what runs. Errors of a row are in its answer; what would be
        wrong with all rows is raised.
        """


class Place(Protocol):
    """Where rows are run and what came of them is kept: this machine, or a queue of workers."""

    @property
    def runs_with(self) -> tuple[str, str] | None:
        """The interface and the model that new rows are run with, where that is known."""

    def check(self) -> None:
        """Refuse what would be wrong with every row, before any is looked at.

        Raises:
            AgentkitError: There is something.
        """

    def kept_in(self, output: Path | None) -> Path | str | None:
        """Where the rows of this output are kept: a file, or its name; None for nowhere."""

    def opened(self, output: Path | None) -> AbstractContextManager[Answers]:
        """What runs the rows of this output, which begins anew with what is kept.

        Raises:
            AgentkitError: The output would be lost, or what is kept cannot be read.
        """

    def advice(self, states: Mapping[str, int], output: Path | None) -> Iterator[str]:
        """What can be done with rows that are not done, by how many are in each state."""


def of_outcome(row: Row, outcome: Outcome[Any], run_id: str, secrets: list[str]) -> Answer:
    """What came of a row that was run.

    Secrets are hidden as a journal hides them, so that it is the same once it is read from there.
    """
    run, error = outcome.run, outcome.error
    if run is None or error is not None:
        why = hide(named(error) if error is not None else "it did not run", secrets)
        return Answer(row, "failed", run_id if run is not None else "", None, why, *_spent(run))
    if run.pending:
        return Answer(row, "waiting", run_id, None, why_it_waits(run, secrets), *_spent(run))
    output = hide_all(plain_value(run.output), secrets)
    return Answer(row, "done", run_id, output, None, *_spent(run))


def of_stored(row: Row, stored: StoredRun, state: State, error: str | None) -> Answer:
    """What a journal has of a row."""
    return Answer(
        row,
        state,
        stored.id,
        stored.output if state == "done" else None,
        error,
        stored.prompt_tokens,
        stored.completion_tokens,
        stored.cost,
        before=True,
        place=(stored.interface, stored.model),
    )


def why_it_waits(run: Run[Any], secrets: list[str]) -> str:
    """The calls that wait, and why."""
    return hide("; ".join(f"{shown(each)} waits: {each.waits}" for each in run.pending), secrets)


def _spent(run: Run[Any] | None) -> tuple[int | None, int | None, float | None]:
    if run is None:
        return None, None, None
    return run.usage.prompt_tokens, run.usage.completion_tokens, run.cost
