"""`agentkit tools`, and where tools come from."""

from __future__ import annotations

import json

import pytest


def test_the_installed_packs_are_the_default(command):
    done = command("tools", "list")
    names = [line.split()[0] for line in done.out.splitlines()]

    assert done.code == 0
    assert {"calculator", "current_time"} <= set(names)
    assert command("tools").out == done.out


def test_a_pack_alone_can_be_chosen(command):
    assert command("tools", "list", "--tools", "calculator").out.startswith("calculator  ")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{file}", ["paint", "nap", "tear", "crash"]),
        ("{file}:nap", ["nap"]),
        ("{file}:nap, {file}:paint", ["nap", "paint"]),
        ("agentkit_tools.calculator:calculator", ["calculator"]),
    ],
)
def test_tools_come_from_files_and_modules(inside, tools_file, source, names):
    done = inside("tools", "list", "--tools", source.format(file=tools_file))

    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()] == names


def test_none_means_no_tools(inside):
    assert inside("tools", "list", "--tools", "none").out == "There are no tools.\n"


def test_the_list_has_the_summaries_and_the_marks(inside, tools_file):
    out = inside("tools", "list", "--tools", tools_file).out

    assert out.splitlines() == [
        "paint  Paint a word (read-only)",
        "nap    Nap for some seconds",
        "tear   Tear a word",
        "crash  Crash a word (destructive)",
    ]


def test_a_file_may_import_its_neighbours_now_and_later(inside, tmp_path):
    (tmp_path / "near_agentkit_test.py").write_text("WORD = 'near'\n")
    (tmp_path / "far_agentkit_test.py").write_text("WORD = 'far'\n")
    (tmp_path / "json.py").write_text(  # its name stands in for no other module
        "from near_agentkit_test import WORD\nfrom agentkit import tool\n\n\n@tool\ndef look() -> str:\n"
        "    from far_agentkit_test import WORD as later\n    return WORD + later\n"
    )

    assert inside("tools", "call", "look", "--tools", str(tmp_path / "json.py")).out == "nearfar\n"


def test_a_module_is_found_in_the_current_directory(command):
    assert command("tools", "call", "nap", '{"seconds": 0}', "--tools", "odd:nap").out == "rested\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def broken(:\n", "SyntaxError: invalid syntax (bad.py, line 1)"),
        ("import os\nimport no_such_module\n", "No module named 'no_such_module' (bad.py, line 2)"),
        ("raise SystemExit(5)\n", "SystemExit: 5 (bad.py, line 1)"),
        ("raise ValueError('a\\nb')\n", "ValueError: a b (bad.py, line 1)"),
        ("", "holds no tools"),
        ("from agentkit import Agent\n\nhelper = Agent()\n", "bad.py:helper.toolbox"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_with_the_reason(inside, tmp_path, text, reason):
    (tmp_path / "bad.py").write_text(text)
    name = ":helper" if "helper" in text else ""
    done = inside("tools", "list", "--tools", str(tmp_path / "bad.py") + name)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("agentkit: ")
    assert done.err.count("\n") == 1
    assert reason in done.err


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("clok", ["Did you mean 'clock'?", "calculator, clock", "file.py:name", "module:name"]),
        ("gone.py", ["There is no file", "gone.py"]),
        ("odd.py:nab", ["odd.py has no 'nab'", "Did you mean 'nap'?"]),
        ("no_such_module:x", ["no_such_module cannot be imported", "ModuleNotFoundError"]),
    ],
)
def test_an_unknown_source_is_one_line_with_what_is_near(command, source, words):
    done = command("tools", "list", "--tools", source)

    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    for word in words:
        assert word in done.err


def test_show_prints_the_definition_as_json(inside, tools_file):
    done = inside("tools", "show", "nap", "--tools", tools_file)

    assert json.loads(done.out) == {
        "name": "nap",
        "description": "Nap for some seconds.",
        "parameters": {
            "type": "object",
            "properties": {"seconds": {"type": "number", "description": "How long."}},
            "required": ["seconds"],
        },
    }


def test_call_prints_the_result(inside, tools_file):
    done = inside("tools", "call", "paint", '{"word": "red"}', "--tools", tools_file)

    assert (done.code, done.out, done.err) == (0, "[bold]red[/bold] :smile:\n", "")


def test_what_a_tool_prints_does_not_come_between_the_result(inside, tools_file):
    done = inside("tools", "call", "nap", '{"seconds": 0}', "--tools", tools_file)

    assert (done.code, done.out, done.err) == (0, "rested\n", "napping\n")


def test_call_reads_arguments_from_stdin(command):
    done = command("tools", "call", "calculator", "-", stdin='{"expression": "2 ** 10"}')

    assert (done.code, done.out) == (0, "2 ** 10 = 1024\n")


@pytest.mark.parametrize(
    ("call", "err"),
    [
        (["tear", '{"word": "page"}'], "Error: ValueError: page is too strong\n"),
        (
            ["crash", '{"word": "car"}'],
            "agentkit: crash failed: ValueError: car crashed and burned\n",
        ),
    ],
)
def test_a_failed_call_goes_to_stderr_with_exit_code_1(inside, tools_file, call, err):
    done = inside("tools", "call", *call, "--tools", tools_file)

    assert (done.code, done.out, done.err) == (1, "", err)


def test_arguments_that_do_not_fit_say_what_would(inside, tools_file):
    done = inside("tools", "call", "nap", '{"second": "x"}', "--tools", tools_file)

    assert (done.code, done.out) == (1, "")
    assert "Wrong arguments for nap" in done.err


@pytest.mark.parametrize("word", ["show", "call"])
def test_an_unknown_tool_is_wrong_use(inside, tools_file, word):
    done = inside("tools", word, "nab", "--tools", tools_file)

    assert (done.code, done.out) == (2, "")
    assert "There is no tool 'nab'. Did you mean 'nap'?" in done.err
