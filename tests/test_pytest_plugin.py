"""The plugin, in a project of its own that pytest runs as anybody's."""

import os
import re
import subprocess
import sys

import pytest

TESTS = """
import pytest
from agentkit import Agent, ConfigError, tool
from agentkit.errors import MissingKeyError
from agentkit.testing import ScriptedInterface, call

ran = []

@tool
def add(a: int, b: int) -> int:
    "Add."
    ran.append((a, b))
    return a + b

def model():
    return ScriptedInterface(call("add", a=1, b=2), "Three.")

def test_add(agentkit_replay):
    assert Agent([add], model() if agentkit_replay.mode != "replay" else "groq",
                 replay=agentkit_replay).run("Add.").output == "Three."

@pytest.mark.parametrize("word", ["a/b", "a b", "a:b"])
@pytest.mark.agentkit_replay(results=True)
def test_results(agentkit_replay, word):
    ran.clear()
    interface = model() if agentkit_replay.mode != "replay" else "groq"
    Agent([add], interface, replay=agentkit_replay).run(word)
    assert bool(ran) == (agentkit_replay.mode == "record")

def test_nothing_goes_out():
    with pytest.raises(ConfigError, match="AGENTKIT_LIVE=no is set"):
        Agent([], "groq").run("Hello")

@pytest.mark.agentkit_live
def test_allowed(monkeypatch):
    monkeypatch.delenv("GROQ_API_KEY")
    with pytest.raises(MissingKeyError):
        Agent([], "groq").run("Hello")
"""


