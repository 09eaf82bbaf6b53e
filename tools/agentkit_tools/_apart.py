"""Work whose time and memory nobody can tell beforehand, done in a limited process."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from agentkit import ToolError
from agentkit.safe import run_program

_WORKER = os.path.join(os.path.dirname(__file__), "_apart_worker.py")
_SECONDS = 5.0
_MEMORY = 1 << 30  # bytes
_MAX_OUTPUT = 2_000_000  # bytes


def apart(work: str, **given: Any) -> Any:
    """What a function of the worker gives.

    A pattern such as `(a+)+$` runs for years, and an expression of a few characters can make a
    value that fills any memory. Python can stop neither of them; it can end a process.

    Args:
        work: The function's name.
        given: Its arguments, as JSON can carry them.

    Raises:
        ToolError: It says what is wrong, takes too long, or needs too much memory.
    """
    done = run_program(
        [sys.executable, "-I", "-S", "-X", "utf8", _WORKER],
        stdin=json.dumps({"work": work, "given": given}),
        timeout=_SECONDS,
        cpu=int(_SECONDS) + 1,
        memory=_MEMORY,
        max_output=_MAX_OUTPUT,
        file_size=0,
    )
    if done.timed_out:
        raise ToolError(f"It was stopped after {_SECONDS:g} seconds. Make it simpler or smaller.")
    if done.cut:
        raise ToolError(f"The result has more than {_MAX_OUTPUT:,} bytes. Ask for less of it.")
    if not done.ok:
        raise ToolError("It needs too much memory. Make it simpler or smaller.")
    result = json.loads(done.output)
    if "error" in result:
        raise ToolError(result["error"])
    return result["value"]
