"""The pytest plugin: recorded models for tests, and no request over the network by accident.

It is there in every project that has agentkit, so it imports nothing until it is used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from agentkit.replay import Replay

_LIVE = "AGENTKIT_LIVE"
_MODES = ("replay", "record", "missing", "live")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option `--agentkit-replay`."""
    parser.getgroup("agentkit").addoption(
        "--agentkit-replay",
        choices=_MODES,
        help="What tests with the fixture agentkit_replay do: replay their recordings (the "
        "default), record them anew, ask the model for what is missing in them, or leave them "
        "alone and ask the model.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The markers."""
    config.addinivalue_line(
        "markers", "agentkit_live: the test may ask a model on another machine."
    )
    config.addinivalue_line(
        "markers",
        "agentkit_replay(results=False): with results=True the recording also has the results of "
        "calls, and the tools do not run.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Forbid requests to models on other machines, but where a test may send them."""
    records = "agentkit_replay" in getattr(item, "fixturenames", ()) and _mode(item.config) not in (
        None,
        "replay",
    )
    if records or item.get_closest_marker("agentkit_live") or _LIVE in os.environ:
        return (yield)
    os.environ[_LIVE] = "no"  # of the environment, so that it holds in subprocesses too
    try:
        return (yield)
    finally:
        os.environ.pop(_LIVE, None)


@pytest.fixture
def agentkit_replay(request: pytest.FixtureRequest) -> Replay:
    """A recording of the test's own, for `Agent(replay=agentkit_replay)`.

    It is `replays/<test file>/<test>.jsonl` beside the test file, to be kept with it.
    """
    from agentkit.replay import Replay

    marker = request.node.get_closest_marker("agentkit_replay")
    place = request.path.parent / "replays" / request.path.stem
    path = place / f"{_file_name(request.node.name)}.jsonl"
    mode: Any = _mode(request.config)
    return Replay(path, mode, **(marker.kwargs if marker else {}))


def _mode(config: pytest.Config) -> str | None:
    return config.getoption("--agentkit-replay") or os.environ.get("AGENTKIT_REPLAY")


def _file_name(test: str) -> str:
    """The test's name as that of a file; no two tests of a file have the same."""
    plain = re.sub(r"[^\w.-]+", "-", test)[:100].rstrip("-")
    return plain if plain == test else f"{plain}-{sha256(test.encode()).hexdigest()[:8]}"
