"""Starts a process in a group of its own, serves its pipes, and ends the whole group.

However the caller leaves, by a result, an error, KeyboardInterrupt or the end of the interpreter,
the group is killed first. The group's number is that of its first process, and stays taken until
that one is reaped: the group is killed before, so that the number can be nobody else's.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import IO, Any, cast

from agentkit.errors import ConfigError, ToolError

_POSIX = os.name == "posix"
_CHUNK = 65_536  # bytes; what a pipe holds on Linux
_SHORTEST, _LONGEST = 0.001, 0.02  # seconds between two looks whether the process has ended
_LAST = 5.0  # seconds for the system to end a killed process, and for the last output of Windows
_BEGIN = b"1"  # what the launcher waits for; it ends without it where its caller has ended before
_LAUNCHER = os.path.join(os.path.dirname(__file__), "launching.py")

Process = subprocess.Popen[bytes]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to run.

    Args:
        arguments: What it is called with, its own name first.
        stdin: Its input.
        cwd: Its working directory; None for this process's own.
        env: Its environment.
        limits: By name, such as `RLIMIT_CPU`; not on Windows.
        timeout: Seconds until it is ended.
        max_output: Bytes of each stream until it is ended.
    """

    arguments: Sequence[str]
    stdin: bytes
    cwd: str | None
    env: Mapping[str, str]
    limits: Mapping[str, int]
    timeout: float
    max_output: int


@dataclass(slots=True)
class Served:
    """What a process printed, how it ended, and why it was stopped, if it was."""

    limit: int
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    code: int = 0
    timed_out: bool = False
    cut: bool = False

    def keep(self, kept: bytearray, data: bytes) -> None:
        """Add what fits to one of the streams."""
        room = self.limit - len(kept)
        kept += data[:room]
        self.cut = self.cut or len(data) > room


def run(program: str, job: Job) -> Served:
    """Run the program at a path until it ends or is ended; nothing of its group is left.

    Raises:
        ToolError: It cannot be started.
        ConfigError: There is no interpreter that could limit it.
    """
    if not _POSIX:
        return serve_by_threads(_start(job, [program, *job.arguments[1:]], ()), job)
    if not sys.executable or getattr(sys, "frozen", False):  # it would start this program again
        raise ConfigError("Programs are run from a Python interpreter, not from a frozen program.")
    limits = ",".join(f"{name}={value}" for name, value in job.limits.items())
    python = [sys.executable, "-I", "-S", "-X", "utf8", _LAUNCHER]
    line, its_line = socket.socketpair()
    with line:
        with its_line:
            its = its_line.fileno()
            launch = [*python, str(its), limits, program, *job.arguments]
            process = _start(job, launch, (its,))
        served = serve_by_selector(process, job, partial(_let_begin, line))
        if why := _said(line):
            raise ToolError(f"{job.arguments[0]!r} cannot be run: {why}.")
    return served


def serve_by_selector(
    process: Process, job: Job, begin: Callable[[], object] = lambda: None
) -> Served:
    """Serve a process in the caller's own thread, so that none waits for what outlives it.

    `begin` lets it begin, once its end is seen to.
    """
    served, unfed = Served(job.max_output), memoryview(job.stdin)

    def feed(pipe: IO[bytes]) -> bool:
        nonlocal unfed
        try:
            unfed = unfed[pipe.write(unfed) or 0 :]  # None: it is full just now
        except BrokenPipeError:  # the program does not want all of it
            return False
        return bool(unfed)

    def take(kept: bytearray, pipe: IO[bytes]) -> bool:
        data = pipe.read(_CHUNK)  # None: it is empty just now
        served.keep(kept, data or b"")
        return data != b""

    handlers: list[tuple[IO[bytes] | None, int, Any]] = [
        (process.stdin, selectors.EVENT_WRITE, feed),
        (process.stdout, selectors.EVENT_READ, partial(take, served.output)),
        (process.stderr, selectors.EVENT_READ, partial(take, served.errors)),
    ]
    with _ended_at_last(process), selectors.DefaultSelector() as selector:
        begin()
        for pipe, event, handler in handlers:
            if pipe:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, event, handler)
        for pause in _pauses(process, served, job.timeout):
            _handle(selector, pause)
        _end_group(process)
        while not served.cut and _handle(selector, 0):
            pass  # what was written before the end
    return _with_code(process, served)


