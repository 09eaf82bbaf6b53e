"""The pytest plugin: recorded and scripted models, and no request over the network by accident.

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
    from agentkit.testing import ScriptedInterface

_LIVE = "AGENTKIT_LIVE"
_FORBIDDEN = pytest.StashKey[bool]()  # whether requests are forbidden in this test by us
_SCRIPT = pytest.StashKey["ScriptedInterface"]()  # of this test
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
    config.addinivalue_line(
        "markers",
        "agentkit_script(lenient=False): with lenient=True the fixture agentkit_script answers "
        "everything, and nothing has to be asked for.",
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

    options = _marked(request, "agentkit_replay", "results")
    test = request.node.nodeid.partition("::")[2]  # with its class
    path = request.path.parent / "replays" / request.path.stem / f"{_file_name(test)}.jsonl"
    option: Any = request.config.getoption("--agentkit-replay")
    replay = Replay(path, option, **options)
    if replay.mode != "replay" and request.node.stash.get(_FORBIDDEN, False):
        os.environ.pop(_LIVE, None)  # it asks the model, as it was told to
    return replay


@pytest.fixture
def agentkit_script(request: pytest.FixtureRequest) -> ScriptedInterface:
    """A model for `Agent(tools, agentkit_script)` that says what the test tells it to.

    The test fails where not all of that was asked for, or where more was.
    """
    from agentkit.testing import ScriptedInterface

    script = ScriptedInterface(**_marked(request, "agentkit_script", "lenient"))
    request.node.stash[_SCRIPT] = script
    return script


@pytest.hookimpl(trylast=True)  # behind the test, and only where that passed
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fail a test whose script was not played to its end."""
    if script := item.stash.get(_SCRIPT, None):
        try:
            script.assert_done()
        except AssertionError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Show why a script failed, also where the test failed by what came of that."""
    if call.when == "call" and call.excinfo and (script := item.stash.get(_SCRIPT, None)):
        for text in script.failures[:1]:
            if text != str(call.excinfo.value):
                item.add_report_section("call", "agentkit_script", text)


def _marked(request: pytest.FixtureRequest, name: str, option: str) -> dict[str, Any]:
    """What the marker of a fixture says, if the test has one."""
    marker = request.node.get_closest_marker(name)
    if marker and (marker.args or marker.kwargs.keys() - {option}):
        raise pytest.UsageError(f"@pytest.mark.{name} takes {option}=True or False alone.")
    return dict(marker.kwargs) if marker else {}


def _file_name(test: str) -> str:
    """The test's name as that of a file; no two tests of a file have the same."""
    plain = re.sub(r"[^\w.-]+", "-", test).encode()[:_LONGEST].decode(errors="ignore").rstrip("-")
    return plain if plain == test else f"{plain}-{sha256(test.encode()).hexdigest()[:8]}"
