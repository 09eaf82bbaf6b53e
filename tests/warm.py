"""Processes of Python that begin with what they import: forked from one that has imported it.

Importing takes several times as long as what a command or a worker of the tests does then. So a
process that has imported all of agentkit, and done nothing else, forks for each. What is forked has
its own directory, environment, streams, signals and end; it is a process like any other, but for
what it need not import. Tests of how a process starts use `subprocess`; with `AGENTKIT_TESTS=whole`
all do.
"""

from __future__ import annotations

import io
import json
import os
import select
import socket
import subprocess
import sys
import threading
import types
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

WHOLE = os.environ.get("AGENTKIT_TESTS") == "whole"

_MOST = 1 << 20  # bytes of a request; an environment is a few thousand
_LOOKED_AT = ("PYTHON", "COV")
_lock = threading.Lock()
_springs: dict[tuple[tuple[str, str], ...], Spring] = {}


def python(
    *arguments: object, env: Mapping[str, str] | None = None, **given: Any
) -> subprocess.Popen[Any]:
    """`subprocess.Popen` of this Python, with arguments that begin with `-m`, `-c` or a script."""
    env = dict(os.environ) if env is None else env
    command = [sys.executable, *map(str, arguments)]
    if WHOLE or sys.platform != "linux":
        return subprocess.Popen(command, env=env, **given)
    return _Warm(command, env=env, **given)


