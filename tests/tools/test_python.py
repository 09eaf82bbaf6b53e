"""Python snippets: shown as a REPL shows them, limited, and gone when they end."""

import os
from pathlib import Path

import pytest
from enough_time import stopped_after

from agentkit import Agent, Toolbox
from agentkit.testing import ScriptedInterface
from agentkit.testing import call as call_of
from agentkit_tools import python
from agentkit_tools.python import Python, run_python

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the limits are those of POSIX")
FAILED = "It ended with exit code 1.\nStandard error:\n"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1 + 1", "2"),
        ("print('a')\n'b'", "a\n'b'"),
        ("x = 6\nx * 7", "42"),
        ("'text'", "'text'"),
        ("1; 2", "2"),
        ("from __future__ import annotations\nx: unknown = 3\nx", "3"),
        ("'é — \\u2713'", "'é — ✓'"),
        ("print('\\ud800')", "\\ud800"),
        ("__name__", "'__main__'"),
        ("class A: pass\nA", "<class '__main__.A'>"),
        ("import pickle\nclass A: pass\ntype(pickle.loads(pickle.dumps(A()))) is A", "True"),
        ("sorted(set(globals()) - {'__builtins__'})", "['__doc__', '__loader__', '__name__', '__package__', '__spec__']"),
        ("import sys\nsys.argv", "['<code>']"),
        ("x = 1", "It ended with exit code 0. It printed nothing."),
        ("None", "It ended with exit code 0. It printed nothing."),
        ("", "It ended with exit code 0. It printed nothing."),
        ("import sys\nsys.exit(3)", "It ended with exit code 3."),
        ("import sys\nsys.exit('no')", FAILED + "no"),
        ("import sys\nprint('a')\nprint('b', file=sys.stderr)", "a\nStandard error:\nb"),
    ],
)  # fmt: skip
def test_output_and_the_last_value_are_shown(code, shown):
    assert run_python(code) == shown


@pytest.mark.parametrize(
    ("code", "lines", "last"),
    [
        ("def f(a):\n    return 1 / a\n\nf(0)", [4, 2], "ZeroDivisionError: division by zero"),
        ("import json\njson.loads('{')", [2], "Expecting property name"),
        ("1 +", [1], "SyntaxError: invalid syntax"),
        ("x = 1\n  y", [2], "IndentationError: unexpected indent"),
        ("\n\nunknown", [3], "NameError: name 'unknown' is not defined"),
        ("class A:\n    def __repr__(self): return 1 / 0\nA()", [2], "ZeroDivisionError: division by zero"),
        ("try:\n    1 / 0\nexcept Exception as e:\n    raise ValueError('x') from e", [2, 4], "ValueError: x"),
        ("raise ExceptionGroup('g', [ValueError('x')])", [1], "ValueError: x"),
        ("input()", [1], "EOFError: EOF when reading a line"),
        ("raise KeyboardInterrupt", [1], "KeyboardInterrupt"),
        ("'a' * 10**12", [1], "MemoryError"),
        ("open('x', 'wb').write(bytes(101_000_000))", [1], "File too large"),
    ],
)  # fmt: skip
def test_an_error_is_told_with_the_lines_of_the_code_alone(code, lines, last):
    told = run_python(code)

    assert told.startswith(FAILED)
    assert last in told
    files = [line for line in told.splitlines() if 'File "' in line]
    assert [line.strip(" |").partition(", in ")[0] for line in files] == [
        f'File "<code>", line {number}' for number in lines
    ]


def test_endless_recursion_is_told_in_a_few_lines():
    told = run_python("def f(): f()\nf()")

    assert "RecursionError" in told
    assert len(told) < 1_500


def test_the_source_lines_stand_in_an_error():
    assert "return 1 / a" in run_python("def f(a):\n    return 1 / a\n\nf(0)")


def test_code_that_takes_too_long_is_stopped_and_its_output_kept():
    code = "print('begun', flush=True)\nwhile True: pass"
    seconds, told = stopped_after(
        lambda told: "begun" in told, lambda given: Python(timeout=given).run_python(code)
    )

    assert told == f"It was stopped: it took longer than {seconds:g} seconds.\nbegun"
    assert run_python("1") == "1"


def test_code_that_prints_without_end_is_stopped():
    told = run_python("while True: print('a' * 1000)")

    assert told.startswith("It was stopped: it printed more than 100,000 bytes.\naaaa")


def test_memory_is_as_configured():
    assert "MemoryError" in Python(memory=100_000_000).run_python("len(bytearray(10**8))")
    assert Python(memory=400_000_000).run_python("len(bytearray(10**8))") == "100000000"


def test_each_call_has_a_fresh_directory_that_is_removed():
    code = (
        "import os, pathlib, tempfile\n"
        "print(os.getcwd(), pathlib.Path.home(), tempfile.gettempdir())\n"
        "print(os.listdir('.'))\n"
        "os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.chmod('a/b', 0)"
    )

    first, second = (run_python(code).splitlines() for _ in range(2))
    assert len({*first[0].split()}) == 1
    assert (first[1], second[1]) == ("[]", "[]")
    assert first[0] != second[0]
    assert not any(Path(each[0].split()[0]).exists() for each in (first, second))


def test_directories_nested_without_end_are_removed_too():
    code = "import os\nprint(os.getcwd())\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')"

    directory = run_python(code)
    assert directory.startswith("/")
    assert not Path(directory).exists()


def test_neither_secrets_nor_the_callers_modules_reach_the_code(monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("print('hijacked')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("GROQ_API_KEY", "gsk_0123456789")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))

    told = run_python("import json, os\nprint(dict(os.environ))\njson.dumps('fine')")
    assert told.endswith("'\"fine\"'")
    assert not any(each in told for each in ("hijacked", "gsk_", "PYTHON", str(tmp_path)))


def test_the_packages_of_this_interpreter_can_be_imported():
    assert run_python("import pydantic\npydantic.__name__") == "'pydantic'"


def test_the_modules_beside_the_tool_cannot_be_imported():
    assert "No module named 'clock'" in run_python("import clock")


def test_a_process_left_in_the_background_is_not_waited_for():
    code = "import subprocess\nsubprocess.Popen(['sleep', '60'])\n'left'"

    assert run_python(code) == "'left'"


def test_a_model_is_told_that_it_is_no_sandbox():
    box = Toolbox(python)
    only = box["run_python"]

    assert list(box) == ["run_python"]
    assert "no sandbox" in only.definition.description
    assert (only.destructive, only.open_world, only.read_only, only.approve) == (
        True,
        True,
        False,
        None,
    )


def test_an_agent_asks_before_it_runs_code(tmp_path):
    code = f"open({str(tmp_path / 'made')!r}, 'w').write('x')"
    call = call_of("run_python", {"code": code})
    agent = Agent([python], ScriptedInterface(call, "Done."))

    run = agent.run("Go.")
    assert [each.name for each in run.pending] == ["run_python"]
    assert not (tmp_path / "made").exists()
