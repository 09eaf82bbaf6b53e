"""A third party's tools: the example in examples/plugin, built, installed and used."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.command import Command
from model_server import results_in

from agentkit.testing import call

PLUGIN = Path(__file__).parent.parent / "examples" / "plugin"
QUESTION = "Which date is 10 working days after 2026-12-21?"
ANSWER = "10 working days from 2026-12-21 is 2027-01-04."


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the plugin as pip installs it, without a network."""
    source = tmp_path_factory.mktemp("plugin") / "source"
    shutil.copytree(PLUGIN, source, ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("installed")
    options = (
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    )
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)],
        check=True,
        capture_output=True,
    )
    info = target / "agentkit-0.1.0.dist-info"  # so that built-in packs are there in a source tree
    info.mkdir()
    (info / "entry_points.txt").write_text("[agentkit.tools]\nclock = agentkit_tools.clock\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: agentkit\nVersion: 0.1.0\n")
    return target


@pytest.fixture
def command(installed: Path, tmp_path: Path) -> Iterator[Command]:
    made = Command(tmp_path, installed)
    yield made
    made.stop_all()


def test_it_is_a_pack_beside_the_built_in_ones(command):
    done = command("tools", "packs")
    line = next(each for each in done.out.splitlines() if each.startswith("workdays"))

    assert (done.code, done.err) == (0, "")
    assert "\nclock " in done.out
    assert "read-only  agentkit-workdays 1.0.0" in line
    assert line.endswith(
        "Working days: count them, and find the date that lies some of them ahead."
    )


def test_its_tools_are_offered_by_name_and_unasked(command):
    named = command("tools", "list", "--tools", "workdays")
    unasked = command("tools", "list")

    assert [line.split()[0] for line in named.out.splitlines()] == [
        "add_working_days",
        "count_working_days",
    ]
    assert named.out.split()[0] in unasked.out.split()
    assert "current_time" in unasked.out.split()


def test_nothing_has_to_be_put_right_in_it(command):
    assert command("tools", "lint", "--strict", "--tools", "workdays,clock").code == 0


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("add_working_days", {"start": "2026-12-21", "days": 10}, ANSWER),
        (
            "add_working_days",
            {"start": "2026-12-28", "days": -2, "holidays": ["2026-12-25"]},
            "-2 working days from 2026-12-28 is 2026-12-23.",
        ),
        (
            "count_working_days",
            {"first": "2026-12-21", "last": "2026-12-27", "holidays": ["2026-12-25"]},
            "2026-12-21 to 2026-12-27 has 4 working days.",
        ),
    ],
)
def test_its_tools_count(command, name, arguments, result):
    done = command("tools", "call", name, json.dumps(arguments), "--tools", "workdays")

    assert (done.code, done.out) == (0, f"{result}\n")


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("add_working_days", {"start": "2026-12-21", "days": 10**9}, "more than 10,000 days"),
        ("add_working_days", {"start": "9999-12-31", "days": 1}, "outside the years"),
        (
            "count_working_days",
            {"first": "2026-12-21", "last": "2026-12-20"},
            "ends before it begins",
        ),
        ("count_working_days", {"first": "0001-01-01", "last": "9999-12-31"}, "more than 10,000"),
    ],
)
def test_dates_that_make_no_sense_are_refused(command, name, arguments, words):
    done = command("tools", "call", name, json.dumps(arguments), "--tools", "workdays")

    assert (done.code, done.out) == (1, "")
    assert words in done.err


def test_the_offline_model_uses_it(command):
    done = command("run", QUESTION, "--tools", "workdays", "--interface", "offline")

    assert (done.code, done.out) == (0, f"{ANSWER}\n")


def test_an_agent_uses_it_through_a_server(command, server):
    wanted = call("add_working_days", start="2026-12-21", days=10)
    server.script(wanted, "On January 4th.")
    environment = {"GROQ_API_KEY": "gsk_test0123456789abcdefABCDEF", "GROQ_BASE_URL": server.url}
    given = ("--tools", "workdays", "--interface", "groq")
    done = command("run", QUESTION, *given, env=environment)

    assert (done.code, done.out) == (0, "On January 4th.\n")
    assert results_in(server.requests[-1].body) == [ANSWER]


def test_it_is_a_library_too(command):
    program = (
        "import agentkit_workdays\n"
        "from agentkit import Agent\n"
        f"print(Agent([agentkit_workdays], 'offline').run({QUESTION!r}).output)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        cwd=command.place,
        env=command.environment(),
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ANSWER}\n", "")


def test_its_wheel_is_typed_and_holds_nothing_else(installed):
    tops = {each.name.partition("-")[0] for each in installed.iterdir()}

    assert (installed / "agentkit_workdays" / "py.typed").is_file()
    assert tops - {"agentkit", "cache"} == {"agentkit_workdays"}
