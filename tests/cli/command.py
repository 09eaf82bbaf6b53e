"""The command line as a user has it: a process of its own, with pipes or a terminal around it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warm import python, run_python

_LEFT_OUT = ("NO_COLOR", "FORCE_COLOR", "LINES", "PYTHONUNBUFFERED")  # they change what is shown


@dataclass(frozen=True)
class Done:
    """What a finished command left."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    """`agentkit` in a directory of its own, with no key and no settings."""

    place: Path
    packs: Path
    _begun: list[subprocess.Popen[Any]] = field(default_factory=list)

    def stop_all(self) -> None:
        """End what a failed test left running."""
        for process in self._begun:
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
            if process.poll() is None:
                process.kill()
                process.wait()

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AGENTKIT_", "GROQ_")) and name not in _LEFT_OUT
        }
        clean.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling anew takes longer than the rest
        clean |= {"PYTHONPYCACHEPREFIX": str(self.packs / "cache"), "PYTHONUTF8": "1"}
        clean |= {"PYTHONPATH": str(self.packs), "NO_PROXY": "*"}
        return clean | {"TERM": "xterm", "COLUMNS": "80"} | dict(extra or {})

    def __call__(
        self, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Done:
        done = run_python(
            *("-m", "agentkit", *arguments),
            stdin=stdin,
            cwd=self.place,
            env=self.environment(env),
            timeout=60,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        process = python(
            *("-m", "agentkit", *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=self.place,
            env=self.environment(),
        )
        self._begun.append(process)
        return process

    def on_terminal(self, *arguments: str, env: Mapping[str, str] | None = None) -> Terminal:
        ours, theirs = pty.openpty()
        process = python(
            *("-m", "agentkit", *arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=self.place,
            env=self.environment(env),
            start_new_session=True,
        )
        os.close(theirs)
        self._begun.append(process)
        return Terminal(process, ours)


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self.process = process
        self._ours = ours
        self._bytes = b""
        self._seen = 0

    def until(self, text: str, seconds: float = 30) -> str:
        """What came up to a text, after what was waited for before."""
        end = time.monotonic() + seconds
        while (place := self._bytes.find(text.encode(), self._seen)) < 0:
            if time.monotonic() > end or not self._read(0.2):
                raise AssertionError(f"no {text!r} in {self._bytes[self._seen :]!r}")
        start, self._seen = self._seen, place + len(text.encode())
        return self._bytes[start : self._seen].decode()

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def interrupt_until(self, text: str) -> None:
        """Press Ctrl-C; again where it came just before the program began to wait.

        Not soon, as a second one could end what answers the first.
        """
        for _ in range(5):
            self.process.send_signal(signal.SIGINT)
            with suppress(AssertionError):
                self.until(text, seconds=5)
                return
        self.until(text)

    def end(self) -> tuple[int, str]:
        """Wait for the end; the exit code and all that was shown."""
        end = time.monotonic() + 60
        while self._read(1):
            assert time.monotonic() < end, f"it does not end: {self._bytes!r}"
        code = self.process.wait(30)
        os.close(self._ours)
        return code, self._bytes.decode().replace("\r\n", "\n")

    def _read(self, seconds: float) -> bool:
        """Read what there is; False at the end."""
        ended = self.process.poll() is not None  # before the look, which sees all that it wrote
        if not select.select([self._ours], [], [], seconds)[0]:
            return not ended
        try:
            piece = os.read(self._ours, 65536)
        except OSError:  # Linux's way to say that nobody has the other side any more
            return False
        self._bytes += piece
        return bool(piece)
