"""Carrying a batch out: from rows to lines, with what is told of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agentkit import Agent
from agentkit.cli.batch.answers import Answers
from agentkit.cli.batch.here import batch_name, with_journal
from agentkit.cli.batch.progress import Tally, progress
from agentkit.cli.batch.rows import Rows
from agentkit.cli.batch.writing import alone, check_output, check_overwriting, is_ordinary, writer
from agentkit.cli.errors import FAILED, NOT_APPROVED
from agentkit.cli.output import apart, note
from agentkit.interface import place_of
from agentkit.journal.store import Journal

Answering = Callable[[Agent[Any], str], Answers]
"""Makes what runs rows of an agent, whose journal is the batch's, and the batch's name."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a batch is written, and kept.

    Args:
        output: The file; None for stdout.
        journal: The journal's file; if not given, one beside the output, or none.
    """

    output: Path | None
    journal: Path | None

    @classmethod
    def of(cls, output: str, journal: str | None) -> Target:
        """What `-o` and `--journal` say."""
        return cls(
            None if output == "-" else Path(os.path.expanduser(output)),
            Path(os.path.expanduser(journal)) if journal else None,
        )

    @property
    def begins_anew(self) -> bool:
        """Whether the output is a file that is made of what the journal has."""
        return self.output is not None and is_ordinary(self.output)

    @property
    def kept_in(self) -> Path | None:
        """The journal's file, if there is one."""
        if self.journal is not None or not self.begins_anew:
            return self.journal
        return Path(f"{self.output}.db")


def carry_out(agent: Agent[Any], rows: Rows, target: Target, answering: Answering) -> int:
    """Run what is to be run, write all, and give the exit code.

    Raises:
        ConfigError: The rows, the output or the agent are not as they should be; nothing has run.
        OutputError: The output cannot be written any more.
        JournalError: The journal cannot be used.
    """
    kept_in, output = target.kept_in, target.output
    if output is not None:
        check_output(output, rows, kept_in)
    _ = agent.interface  # a missing key is told first
    checked = rows.check()
    with ExitStack() as stack:
        if output is not None and target.begins_anew:
            stack.enter_context(alone(output))
        journal = stack.enter_context(closing(Journal(kept_in))) if kept_in is not None else None
        name, known = batch_name(journal, output, shared=target.journal is not None)
        if output is not None and journal is not None:
            check_overwriting(output, journal, known)
        answers = answering(with_journal(agent, journal), name)
        tally = Tally(checked.count)
        stdout = sys.stdout
        stack.enter_context(apart())
        with _told(tally, kept_in), writer(output, checked.fields, stdout) as lines:
            _write(answers, rows, lines, tally, place=(place_of(agent.interface), agent.model))
    return _concluded(tally, target)


def _write(
    answers: Answers, rows: Rows, lines: Any, tally: Tally, *, place: tuple[str, str]
) -> None:
    shown, differs = progress(tally), False
    try:
        with closing(cast(Any, answers.answers(iter(rows)))) as found:
            for answer in found:
                lines.write(answer)
                tally.see(answer)
                shown.see()
                if not differs and answer.place not in (None, place):
                    differs = True
                    note(
                        f"row {answer.row.id} was run with {' and the model '.join(answer.place)} "
                        f"before, and stays as it is; new rows are run with "
                        f"{' and the model '.join(place)}."
                    )
    finally:
        shown.close()


@contextmanager
def _told(tally: Tally, journal: Path | None) -> Iterator[None]:
    """Tell of an end before the end how far it came, and how to go on."""
    try:
        yield
    except BaseException as error:
        if tally.seen:
            note(tally.summary())
        if journal is not None:
            cast(
                Any, error
            ).hint = f"What is done is kept in {journal}: the same command goes on from there."
        raise


def _concluded(tally: Tally, target: Target) -> int:
    note(tally.summary())
    if tally.states["failed"] and target.kept_in:
        note("--retry-failed goes on with the rows that failed.")
    elif tally.states["failed"]:
        note("-o FILE keeps what is done, so that --retry-failed can go on with what failed.")
    if tally.states["waiting"]:
        known = f" --journal {target.kept_in}" if target.kept_in else ""
        note(
            f"`agentkit runs list --state waiting{known}` lists what waits; `agentkit runs resume` "
            "decides on it, and the same batch then has its answer."
        )
    if tally.states["failed"]:
        return FAILED
    return NOT_APPROVED if tally.states["waiting"] else 0
