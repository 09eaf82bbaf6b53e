"""`run_program`: a program, its arguments and nothing else, for a limited time.

There is no shell in between, so no character of an argument means anything but itself. `Operand` is
the argument type for what a model chooses, so that it cannot become an option of the program.

It is not a sandbox: a program may read, write and connect to whatever the user may.

A program begins a process group of its own. When it has ended or is stopped, or its caller is
interrupted or ends, all of the group is killed. Two things escape. A process that leaves the group,
as daemons do and jobs of `set -m`, lives on with its limits; nobody waits for it. And where the
caller is killed by a signal that it does not handle, its programs go on.

On Windows there are no limits but time and output, and what is left in the background lives on.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, TypedDict, Unpack

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from agentkit.errors import ToolError
from agentkit.safe.processes import Job, Served, run

# By name and never by pattern: what is not known to be harmless stays here.
_KEPT = (
    "PATH HOME TMPDIR TZ LANG LANGUAGE "
    "LC_ALL LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME "
    "COMSPEC PATHEXT SYSTEMDRIVE SYSTEMROOT TEMP TMP USERPROFILE WINDIR"  # what Windows needs
)
_WHY = {
    "SIGKILL": "the system does so when memory or processor time runs out",
    "SIGXCPU": "it used more processor time than it may",
    "SIGXFSZ": "it wrote a file that is bigger than it may be",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What came of a program."""

    code: int
    """Its exit code; below 0 the number of the signal that ended it."""

    output: str
    """What it printed, read as UTF-8; other bytes are replaced."""

    errors: str
    """What it printed to its standard error."""

    ended: str
    """How it ended, as a sentence."""

    timed_out: bool = False
    """Whether it was stopped because it took too long."""

    cut: bool = False
    """Whether it was stopped because it printed too much; the beginning is kept."""

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and with exit code 0."""
        return self.code == 0 and not self.timed_out and not self.cut

    @property
    def text(self) -> str:
        """All of it for a model: how it ended unless all went well, then what it printed.

        How it ended stands first, where no output can pretend it.
        """
        parts = [] if self.ok else [self.ended]
        parts += [self.output.rstrip()] if self.output.strip() else []
        parts += [f"Standard error:\n{self.errors.rstrip()}"] if self.errors.strip() else []
        return "\n".join(parts) or f"{self.ended} It printed nothing."


class Limits(TypedDict, total=False):
    """What each process of a program may use. A limit holds for good; None is none."""

    memory: int | None
    """Bytes of address space; not on macOS."""

    cpu: int | None
    """Whole seconds of processor time."""

    file_size: int | None
    """Bytes of the biggest file that it may write."""

    open_files: int | None
    """Files that it may have open."""

    processes: int | None
    """Processes and threads that it may start. Only on Linux, where root is exempt; what the user
    starts elsewhere meanwhile counts as well."""


def run_program(
    arguments: Sequence[str],
    *,
    stdin: str | bytes = b"",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    max_output: int = 100_000,
    **limits: Unpack[Limits],
) -> Finished:
    """Run a program with exactly these arguments, and end all of its process group.

    It gets language, time zone, home, temporary directory and the absolute directories of PATH:
    no key, and nothing else that changes what programs do. It dumps no core.

    Args:
        arguments: The program, by path or by name, and its arguments. Values of a model stand
            behind "--", and are each an `Operand`.
        stdin: Its input; text goes as UTF-8. Without any, it reads the end of the file.
        cwd: Its working directory; the current one if not given.
        env: What is added to its environment. Names never come from a model.
        timeout: Seconds until it is stopped.
        max_output: Bytes of its output, and of its errors, until it is stopped.
        limits: Those of `Limits`.

    Raises:
        ToolError: It is not found or cannot be started, or an argument is impossible.
        TypeError: The arguments are no list of strings.
    """
    job = Job(
        arguments=_checked(arguments),
        stdin=stdin.encode("utf-8", "replace") if isinstance(stdin, str) else stdin,
        cwd=_existing(cwd),
        env=environment(env or {}),
        limits=dict(_limits(**limits)),
        timeout=timeout,
        max_output=max_output,
    )
    return _finished(job, run(_found(job), job))


def _checked(arguments: Sequence[str]) -> list[str]:
    if isinstance(arguments, str | bytes) or not all(isinstance(each, str) for each in arguments):
        raise TypeError(
            'The arguments of a program are a list of strings, such as ["git", "status"]; a '
            "command line would need a shell, and there is none."
        )
    if not arguments or not arguments[0]:
        raise TypeError("The first argument is the program; there is none.")
    for each in arguments:
        if "\0" in each:
            raise ToolError(f"An argument holds a NUL character: {each[:80]!r}.")
        try:
            os.fsencode(each)
        except UnicodeEncodeError:
            raise ToolError(f"An argument holds half of a character: {each[:80]!r}.") from None
    return list(arguments)


def environment(added: Mapping[str, str], more: str = "") -> dict[str, str]:
    """The environment of a program: a few harmless variables, and what is added to them.

    Args:
        added: What is added.
        more: Names of other variables that it may have, separated by blanks.
    """
    names = f"{_KEPT} {more}".split()
    kept = {name: os.environ[name] for name in names if name in os.environ}
    path = kept.get("PATH", os.defpath).split(os.pathsep)
    # "" and "." would run what happens to lie in the working directory
    kept["PATH"] = os.pathsep.join(each for each in path if os.path.isabs(each))
    return kept | dict(added)


def _existing(directory: str | os.PathLike[str] | None) -> str | None:
    if directory is not None and not os.path.isdir(directory):
        raise ToolError("The working directory of the program does not exist.")
    return None if directory is None else os.fspath(directory)


def _found(job: Job) -> str:
    """The program as an absolute path."""
    name = job.arguments[0]
    path = os.path.abspath(os.path.join(job.cwd or "", name)) if os.path.dirname(name) else name
    found = shutil.which(path, path=job.env["PATH"]) or ""
    if not os.path.isabs(found):  # Windows looks into the working directory first
        raise ToolError(f"The program {name!r} is not installed, or may not be run.")
    if os.name == "nt" and found.lower().endswith((".bat", ".cmd")):
        raise ToolError(f"{name!r} is a batch file: Windows would give its arguments to a shell.")
    return found


def _limits(
    *,
    memory: int | None = None,
    cpu: int | None = None,
    file_size: int | None = None,
    open_files: int | None = None,
    processes: int | None = None,
) -> Iterator[tuple[str, int]]:
    yield "RLIMIT_CORE", 0
    if memory is not None and sys.platform != "darwin":
        yield "RLIMIT_AS", memory
    if cpu is not None:
        yield "RLIMIT_CPU", cpu
    if file_size is not None:
        yield "RLIMIT_FSIZE", file_size
    if open_files is not None:
        yield "RLIMIT_NOFILE", open_files
    if processes is not None:
        # The system counts all that the user runs: so what runs on the machine is added.
        with suppress(OSError, ValueError), open("/proc/loadavg", encoding="ascii") as file:
            yield "RLIMIT_NPROC", processes + int(file.read().split()[3].partition("/")[2])


def _finished(job: Job, served: Served) -> Finished:
    return Finished(
        code=served.code,
        output=served.output.decode("utf-8", "replace"),
        errors=served.errors.decode("utf-8", "replace"),
        ended=_how(job, served),
        timed_out=served.timed_out,
        cut=served.cut,
    )


def _how(job: Job, served: Served) -> str:
    if served.timed_out:
        return f"It was stopped: it took longer than {job.timeout:g} seconds."
    if served.cut:
        return f"It was stopped: it printed more than {job.max_output:,} bytes."
    if served.code >= 0:
        return f"It ended with exit code {served.code}."
    try:
        name = signal.Signals(-served.code).name
    except ValueError:
        name = f"signal {-served.code}"
    return f"It was ended by {name}{f': {_WHY[name]}' if name in _WHY else ''}."


def _operand(text: str) -> str:
    if text.startswith("-"):
        raise PydanticCustomError("operand", "it must not begin with '-', as options do")
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs"):
            name = f"U+{ord(character):04X}"
            raise PydanticCustomError("operand", "it must not hold {name}", {"name": name})
    if not text:
        raise PydanticCustomError("operand", "it must not be empty")
    return text


Operand = Annotated[
    str, AfterValidator(_operand), WithJsonSchema({"type": "string", "pattern": "^[^-]"})
]
"""An argument of a tool that becomes an argument of a program: text that is no option of it.

It is not empty, does not begin with `-` and has no control characters. What else a program makes of
an operand is the program's own: `@file` of curl, `ext::` of git.
"""
