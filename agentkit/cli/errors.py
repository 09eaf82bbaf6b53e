"""Errors as one line and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from agentkit.cli.output import OutputClosedError, note
from agentkit.cli.text import one_line
from agentkit.errors import AgentkitError, ConfigError, DefinitionError, LimitError

if TYPE_CHECKING:
    from agentkit import Run

FAILED = 1
WRONG_USE = 2
LIMIT = 3
NOT_APPROVED = 4
INTERRUPTED = 130
OUTPUT_CLOSED = 141  # what a shell shows for a program that SIGPIPE ended


class NotApprovedError(Exception):
    """Calls wait for approval, and there is nobody to ask; `run` is the run so far."""

    def __init__(self, run: Run[Any]) -> None:
        from agentkit.run import shown
        from agentkit.transcript import may_have_run

        first = run.pending[0]
        more = f" (and {len(run.pending) - 1} more)" if len(run.pending) > 1 else ""
        happened, option = f"was not run: {first.waits}", ""
        if may_have_run(first):
            happened, option = "may or may not have run", ", or give --unfinished repeat or skip"
        elif not run.revision:  # no journal has it, so that it would begin anew
            option = ", or give --approval never where it can do no harm"
        super().__init__(
            f"{one_line(shown(first))}{more} {happened}. "
            f"Start agentkit on a terminal to be asked{option}."
        )
        self.run = run


def outcome(error: BaseException) -> tuple[int, str] | None:
    """The exit code and the line for an error, or None where it is a bug of ours."""
    match error:
        case OutputClosedError():
            return OUTPUT_CLOSED, ""
        case KeyboardInterrupt():
            return INTERRUPTED, "interrupted."
        case LimitError():
            return LIMIT, str(error)
        case NotApprovedError():
            return NOT_APPROVED, str(error)
        case ConfigError() | DefinitionError():
            return WRONG_USE, str(error)
        case AgentkitError():
            return FAILED, str(error)
    if getattr(error, "run", None) is not None:  # a tool raised it
        return FAILED, f"the run failed: {named(error)}"
    return None


def named(error: BaseException) -> str:
    """An error's type and text."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@contextmanager
def reported() -> Iterator[None]:
    """Turn what is raised inside into one line on stderr and an exit code."""
    try:
        yield
    except BaseException as error:
        if (found := outcome(error)) is None:
            raise
        code, text = found
        if text:
            note(text)
        if hint := getattr(error, "hint", ""):
            note(hint)
        raise typer.Exit(code) from None
