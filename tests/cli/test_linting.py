"""`agentkit tools lint`: findings, costs and exit codes."""

from __future__ import annotations

import json

import pytest

GOOD = '''
from agentkit import tool


@tool(read_only=True)
def greet(name: str) -> str:
    """Greet somebody.

    Args:
        name: Who is greeted.
    """
    return name
'''
WARNED = GOOD.replace("    Args:\n        name: Who is greeted.\n", "")
BAD = "from agentkit import tool\n\n\n@tool\ndef greet() -> range:\n    return range(3)\n"
BROKEN = GOOD.replace("name: str", "name: type(iter)")


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Writes a file of tools into the working directory and gives its name."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> str:
        (tmp_path / "house.py").write_text(text, encoding="utf-8")
        return "house.py"

    return write


def test_good_tools_have_costs_and_nothing_to_put_right(inside, source):
    done = inside("tools", "lint", "--strict", "--tools", source(GOOD))
    head, first, total, *rest = done.out.splitlines()

    assert (done.code, done.err) == (0, "")
    assert (head.split(), first.split()[0], total.split()[0]) == (
        ["TOOL", "TOKENS"],
        "greet",
        "all",
    )
    assert first.split()[1] == total.split()[1]
    assert rest == ["", "Nothing to put right."]


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [(GOOD, (), 0), (WARNED, (), 0), (WARNED, ("--strict",), 1), (BAD, (), 1), (BROKEN, (), 1)],
)
def test_errors_fail_and_warnings_do_where_it_is_strict(inside, source, text, options, code):
    assert inside("tools", "lint", *options, "--tools", source(text)).code == code


def test_findings_are_lines_with_kind_tool_text_and_rule(inside, source):
    done = inside("tools", "lint", "--tools", source(BAD))

    assert done.out.splitlines()[-4:] == [
        "error  greet  No description: say in its docstring what it does and when to use it. (missing-description)",
        "error  greet  It returns range, which has no JSON form: return text, or values JSON can carry. (unserialisable-result)",
        "",
        "2 errors, 0 warnings",
    ]


def test_a_tool_that_cannot_be_offered_has_no_cost(inside, source):
    done = inside("tools", "lint", "--json", "--tools", source(BROKEN))

    assert done.code == 1
    assert json.loads(done.out)["tokens"] == {"greet": None}
    assert json.loads(done.out)["findings"][0]["rule"] == "broken-definition"


def test_json_has_findings_and_costs_on_one_line(inside, source):
    done = inside("tools", "lint", "--json", "--tools", source(WARNED))
    found = json.loads(done.out)

    assert (done.code, done.out.count("\n")) == (0, 1)
    assert found["interface"] == "groq"
    assert found["total_tokens"] == found["tokens"]["greet"] > 0
    assert found["findings"] == [
        {
            "tool": "greet",
            "kind": "warning",
            "rule": "missing-parameter-description",
            "text": "name has no description: add one under Args:.",
        }
    ]


def test_the_interface_that_counts_can_be_chosen(inside, source):
    name = source(GOOD.replace("@tool(", '@tool(name="1st", '))

    assert inside("tools", "lint", "--tools", name).code == 0
    done = inside("tools", "lint", "--interface", "gemini", "--tools", name)
    assert done.code == 1
    assert "Gemini refuses this name" in done.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--tools", "gone.py"), "There is no file 'gone.py'"),
        (("--tools", "house.py"), "house.py cannot be imported: SyntaxError"),
        (("--interface", "grok"), "Did you mean 'groq'?"),
    ],
)
def test_what_cannot_be_checked_is_wrong_use(inside, source, options, words):
    source("def broken(:\n")
    done = inside("tools", "lint", *options)

    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert words in done.err


def test_none_costs_nothing(inside):
    done = inside("tools", "lint", "--tools", "none")

    assert done.code == 0
    assert done.out.splitlines()[1] == "all        0"


def test_control_characters_of_a_tool_do_not_reach_the_terminal(inside, source):
    text = GOOD.replace("name: str", 'name: str, **more: "\\x1b[2J no type"')
    done = inside("tools", "lint", "--tools", source(text))

    assert done.code == 1
    assert "\x1b" not in done.out


def test_the_packs_that_are_offered_unasked_are_sound(command):
    done = command("tools", "lint", "--strict")

    assert done.code == 0, done.out
    assert "calculator" in done.out


def test_a_reader_that_goes_away_ends_it_quietly(command):
    process = command.begin("tools", "lint")
    process.stdout.close()

    assert process.wait(60) in (0, 141)
    assert process.stderr.read() == ""
