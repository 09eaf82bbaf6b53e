"""Limits its own process and becomes the program. `processes` starts this file; none imports it.

Between fork and exec no Python code is safe in a process that has threads, so `preexec_fn` is not
used: a small interpreter of its own sets the limits and then turns into the program.
"""

import os
import resource
import signal
import sys


def main(line: str, limits: str, program: str, *arguments: str) -> None:
    """Become the program once the caller sees to its end; if that fails, write the reason.

    Args:
        line: The number of the socket to the caller, which the program does not inherit.
        limits: Such as `RLIMIT_CORE=0,RLIMIT_CPU=5`.
        program: The path of the program.
        arguments: What it is called with, its own name first.
    """
    os.set_inheritable(int(line), False)
    if not os.read(int(line), 1):  # the caller was interrupted before
        return
    os.umask(os.umask(0o077) | 0o022)  # nobody else may write what it makes
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python; a program would inherit that
        signal.signal(ignored, signal.SIG_DFL)
    try:
        for limit in limits.split(","):
            name, _, value = limit.partition("=")
            _limit(getattr(resource, name), int(value))
        os.execv(program, arguments)
    except (OSError, ValueError, MemoryError) as error:
        os.write(int(line), str(getattr(error, "strerror", None) or error or "no memory").encode())
        os._exit(127)


def _limit(kind: int, value: int) -> None:
    """For good: a process may lower its hard limit, and never raise it again."""
    hard = resource.getrlimit(kind)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # A second later, so that it ends by SIGXCPU, which says why, before it ends by SIGKILL.
    last = soft + 1 if kind == resource.RLIMIT_CPU and soft != hard else soft
    resource.setrlimit(kind, (soft, last))


if __name__ == "__main__":
    main(*sys.argv[1:])
