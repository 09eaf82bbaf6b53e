"""Python code that a model writes, run in a limited process: for machines that may be harmed."""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress

from agentkit import ToolError, tool

__all__ = ["run_python"]

_RUNNER = os.path.join(os.path.dirname(__file__), "_snippet.py")
_FRESH = ("HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE")  # variables that name the directory
_MAX_OUTPUT = 100_000  # bytes


class Python:
    """Runs Python code in a process of its own.

    This is no sandbox. The code has the rights of the user: it can read and delete the user's
    files, use the network and start programs. So a person should approve what it runs, which is
    what an agent asks for by default.

    What holds is meant against accidents: `timeout`, after which the process and all of its group
    is killed; memory, processor time (twice the timeout), files of 100 MB, 256 open files and 64
    more processes or threads, as far as `agentkit.safe.run_program` can set them; 100,000 bytes
    of output. The environment has no keys. Packages are those of this interpreter.

    Args:
        timeout: Seconds until it is stopped.
        memory: Bytes of address space.
    """

    def __init__(self, timeout: float = 30.0, memory: int = 2 << 30) -> None:
        self._timeout = timeout
        self._memory = memory

    @tool(destructive=True, open_world=True)
    def run_python(self, code: str) -> str:
        """Run Python code and get what it prints and the value of its last expression.

        Each call starts afresh, in an empty directory that is removed afterwards; no variable and
        no file of an earlier call is there. Time and memory are limited, and there is no input.
        It is no sandbox: the code acts with the user's rights, on the user's files and network.

        Args:
            code: Python source, such as "import math\\nmath.factorial(20)".
        """
        from tempfile import TemporaryDirectory

        from agentkit.safe import run_program

        fresh = TemporaryDirectory(prefix="agentkit-", ignore_cleanup_errors=True)
        try:
            return run_program(
                [sys.executable, "-I", "-X", "utf8", _RUNNER],
                stdin=code,
                cwd=fresh.name,
                env=dict.fromkeys(_FRESH, fresh.name),
                timeout=self._timeout,
                max_output=_MAX_OUTPUT,
                memory=self._memory,
                cpu=2 * math.ceil(self._timeout),
                file_size=100_000_000,
                open_files=256,
                processes=64,
            ).text
        finally:
            with suppress(RecursionError):
                fresh.cleanup()
            if os.path.exists(fresh.name):  # nested too deep for Python before 3.13
                with suppress(ToolError):
                    run_program(["rm", "-rf", "--", fresh.name], timeout=self._timeout)


run_python = Python().run_python