def run_python(
    *arguments: object, stdin: str | None = None, timeout: float = 120.0, **given: Any
) -> subprocess.CompletedProcess[str]:
    """`subprocess.run` of this Python: its output is captured as text."""
    pipe = subprocess.PIPE
    given |= {"stdin": subprocess.DEVNULL if stdin is None else pipe, "encoding": "utf-8"}
    with python(*arguments, stdout=pipe, stderr=pipe, **given) as process:
        try:
            out, err = process.communicate(stdin, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class _Warm(subprocess.Popen[Any]):
    """A process that was forked by a spring, which tells how it ended."""

    def _execute_child(self, args: list[str], *given: Any) -> None:
        # After args: executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo,
        # creationflags, shell, and three pairs of ends, of which the child has one each.
        cwd, env, ends, start_new_session = given[4], given[5], given[9:15], given[20]
        request = {
            "arguments": args[1:],
            "directory": str(cwd or Path.cwd()),
            "environment": env,
            "session": start_new_session,
        }
        theirs = [ends[0], ends[3], ends[5]]
        self._told, told = os.pipe()
        _spring(env).ask(request, [each if each >= 0 else n for n, each in enumerate(theirs)], told)
        os.close(told)
        self._close_pipe_fds(*ends)
        self.pid = int(self._line())
        self._child_created = True

    def _line(self) -> str:
        """What the spring tells: a number in ten digits."""
        line = os.read(self._told, 10).decode()
        assert line, "the process that forks has ended"
        return line

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if wait_flags and not select.select([self._told], [], [], 0)[0]:
            return 0, 0
        status = int(self._line())
        os.close(self._told)
        return self.pid, status

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                pid, status = self._try_wait(os.WNOHANG) if self.returncode is None else (0, 0)
                if pid:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


class Spring:
    """The process that has imported everything, as its tests see it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, __file__, str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C is for the tests
            )

    def ask(self, request: dict[str, Any], streams: list[int], told: int) -> None:
        socket.send_fds(self._door, [json.dumps(request).encode()], [*streams, told])

    def end(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)  # whoever else has it, as forks of the tests do
        self._door.close()
        self._process.wait()


def _spring(environment: Mapping[str, str]) -> Spring:
    """The one for an environment, as far as Python looks at that before it runs anything."""
    key = tuple(sorted(each for each in environment.items() if each[0].startswith(_LOOKED_AT)))
    with _lock:
        if key not in _springs:
            _springs[key] = Spring(environment)
        return _springs[key]


def end_all() -> None:
    """End them, so that what they measured is written."""
    while _springs:
        _springs.popitem()[1].end()


def import_all() -> None:
    """Import agentkit, its tools, and what these import at once or when they first need it."""
    import importlib
    import pkgutil

    import agentkit
    import agentkit_tools

    for package in (agentkit, agentkit_tools):
        names = pkgutil.walk_packages(package.__path__, f"{package.__name__}.", lambda _: None)
        for module in names:
            if not module.name.endswith(("__main__", "pytest_plugin")):
                with suppress(Exception):  # without its extra: who needs it is told
                    importlib.import_module(module.name)


def _forked(door: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; return in the child, with the request, and None when nobody asks more."""
    begun: dict[int, tuple[int, int]] = {}  # the pid and the pipe, by what can be waited for
    while True:
        for each in select.select([door, *begun], [], [])[0]:
            if each is not door:
                pid, told = begun.pop(each)
                os.write(told, b"%10d" % os.waitpid(pid, 0)[1])
                os.close(told)
                os.close(each)
                continue
            message, given, *_ = socket.recv_fds(door, _MOST, 4)
            if not message:
                return None
            pid = os.fork()
            if not pid:
                for end in [*begun, *(told for _, told in begun.values()), given.pop()]:
                    os.close(end)
                door.close()
                return {**json.loads(message), "streams": given}
            os.write(given[3], b"%10d" % pid)
            begun[os.pidfd_open(pid)] = pid, given[3]
            for stream in given[:3]:
                os.close(stream)


def _become(request: dict[str, Any]) -> None:
    """Be a process of its own, as if it had just been started."""
    if request["session"]:
        os.setsid()
    for number, stream in enumerate(request["streams"]):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        at_once = mode == "w" and "PYTHONUNBUFFERED" in os.environ
        binary = open(number, f"{mode}b", 0 if at_once else -1, closefd=False)  # noqa: SIM115
        errors = "backslashreplace" if name == "stderr" else getattr(sys, name).errors
        by_line = name == "stderr" or os.isatty(number)
        stream = io.TextIOWrapper(
            binary, "utf-8", errors, line_buffering=by_line, write_through=at_once
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _run(arguments: list[str]) -> None:
    """Run what `python` runs with these arguments."""
    import runpy

    how, *others = arguments
    if how == "-m":
        sys.path.insert(0, os.getcwd())
        sys.argv = others
        runpy.run_module(others[0], run_name="__main__", alter_sys=True)
    elif how == "-c":
        sys.path.insert(0, "")
        sys.argv = ["-c", *others[1:]]
        sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(others[0], "<string>", "exec"), vars(sys.modules["__main__"]))
    else:
        sys.path.insert(0, str(Path(how).parent))
        sys.argv = arguments
        runpy.run_path(how, run_name="__main__")


def _coverage() -> Any:
    """What measures this process, if anything does."""
    if "coverage" not in sys.modules:
        return None
    from coverage import Coverage

    return Coverage.current()


def _main() -> None:
    import gc

    sys.path.pop(0)  # where this file is
    import_all()
    assert threading.active_count() == 1, "a thread would not be there after a fork"
    if measured := _coverage():
        measured.save()  # and forget, else each child writes it again
    gc.collect()
    gc.freeze()  # else the first collection in each child copies all of it
    with socket.socket(fileno=int(sys.argv[1])) as door:
        request = _forked(door)
    if request is None:
        return
    _become(request)
    try:
        _run(request["arguments"])
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        _exit(ended.code or 0)
    _exit(0)


def _exit(code: int) -> None:
    """End without taking everything apart, which copies all memory that is shared until then."""
    import atexit
    import gc

    threading._shutdown()  # waits for threads, as Python does
    atexit._run_exitfuncs()
    gc.collect()  # what nobody has any more says here what it has to say
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


if __name__ == "__main__":
    _main()
