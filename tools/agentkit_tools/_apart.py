"""Work whose time and memory nobody can tell beforehand, done in a limited process."""

from __future__ import annotations

import json
import os
import signal
import site
import sys
import sysconfig
from importlib.machinery import PathFinder
from typing import Any

import pydantic

from agentkit import ToolError
from agentkit.safe import run_program

_SECONDS = 5.0
_MEMORY = 1 << 30  # bytes
_MAX_OUTPUT = 8_000_000  # bytes
_OUT_OF_TIME = -getattr(signal, "SIGXCPU", 0)  # on Windows there is no such limit


def apart(worker: str, *, seconds: float | None = None, file_size: int = 0, **given: Any) -> Any:
    """What a worker makes of what it is given.

    A pattern such as `(a+)+$` runs for years, and an expression of a few characters can make a
    value that fills any memory. Python can stop neither of them; it can end a process.

    Args:
        worker: The file in this directory that is run. It reads JSON from standard input, and
            writes `{"value": ...}` or `{"error": "what is wrong"}`.
        seconds: Until it is stopped; 5 if not given.
        file_size: Bytes of the biggest file that it may write.
        given: What it is given, as JSON can carry it.

    Raises:
        ToolError: It says what is wrong, takes too long, or needs too much memory.
    """
    seconds = _SECONDS if seconds is None else seconds
    done = run_program(
        [sys.executable, "-I", "-S", "-X", "utf8", os.path.join(os.path.dirname(__file__), worker)],
        stdin=json.dumps(given),
        timeout=seconds,
        cpu=int(seconds) + 1,
        memory=_MEMORY,
        max_output=_MAX_OUTPUT,
        file_size=file_size,
    )
    if done.timed_out or done.code == _OUT_OF_TIME < 0:  # this process may have been too busy
        raise ToolError(f"It was stopped after {seconds:g} seconds. Make it simpler or smaller.")
    if done.cut:
        raise ToolError(f"The result has more than {_MAX_OUTPUT:,} bytes. Ask for less of it.")
    if not done.ok and "MemoryError" not in done.errors and done.code > 0:
        raise ToolError("It could not be done: the process that does it failed.")
    if not done.ok:
        raise ToolError("It needs too much memory. Make it simpler or smaller.")
    result = json.loads(done.output)
    if "error" in result:
        raise ToolError(result["error"])
    return result["value"]


def libraries(wanted: str, tool: str) -> list[str]:
    """Where a worker finds a library: where packages are installed, and nowhere else.

    The working directory, or the one of a program or of tools, may hold files that a model wrote,
    and libraries try to import what may not be there.

    Args:
        wanted: The library.
        tool: The tool that needs it.

    Raises:
        ToolError: It is not installed.
    """
    own = os.path.dirname(os.path.dirname(pydantic.__file__))  # as with pip install --target
    paths = sysconfig.get_paths()
    known = (*site.getsitepackages(), site.getusersitepackages())
    kept = {os.path.realpath(each) for each in (own, paths["purelib"], paths["platlib"], *known)}
    found = [each for each in sys.path if os.path.isabs(each) and os.path.realpath(each) in kept]
    if PathFinder.find_spec(wanted, found) is None:
        raise ToolError(f'{tool} needs {wanted}: pip install "agentkit[tools]".')
    return found
