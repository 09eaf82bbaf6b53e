"""Patterns, counts and differences of texts and files."""

import re
from warnings import catch_warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentkit import Toolbox
from agentkit.safe import run_program
from agentkit.testing import call
from agentkit_tools import _apart
from agentkit_tools import text as text_module
from agentkit_tools.text import count_text


@pytest.fixture
def asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toolbox = Toolbox(text_module)
    return lambda name, **arguments: toolbox.call(call(name, **arguments)).content


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("t.o", "2: two"),
        ("^t", "2: t\n3: t"),
        ("(?i)ONE", "1: one"),
        (r"(\w)(\w+)e$", "1: one  groups: ['o', 'n']\n3: three  groups: ['t', 'hre']"),
        ("one\ntwo", "1: one\ntwo"),
        ("four", "Nothing matches."),
    ],
)
def test_matches_are_shown_with_their_lines(asked, tmp_path, pattern, shown):
    (tmp_path / "a.txt").write_text("one\ntwo\nthree", encoding="utf-8")

    assert asked("find_pattern", pattern=pattern, text="one\ntwo\nthree") == shown
    assert asked("find_pattern", pattern=pattern, path="a.txt") == shown


def test_there_are_as_many_matches_as_are_asked_for(asked):
    said = asked("find_pattern", pattern="a", text="a" * 9, limit=2)

    assert said == "1: a\n1: a\n[There are more; these are the first 2.]"


def test_a_long_match_is_cut(asked):
    assert asked("find_pattern", pattern="a+", text="a" * 999) == f"1: {'a' * 300}[...]"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){25}$"])
def test_a_pattern_that_runs_for_ever_is_stopped(asked, monkeypatch, pattern):
    monkeypatch.setattr(_apart, "_SECONDS", 0.5)

    assert "stopped after 0.5 seconds" in asked(
        "find_pattern", pattern=pattern, text="a" * 60 + "b"
    )


def test_where_nobody_looks_at_the_clock_the_limit_of_processor_time_says_the_same(
    asked, monkeypatch
):
    monkeypatch.setattr(_apart, "_SECONDS", 0.5)
    patient = {"timeout": 60}
    monkeypatch.setattr(_apart, "run_program", lambda *a, **b: run_program(*a, **b | patient))

    assert "stopped after 0.5 seconds" in asked(
        "find_pattern", pattern="(a+)+$", text="a" * 60 + "b"
    )


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"pattern": "(", "text": "a"}, "Error: missing ), unterminated subpattern at position 0."),
        ({"pattern": "a{99999999999}", "text": "a"}, "repetition number is too large"),
        ({"pattern": "(?<=a+)b", "text": "a"}, "look-behind requires fixed-width pattern"),
        ({"pattern": "a" * 1_001, "text": "a"}, "pattern"),
        ({"pattern": "a"}, "Give either a text or a path."),
        ({"pattern": "a", "text": "a", "path": "a"}, "Give either a text or a path."),
        ({"pattern": "a", "path": "../a"}, "leads out of its directory"),
        ({"pattern": "a", "text": "a", "limit": 0}, "limit"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_clear_error(asked, arguments, shown):
    assert shown in asked("find_pattern", **arguments)


@example("[[", "")
@given(st.text("a(b)+*?|[^]{}.$\\d1,:=!<P>", max_size=12), st.text("ab1\n", max_size=12))
@settings(max_examples=25, deadline=None)
def test_patterns_do_what_python_does_and_nothing_else(pattern, text):
    said = Toolbox(text_module).call(call("find_pattern", pattern=pattern, text=text)).content
    try:
        with catch_warnings(action="ignore", category=FutureWarning):  # as of "[["
            found = [match[0] for match in re.finditer(pattern, text, re.MULTILINE)]
    except (re.error, OverflowError, RecursionError):
        assert said.startswith("Error: ")
    else:
        assert said.count("\n") >= len(found) - 1 if found else said == "Nothing matches."


def test_a_text_is_counted(asked, tmp_path):
    (tmp_path / "a.txt").write_bytes("one twö\nthree\n".encode())
    counts = '{"lines":2,"words":3,"characters":14,"bytes":15}'

    assert (
        asked("count_text", text="one twö\nthree\n") == asked("count_text", path="a.txt") == counts
    )
    assert count_text("banana", occurrences_of="an")["occurrences"] == 2


def test_two_texts_are_compared(asked, tmp_path):
    (tmp_path / "new.txt").write_text("one\n2\nthree", encoding="utf-8")
    said = asked("diff_texts", old="one\ntwo\nthree", new_path="new.txt")

    assert said == "--- old\n+++ new.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
    assert asked("diff_texts", old="a", new="a") == "There is no difference."


@pytest.mark.parametrize(
    "given", [{"old": "a"}, {"new_path": "a"}, {"old": "a", "old_path": "a", "new": "b"}]
)
def test_each_side_of_a_comparison_is_given_once(asked, given):
    assert asked("diff_texts", **given) == "Error: Give either a text or a path."
