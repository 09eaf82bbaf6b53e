"""This machine as the place of a batch: its agent, its journal, and the names of its runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import copy
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentkit import Agent, ConfigError
from agentkit.cli.batch.answers import Answers
from agentkit.cli.batch.here import Here
from agentkit.interface import place_of
from agentkit.journal.store import Journal

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 40  # characters of a file's name in the ids of runs


class Machine:
    """Runs the rows of a batch here, and keeps them in a journal.

    Args:
        agent: What runs them; its own journal is left alone.
        journal: The journal's file, which may have other batches too; if not given, one beside the
            output that is the batch's alone, or none where the output is no ordinary file.
        settings: Those of `Here`.
    """

    def __init__(self, agent: Agent[Any], journal: Path | None, settings: Mapping[str, Any]):
        self._agent, self._given, self._settings = agent, journal, settings

    @property
    def runs_with(self) -> tuple[str, str]:
        """The interface and the model that are asked."""
        return place_of(self._agent.interface), self._agent.model

    def kept_in(self, output: Path | None) -> Path | None:
        """The journal's file, if there is one."""
        if self._given is not None or output is None or not is_ordinary(output):
            return self._given
        return Path(f"{output}.db")

    def check(self) -> None:
        """See that the agent can run, so that a missing key is told first.

        Raises:
            ConfigError: It cannot.
            DefinitionError: A tool cannot be offered.
        """
        self._agent.check()

    @contextmanager
    def opened(self, output: Path | None) -> Iterator[Answers]:
        """What runs the rows.

        Raises:
            ConfigError: The output is there, and the journal has nothing of it.
            JournalError: The journal cannot be used.
        """
        path = self.kept_in(output)
        with ExitStack() as stack:
            journal = Journal(path) if path is not None else None
            if journal is not None:
                stack.callback(journal.close)
            name, known = _batch_name(journal, output, shared=self._given is not None)
            if journal is not None and output is not None and not known:
                _check_overwriting(output, journal)
            mine = copy(self._agent)
            vars(mine)["journal"] = journal
            yield Here(mine, name, **self._settings)

    def advice(self, states: Mapping[str, int], output: Path | None) -> Iterator[str]:
        """What can be done with rows that are not done."""
        path = self.kept_in(output)
        if states.get("failed") and path is not None:
            yield "--retry-failed goes on with the rows that failed."
        elif states.get("failed"):
            yield "-o FILE keeps what is done, so that --retry-failed can go on with what failed."
        if states.get("waiting") and path is not None:
            yield (
                f"`agentkit runs list --state waiting --journal {path}` lists what waits; "
                "`agentkit runs resume` decides on it, and the same batch then has its answer."
            )
        elif states.get("waiting"):
            yield "-o FILE keeps what waits, so that it can be decided on."


def is_ordinary(path: Path) -> bool:
    """Whether it is a file that can begin anew, or none yet: no pipe, and no /dev/null."""
    return path.is_file() or not path.exists()


def _batch_name(journal: Journal | None, output: Path | None, *, shared: bool) -> tuple[str, bool]:
    """What the ids of a batch's runs begin with, and whether the journal has any of them.

    It has a part by chance, so that the `call_key`s of two batches are never the same.
    """
    label = "batch"
    if shared and output is not None:
        place = sha256(os.fsencode(output.absolute())).hexdigest()[:8]
        label = f"{_UNFIT.sub('_', output.name)[:_LONGEST]}-{place}"
    is_there = journal is not None and journal.path.exists()
    found = journal.first(f"{label}:") if journal is not None and is_there else None
    if found is not None:
        return ":".join(found.split(":")[:2]), True
    return f"{label}:{os.urandom(4).hex()}", False


def _check_overwriting(output: Path, journal: Journal) -> None:
    """Refuse to write over what no journal can give again."""
    if output.exists() and is_ordinary(output) and output.stat().st_size:
        raise ConfigError(
            f"{output} is there already, and the journal {journal.path} has none of its rows: it "
            "would be lost. Give another -o, move it away, or bring its journal back."
        )