OTHERS = ("anyio", "cacheprovider", "hypothesispytest", "langsmith_plugin", "pytest_cov", "xdist")
ALONE = [part for name in OTHERS for part in ("-p", f"no:{name}")]
"""With no plugin but pytest's own and agentkit's, as those of others cost seconds."""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)

    def pytest_there(*arguments, **environment):
        clean = {name: value for name, value in os.environ.items() if "AGENTKIT" not in name}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *ALONE, *arguments],
            cwd=tmp_path,
            env={**clean, "GROQ_API_KEY": "gsk_0123456789abcdef", **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout + done.stderr

    pytest_there.path = tmp_path
    return pytest_there


def passed(output):
    found = re.search(r"(\d+) passed", output)
    assert found, output
    assert "failed" not in output, output
    return int(found[1])


def test_tests_are_recorded_and_then_replayed(project):
    assert passed(project("--agentkit-replay=record")) == 6
    recorded = sorted(each.name for each in (project.path / "replays" / "test_it").iterdir())
    assert len(recorded) == 4
    assert recorded[0] == "test_add.jsonl"
    assert all(re.fullmatch(r"test_results-a-b-[0-9a-f]{8}\.jsonl", each) for each in recorded[1:])
    assert passed(project()) == 6
    assert passed(project(AGENTKIT_REPLAY="missing")) == 6


NAMED = """
import os
import pytest
from agentkit import Agent
from agentkit.testing import ScriptedInterface

def said(replay, word):
    model = ScriptedInterface(word) if replay.mode != "replay" else "groq"
    return Agent([], model, replay=replay).run("Say it.").output

class TestOne:
    def test_it(self, agentkit_replay):
        assert said(agentkit_replay, "One.") == "One."

class TestTwo:
    def test_it(self, agentkit_replay):
        assert said(agentkit_replay, "Two.") == "Two."

@pytest.mark.parametrize("word", ["語" * 90, "語" * 90 + "!", "../up", "nul\\0"])
def test_named(agentkit_replay, word):
    assert said(agentkit_replay, word) == word

def test_asked_for_late(request):
    assert os.environ["AGENTKIT_LIVE"] == "no"
    replay = request.getfixturevalue("agentkit_replay")
    assert said(replay, "Late.") == "Late."
    assert ("AGENTKIT_LIVE" in os.environ) == (replay.mode == "replay")
"""


def test_each_test_has_a_recording_of_its_own(project):
    (project.path / "test_it.py").write_text(NAMED)
    assert passed(project("--agentkit-replay=record")) == 7
    assert len(list((project.path / "replays" / "test_it").iterdir())) == 7
    assert passed(project()) == 7


def test_a_marker_with_something_else_is_a_clear_error(project):
    (project.path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.agentkit_replay(True)\ndef test_it(agentkit_replay): pass\n"
    )
    assert "agentkit_replay takes results=True or False alone" in project()


def test_what_is_not_recorded_says_how_to_record_it(project):
    output = project("-k", "test_add")
    assert re.search(r"There is no recording .*test_add\.jsonl.*AGENTKIT_REPLAY=missing", output)


def test_who_says_so_may_ask_the_model_in_all_tests(project):
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://[::1]:1")
    nowhere |= dict.fromkeys(("NO_PROXY", "no_proxy"), "")
    output = project("-k", "test_nothing_goes_out", AGENTKIT_LIVE="yes", **nowhere)
    assert "DID NOT RAISE" in output or "ConnectError" in output


def test_the_plugin_costs_tests_without_agents_nothing(project):
    (project.path / "test_other.py").write_text(
        "import sys\ndef test_it():\n    assert not {'httpx', 'pydantic'} & set(sys.modules)\n"
    )
    assert passed(project("test_other.py")) == 1


def test_markers_are_known_and_the_option_is_described(project):
    assert "agentkit_live" in project("--markers")
    assert "--agentkit-replay" in project("--help")


SCRIPTED = """
import asyncio
import pytest
from agentkit import Agent, tool

@tool(read_only=True)
def add(a: int, b: int) -> int:
    "Add."
    return a + b

@pytest.fixture
def agent(agentkit_script):
    return Agent([add], agentkit_script)

def test_used(agent, agentkit_script):
    agentkit_script.when("1 and 2").call("add", a=1, b=2).then("Three.")
    assert agent.run("Add 1 and 2").output == "Three."

@pytest.mark.agentkit_script(lenient=True)
def test_lenient(agent, agentkit_script):
    agentkit_script.when("never").then("Never.")
    assert agent.run("Anything").output == "The script has no reply to this."

def test_left_over(agent, agentkit_script):
    agentkit_script.when("1 and 2").call("add", a=1, b=2).then("Three.")

def test_own_failure(agent, agentkit_script):
    agentkit_script.when("1 and 2").then("Three.")
    assert "own" == "failure"

def test_lost_on_the_way(agent, agentkit_script):
    async def outcomes():
        return [each async for each in agent.amap(["Add 3 and 4"])]
    assert asyncio.run(outcomes())[0].run.output == "Seven."

@pytest.mark.xfail(strict=True)
def test_expected(agentkit_script):
    agentkit_script.when("1 and 2").then("Three.")

def test_skipped(agentkit_script):
    agentkit_script.when("1 and 2").then("Three.")
    pytest.skip("no time")
"""


def test_a_script_is_to_be_played_to_its_end(project):
    (project.path / "test_it.py").write_text(SCRIPTED)
    output = project("-rA", "--tb=short")

    assert re.search(r"^=+ 3 failed, 2 passed, 1 skipped, 1 xfailed in", output, re.M), output
    assert "ERROR" not in output
    told = """\
The script was not asked for all that it has. Left over:
- when("1 and 2"), test_it.py:25: reply 1, add(a=1, b=2)
- when("1 and 2"), test_it.py:25: reply 2, "Three."
It was asked nothing.
"""
    assert re.search(rf"_ test_left_over _+\n{re.escape(told)}_+ test_own_failure _", output), (
        output
    )
    lost = "no reply to request 1:\n  user: Add 3 and 4"
    assert re.search(rf"None == 'Seven.'.* agentkit_script call -+\n.*{lost}", output, re.S), output


def test_a_failure_of_the_tests_own_is_not_hidden_by_the_script(project):
    (project.path / "test_it.py").write_text(SCRIPTED)
    output = project("-k", "test_own_failure")

    assert "'own' == 'failure'" in output
    assert "Left over" not in output


def test_a_marker_of_a_script_with_something_else_is_a_clear_error(project):
    (project.path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.agentkit_script(loose=True)\n"
        "def test_it(agentkit_script): pass\n"
    )
    assert "agentkit_script takes lenient=True or False alone" in project()
