from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from choosing import WHOLE
from postgres import Postgres

from agentkit import Agent
from agentkit.durable import Engine
from agentkit.durable.database import Database


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new database, of either kind: empty, but with its tables for an engine.

    To make the tables takes as long as such a test does; that they are made is for other tests.
    """
    with_tables = "engine" in request.fixturenames and not WHOLE
    if request.param == "sqlite":
        path = tmp_path / "runs.db"
        if with_tables:
            shutil.copy(request.getfixturevalue("sqlite_with_tables"), path)
        return str(path)
    postgres: Postgres = request.getfixturevalue("postgres")
    if with_tables:
        return postgres.fresh_database(request.getfixturevalue("postgres_with_tables"))
    return postgres.fresh_database()


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _with_tables(str(tmp_path_factory.mktemp("tables") / "runs.db"))


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: Postgres) -> str:
    """The name of a database that new ones are copies of."""
    return _with_tables(postgres.fresh_database()).rpartition("/")[2]


def _with_tables(address: str) -> str:
    database = Database(address)
    database.prepare()
    database.close()
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
