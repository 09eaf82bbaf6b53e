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
_FORBIDDEN = pytest.StashKey[bool]()  # whether requests are forbidden in this test by us
_LONGEST = 100  # bytes of a test's name that the file's has; systems take 255
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


@pytest.hookimpl(hookwrapper=True)  # which pytest 7 knows too
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, None]:
    """Forbid requests to models on other machines, but where a test may send them."""
    if item.get_closest_marker("agentkit_live") or os.environ.get(_LIVE):
        yield
        return
    os.environ[_LIVE] = "no"  # of the environment, so that it holds in subprocesses too
    item.stash[_FORBIDDEN] = True
    try:
        yield
    finally:
        os.environ.pop(_LIVE, None)


@pytest.fixture
def agentkit_replay(request: pytest.FixtureRequest) -> Replay:
    """A recording of the test's own, for `Agent(replay=agentkit_replay)`.

    It is `replays/<test file>/<test>.jsonl` beside the test file, to be kept with it.
    """
    from agentkit.replay import Replay

    marker = request.node.get_closest_marker("agentkit_replay")
    if marker and (marker.args or marker.kwargs.keys() - {"results"}):
        raise pytest.UsageError("@pytest.mark.agentkit_replay takes results=True or False alone.")
    test = request.node.nodeid.partition("::")[2]  # with its class
    path = request.path.parent / "replays" / request.path.stem / f"{_file_name(test)}.jsonl"
    option: Any = request.config.getoption("--agentkit-replay")
    replay = Replay(path, option, **(marker.kwargs if marker else {}))
    if replay.mode != "replay" and request.node.stash.get(_FORBIDDEN, False):
        os.environ.pop(_LIVE, None)  # it asks the model, as it was told to
    return replay


def _file_name(test: str) -> str:
    """The test's name as that of a file; no two tests of a file have the same."""
    plain = re.sub(r"[^\w.-]+", "-", test).encode()[:_LONGEST].decode(errors="ignore").rstrip("-")
    return plain if plain == test else f"{plain}-{sha256(test.encode()).hexdigest()[:8]}"
