from __future__ import annotations

import signal
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.command import Command, Done

from agentkit.cli import main

PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"

TOOLS = '''
import time

from agentkit import Context, tool

ODD = "[bold]\\x1b[31m{}\\x1b[0m\\x9b2J\\x07[/bold] :smile:"


@tool(read_only=True)
def paint(word: str, context: Context) -> str:
    """Paint a word.

    It is pretty.

    Args:
        word: The word.
    """
    context.progress("mixing [red]", 0.5)
    return ODD.format(word)


@tool
def nap(seconds: float) -> str:
    """Nap for some seconds.

    Args:
        seconds: How long.
    """
    print("napping", flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)  # a signal just before a long sleep would wait for its end
    return "rested"


@tool
def tear(word: str) -> str:
    """Tear a word.

    Args:
        word: The word.
    """
    raise ValueError(f"{word} is\\x1b[2J too strong")


@tool(on_error="raise", destructive=True, approve=False)
def crash(word: str) -> str:
    """Crash a word.

    Args:
        word: The word.
    """
    raise ValueError(f"{word} crashed\\nand burned")
'''


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The metadata of an installed agentkit, so that its packs are found in a source tree too."""
    points = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["entry-points"]
    lines = [f"{name} = {value}" for name, value in points["agentkit.tools"].items()]
    info = tmp_path_factory.mktemp("packs") / "agentkit-0.1.0.dist-info"
    info.mkdir()
    text = "\n".join(["[agentkit.tools]", *lines])
    (info / "entry_points.txt").write_text(text, encoding="utf-8")
    metadata = "Metadata-Version: 2.1\nName: agentkit\nVersion: 0.1.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    return info.parent


@pytest.fixture
def tools_file(tmp_path: Path) -> str:
    (tmp_path / "odd.py").write_text(TOOLS, encoding="utf-8")
    return str(tmp_path / "odd.py")


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c() -> Iterator[None]:
    """Let commands hear Ctrl-C also where the tests themselves were started in the background."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # which a process hands on to those that it starts
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def command(tmp_path: Path, packs: Path, tools_file: str) -> Iterator[Command]:
    """The command line in a process of its own; odd.py is in its directory."""
    made = Command(tmp_path, packs)
    yield made
    made.stop_all()


@pytest.fixture
def inside(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command line in this process, where a process of its own would add nothing."""

    def call(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out, err)

    return call