def serve_by_threads(process: Process, job: Job) -> Served:
    """Serve a process where no pipe can be waited for: on Windows."""
    served = Served(job.max_output)

    def feed(pipe: IO[bytes]) -> None:
        rest = memoryview(job.stdin)
        with suppress(OSError), pipe:
            while rest:
                rest = rest[pipe.write(rest) :]

    def take(kept: bytearray, pipe: IO[bytes]) -> None:
        with pipe:
            while not served.cut and (data := pipe.read(_CHUNK)):
                served.keep(kept, data)

    work: list[tuple[IO[bytes] | None, Any]] = [
        (process.stdin, feed),
        (process.stdout, partial(take, served.output)),
        (process.stderr, partial(take, served.errors)),
    ]
    threads = [Thread(target=each, args=(pipe,), daemon=True) for pipe, each in work if pipe]
    with _ended_at_last(process):
        for each in threads:
            each.start()
        for pause in _pauses(process, served, job.timeout):
            time.sleep(pause)
        _end_group(process)
        for each in threads:
            each.join(_LAST)
    return _with_code(process, served)


def _start(job: Job, command: Sequence[str], inherited: tuple[int, ...]) -> Process:
    try:
        return subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE if job.stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=job.cwd,
            env=job.env,
            pass_fds=inherited,
            start_new_session=_POSIX,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except (OSError, ValueError) as error:  # the second for characters that it cannot be given
        why = getattr(error, "strerror", None) or error
        raise ToolError(f"{job.arguments[0]!r} cannot be started: {why}.") from None


@contextmanager
def _ended_at_last(process: Process) -> Iterator[None]:
    # At the end of the interpreter too: tools run in daemon threads, which are just stopped there.
    at_exit = weakref.finalize(process, _end_group, process)
    try:
        yield
    finally:
        _end_group(process)
        with suppress(subprocess.TimeoutExpired):  # it waits for a device, or runs as someone else
            process.wait(_LAST)
        at_exit.detach()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe and _POSIX:  # on Windows the threads close them
                pipe.close()


def _pauses(process: Process, served: Served, timeout: float) -> Iterator[float]:
    """Seconds to wait for output, again and again, until the process has ended or is to be."""
    deadline, pause = time.monotonic() + timeout, _SHORTEST
    while not served.cut and not _has_ended(process):
        left = deadline - time.monotonic()
        if left <= 0:
            served.timed_out = True
            return
        yield min(pause, left)
        pause = min(2 * pause, _LONGEST)


def _handle(selector: selectors.BaseSelector, pause: float) -> bool:
    """Serve the pipes that are ready; whether any was."""
    ready = selector.select(pause)
    for key, _ in ready:
        if not key.data(key.fileobj):
            selector.unregister(key.fileobj)
            cast(IO[bytes], key.fileobj).close()
    return bool(ready)


def _has_ended(process: Process) -> bool:
    """Whether it has ended; it is not reaped yet, so that its number stays its own."""
    if not hasattr(os, "waitid"):  # on Windows, and on macOS before Python 3.13
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # this program reaps all its children itself
        return True


def _end_group(process: Process) -> None:
    if process.returncode is not None and (hasattr(os, "waitid") or not _POSIX):
        return  # its number may be another's by now
    if _POSIX:
        with suppress(OSError):  # nobody is left, or all run as someone else
            os.killpg(process.pid, signal.SIGKILL)
    else:
        tree = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(tree, capture_output=True, check=False, timeout=_LAST)


def _with_code(process: Process, served: Served) -> Served:
    served.code = -9 if process.returncode is None else process.returncode
    return served


def _let_begin(line: socket.socket) -> None:
    """Let the launcher become the program."""
    with suppress(OSError):  # it has ended already
        line.send(_BEGIN)


def _said(line: socket.socket) -> str:
    """What the launcher wrote; nothing where it became the program, or was ended before."""
    line.setblocking(False)
    try:
        return line.recv(_CHUNK).decode("utf-8", "replace")
    except OSError:
        return ""
