from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent
from agentkit.durable import Engine


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new database, of either kind."""
    if request.param == "sqlite":
        return str(tmp_path / "runs.db")
    address: str = request.getfixturevalue("database")
    return address


@pytest.fixture
def engine(address: str) -> Iterator[Callable[..., Engine]]:
    """Makes engines of one database, which are closed at the end."""
    made: list[Engine] = []

    def make(*agents: Agent[Any], **given: Any) -> Engine:
        made.append(Engine(address, agents, patience=20.0, **given))
        return made[-1]

    yield make
    for each in made:
        each.close()
