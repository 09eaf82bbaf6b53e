"""`agentkit tools new`: what is written works as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A module of Python's, such as pytest, run in a directory."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        cwd=place,
        env=environment,
        check=False,
    )


@pytest.fixture
def made(command, tmp_path_factory):
    """A directory with a new tool and its test, and nothing else."""
    place = tmp_path_factory.mktemp("made")
    done = command("tools", "new", "order_status", "--to", str(place))
    assert (done.code, done.err) == (0, "")
    return place


def test_two_files_are_written_and_the_next_steps_are_told(command, tmp_path):
    done = command("tools", "new", "order_status")

    assert done.code == 0
    assert {"order_status.py", "test_order_status.py"} <= {each.name for each in tmp_path.iterdir()}
    for line in ("pytest test_order_status.py", "agentkit run --tools order_status.py"):
        assert f"\n  {line}" in done.out


def test_its_test_passes(made):
    done = run(made, "pytest", "-q", "-p", "no:cacheprovider")

    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_nothing_has_to_be_put_right_in_it(command, made):
    done = command("tools", "lint", "--strict", "--tools", str(made / "order_status.py"))

    assert done.code == 0, done.out
    assert done.out.endswith("Nothing to put right.\n")


@pytest.mark.parametrize(
    "check",
    [
        ("ruff", "check", "--isolated", "--select", "E,F,I,B,UP,RUF,C90,PL,TID,SIM,PT,N,A", "."),
        ("ruff", "format", "--isolated", "--check", "."),
        ("mypy", "--strict", "order_status.py", "test_order_status.py"),
    ],
    ids=lambda check: " ".join(check[:2]),
)
def test_it_is_clean(made, check):
    pytest.importorskip(check[0])
    done = run(made, *check)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_offline_model_calls_it_as_the_next_steps_say(command, made):
    question = "Use order_status with the text 'a quick brown elephant'"
    source = str(made / "order_status.py")
    done = command("run", "-i", "offline", "--tools", source, question)

    assert done.code == 0
    assert "elephant, quick, brown" in done.out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order-status", "is no name for a tool"),
        ("2nd", "is no name for a tool"),
        ("Order", "begin with a small letter"),
        ("größe", "is no name for a tool"),
        ("a" * 65, "at most 64"),
        ("../away", "is no name for a tool"),
        ("order\n", "is no name for a tool"),
        ("", "is no name for a tool"),
        ("class", "a word of Python's own"),
        ("print", "a word of Python's own"),
        ("json", "is the name of a module"),
        ("agentkit", "is the name of a module"),
        ("pytest", "is the name of a module"),
        ("test_order", "leave out test_"),
    ],
)
def test_a_name_that_would_make_trouble_is_refused(inside, tmp_path, monkeypatch, name, words):
    monkeypatch.chdir(tmp_path)
    done = inside("tools", "new", name)

    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert words in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["order.py", "test_order.py"])
def test_nothing_is_overwritten_and_nothing_half_written(inside, tmp_path, taken):
    (tmp_path / taken).write_text("mine")
    done = inside("tools", "new", "order", "--to", str(tmp_path))

    assert (done.code, done.out) == (2, "")
    assert f"{taken} is there already" in done.err
    assert [each.name for each in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_nothing_is_written_through_a_link(inside, tmp_path):
    (tmp_path / "order.py").symlink_to(tmp_path / "elsewhere")
    done = inside("tools", "new", "order", "--to", str(tmp_path))

    assert "is there already" in done.err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("place", ["gone", "file"])
def test_a_place_that_is_no_directory_is_refused(inside, tmp_path, place):
    (tmp_path / "file").write_text("")
    done = inside("tools", "new", "order", "--to", str(tmp_path / place))

    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "There is no directory" in done.err


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a place that nobody can write")
def test_a_place_that_cannot_be_written_is_one_line(inside):
    done = inside("tools", "new", "order", "--to", "/proc")

    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "/proc/order.py cannot be written" in done.err
