"""Carrying a batch out: from rows to lines, with what is told of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, cast

from agentkit.cli.batch.answers import Answer, Answers, Place
from agentkit.cli.batch.machine import is_ordinary
from agentkit.cli.batch.progress import Tally, progress
from agentkit.cli.batch.rows import Rows
from agentkit.cli.batch.writing import Writer, alone, check_output, writer
from agentkit.cli.errors import FAILED, NOT_APPROVED
from agentkit.cli.output import apart, note


def carry_out(rows: Rows, output: Path | None, place: Place) -> int:
    """Run what is to be run, write all, and give the exit code.

    Args:
        rows: The rows.
        output: Where to write; stdout if not given.
        place: Where they are run and kept.

    Raises:
        ConfigError: The rows, the output or the agent are not as they should be; nothing has run.
        OutputError: The output cannot be written any more.
        JournalError: What is kept cannot be used.
    """
    kept_in = place.kept_in(output)
    if output is not None:
        check_output(output, rows, kept_in if isinstance(kept_in, Path) else None)
    place.check()
    checked = rows.check()
    tally, stdout = Tally(checked.count), sys.stdout
    with ExitStack() as stack:
        if output is not None and is_ordinary(output):
            stack.enter_context(alone(output))
        answers = stack.enter_context(place.opened(output))
        stack.enter_context(apart())
        with told(tally, kept_in), writer(output, checked.fields, stdout) as lines:
            _write(answers, rows, lines, tally, place.runs_with)
    note(tally.summary())
    for advice in place.advice(tally.states, output):
        note(advice)
    if tally.states["failed"]:
        return FAILED
    return NOT_APPROVED if tally.states["waiting"] else 0


def _write(
    answers: Answers, rows: Rows, lines: Writer, tally: Tally, now: tuple[str, str] | None
) -> None:
    shown, differs = progress(tally), False
    try:
        with closing(cast(Any, answers.answers(iter(rows)))) as found:
            for answer in found:
                lines.write(answer)
                tally.see(answer)
                shown.see()
                if not differs and None not in (answer.place, now) and answer.place != now:
                    differs = True
                    note(_differing(answer, now))
    finally:
        shown.close()


def _differing(answer: Answer, now: tuple[str, str] | None) -> str:
    before, after = (" and the model ".join(each or ()) for each in (answer.place, now))
    return (
        f"row {answer.row.id} was run with {before} before, and stays as it is; new rows are run "
        f"with {after}."
    )


@contextmanager
def told(tally: Tally, kept_in: Path | str | None) -> Iterator[None]:
    """Tell of an end before the end how far it came, and how to go on.

    Args:
        tally: What came so far.
        kept_in: What has it; None where nothing is kept.
    """
    try:
        yield
    except BaseException as error:
        if tally.seen:
            note(tally.summary())
        if kept_in is not None:
            hint = f"What is done is kept in {kept_in}: the same command goes on from there."
            cast(Any, error).hint = hint
        raise
