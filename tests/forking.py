"""Forks in a program of its own, so that nothing of pytest comes into a child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def forked(work: Callable[[], object]) -> int:
    """The id of a child that does this and ends; one that hangs is ended after 50 seconds."""
    child = os.fork()
    if child == 0:
        status = 1
        signal.alarm(50)  # so that none that hangs is left behind
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def code_of(child: int) -> int:
    """The exit code of a child, once it has ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def output_of(program: str, *arguments: object) -> tuple[str, str]:
    """What a program that imports this module writes to stderr and stdout."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    return done.stderr, done.stdout
