"""The only ways out: `write` to stdout, `say` and `note` to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

from agentkit.cli.text import json_text, one_line
from agentkit.redact import plain, redact


class OutputClosedError(Exception):
    """Whoever read the output went away, as `head` does."""


def write(text: str, stdout: TextIO | None = None) -> None:
    """Write plain text to stdout, at once.

    Args:
        text: What to write.
        stdout: The stdout that was there before `apart`; the current one if not given.

    Raises:
        OutputClosedError: Nobody reads it any more.
    """
    stream = stdout or sys.stdout
    try:
        stream.write(plain(text))
        stream.flush()
    except BrokenPipeError:
        # What is left in the buffer is flushed at exit and must not fail there again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise OutputClosedError from None


def write_json(value: Any, *, indent: int | None = None, stdout: TextIO | None = None) -> None:
    """Write JSON and a line's end to stdout."""
    encoding = ((stdout or sys.stdout).encoding or "").lower().replace("-", "")
    write(json_text(value, ascii_only=encoding != "utf8", indent=indent) + "\n", stdout)


def note(text: str) -> None:
    """Write a line of agentkit's own to stderr."""
    print(f"agentkit: {one_line(redact(text))}", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Write plain text to stderr: what is not an answer."""
    print(plain(text), file=sys.stderr, flush=True)


@contextmanager
def apart() -> Iterator[None]:
    """Send what tools print to stderr where stdout is not a terminal: the answer stays alone."""
    if sys.stdout.isatty():
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def forgive_encodings() -> None:
    """Replace what a terminal or a pipe cannot spell, instead of failing on it."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
