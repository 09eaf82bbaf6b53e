"""A process that is forked with its imports is like one that is started."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from warm import python, run_python

PROGRAMS = {
    "streams": "import sys; print(sys.stdin.read()); print('b', file=sys.stderr)",
    "place": "import os, sys; print(os.getcwd(), sys.argv, sys.path[0], os.environ['WORD'])",
    "name": "class A: pass\nprint(__name__, A.__module__, vars(__import__('__main__'))['A'])",
    "code": "import sys; sys.exit(3)",
    "large code": "import sys; sys.exit(1000)",
    "words": "import sys; sys.exit('said')",
    "signal": "import os; os.kill(os.getpid(), 9)",
    "at once": "import os; print('lost'); os._exit(7)",
    "at the end": "import atexit; atexit.register(print, 'end')",
    "thread": "import threading as t; t.Timer(0.05, print, ['late']).start()",
    "Ctrl-C": "import signal; print(signal.getsignal(signal.SIGINT))",
    "encoding": "import sys; print(*(each.encoding for each in (sys.stdin, sys.stdout, sys.stderr)))",
}


@pytest.fixture
def given(tmp_path):
    environment = {name: value for name, value in os.environ.items() if "COV" not in name}
    return {"cwd": tmp_path, "env": environment | {"WORD": "word", "PYTHONUTF8": "1"}}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_does_what_it_does_when_it_is_started(given, program):
    arguments = ("-c", PROGRAMS[program], "a", "b c")
    warm = run_python(*arguments, stdin="in", **given)
    command = [sys.executable, *arguments]
    cold = subprocess.run(command, input="in", capture_output=True, text=True, check=False, **given)

    assert (warm.returncode, warm.stdout, warm.stderr) == (
        cold.returncode,
        cold.stdout,
        cold.stderr,
    )


def test_an_error_ends_it_with_its_traceback(given):
    done = run_python("-c", "raise ValueError('odd')", **given)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ValueError: odd"


def test_it_can_be_asked_whether_it_lives_and_be_killed(given):
    with python("-c", "input()", stdin=subprocess.PIPE, **given) as process:
        alive = process.poll()
        process.kill()

    assert (alive, process.wait(), process.poll()) == (None, -9, -9)


def test_what_one_imports_or_changes_no_other_sees(given):
    run_python("-c", "import agentkit, sys; agentkit.odd = sys.modules['odd'] = 1", **given)
    done = run_python("-c", "import agentkit; print(hasattr(agentkit, 'odd')); import odd", **given)

    assert done.stdout == "False\n"
    assert "ModuleNotFoundError" in done.stderr
