"""The results file: a line for each outcome, so that an evaluation goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from agentkit.errors import ConfigError
from agentkit.evals.outcome import Outcome
from agentkit.redact import HIDDEN, environment_secrets, hide_in

Place = tuple[str, str, int]
"""The case, the variant, and which run of it."""


def place_of(outcome: Outcome) -> Place:
    """Tells an outcome from all others."""
    return outcome.case, outcome.variant, outcome.repeat


class Kept:
    """The outcomes of a results file.

    Args:
        path: The file; it is made if there is none. None for none.

    Raises:
        ConfigError: It cannot be read, or a line of it is no outcome.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path).expanduser()
        self.outcomes: dict[Place, Outcome] = {}
        self._secrets = environment_secrets()
        self._end = 0  # of the last whole line, in bytes
        if self.path is not None:
            try:
                self._read(self.path)
            except OSError as error:
                why = error.strerror or error
                raise ConfigError(f"{self.path} cannot be read: {why}.") from error

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return  # its writer was killed: the next one goes on behind the last whole line
                self._end += len(line)
                if line.strip():
                    outcome = self._outcome(line, number)
                    self.outcomes[place_of(outcome)] = outcome

    def _outcome(self, line: bytes, number: int) -> Outcome:
        try:
            value = json.loads(line)
            if not isinstance(value, dict):
                raise ConfigError("This is no outcome of a case.")
            return Outcome.from_dict(value)
        except (ValueError, RecursionError, ConfigError) as error:
            raise ConfigError(
                f"{self.path}, line {number}: {error} Give --results a file of its own."
            ) from error

    def rejudged(self, outcome: Outcome, judge: Callable[[Outcome], Outcome]) -> Outcome:
        """A kept outcome judged anew, as its case may have been put right since.

        One in which a secret was hidden stays as it is: nobody knows any more what it was.
        """
        is_whole = HIDDEN not in json.dumps(outcome.to_dict(), ensure_ascii=False)
        return judge(outcome) if is_whole else outcome

    def add(self, outcome: Outcome) -> None:
        """Write an outcome, without secrets, at once.

        Raises:
            ConfigError: It cannot be written.
        """
        if self.path is None:
            return
        text = json.dumps(hide_in(outcome.to_dict(), self._secrets))
        line = text.encode() + b"\n"
        try:
            with self.path.open("r+b" if self.path.exists() else "wb") as file:
                file.truncate(self._end)  # what a killed writer left of a line
                file.seek(self._end)
                file.write(line)
        except OSError as error:
            why = error.strerror or error
            raise ConfigError(f"{self.path} cannot be written: {why}.") from error
        self._end += len(line)
