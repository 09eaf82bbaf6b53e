"""`agentkit eval` as a user has it, with the offline model and against a server on the loopback."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli.command import Command, Done
from model_server import ModelServer, Raw, results_in
from waiting import until
from warm import python

from agentkit import FunctionCall

KEY = "gsk_0123456789abcdef"
TOOLS = '''
from agentkit import Agent, tool


@tool(read_only=True)
def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: The city.
    """
    return f"{city} is dry."


@tool
def mail(to: str) -> str:
    """Send a mail.

    Args:
        to: To whom.
    """
    open("sent.txt", "a").write(to)
    return "sent"


agent = Agent([weather, mail], "groq", instructions="Be brief.", journal="")
'''
CITIES = ("Oslo", "Bern", "Rome", "Lima", "Bonn", "Kyiv")
CASES = [
    {"id": city, "prompt": city, "calls": [{"name": "weather", "arguments": {"city": city}}]}
    for city in CITIES
]


@dataclass
class Stage:
    """`agentkit eval` over cities, of which a server asks for the weather."""

    command: Command
    server: ModelServer

    @property
    def place(self) -> Path:
        return self.command.place

    @property
    def environment(self) -> dict[str, str]:
        return {"GROQ_API_KEY": KEY, "GROQ_BASE_URL": self.server.url}

    @property
    def asked(self) -> list[str]:
        """The prompts of first requests, in their order."""
        return [said(body) for body in self.server.bodies if not results_in(body)]

    def __call__(
        self, *arguments: str, tools: tuple[str, ...] = ("-t", "tools.py"), **env: str
    ) -> Done:
        return self.command("eval", *arguments, *tools, env=self.environment | env)

    def write(self, name: str, *values: Any) -> str:
        lines = [each if isinstance(each, str) else json.dumps(each) for each in values]
        (self.place / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return name

    def lines(self, name: str) -> list[Any]:
        text = (self.place / name).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


def said(body: Any) -> str:
    return str([each["content"] for each in body["messages"] if each["role"] == "user"][-1])


def knows(body: Any) -> Any:
    """Asks for the weather of the city that is said, and then says what came."""
    if results := results_in(body):
        return results[-1]
    return FunctionCall("weather", json.dumps({"city": said(body)}))


@pytest.fixture
def stage(command: Command) -> Iterator[Stage]:
    with ModelServer() as server:
        server.always = knows
        stage = Stage(command, server)
        stage.write("tools.py", TOOLS)
        stage.write("cases.jsonl", *CASES)
        yield stage
        server.check()


def test_a_table_tells_what_came_of_it_and_the_exit_code_whether_that_is_enough(stage):
    done = stage("cases.jsonl", "--results", "out.jsonl")

    assert done.code == 0, done.err
    assert done.out.startswith("6 cases, 6 runs.\n")
    assert "passed 6/6 100 % (61-100)" in " ".join(done.out.split())
    assert done.err.splitlines()[-1].startswith("agentkit: 6 runs: 6 passed, 120 tokens, ")
    assert {each["case"] for each in stage.lines("out.jsonl")} == set(CITIES)


@pytest.mark.parametrize(("threshold", "code"), [("1", 1), ("0.9", 1), ("0.8", 0), ("0", 0)])
def test_the_threshold_decides(stage, threshold, code):
    stage.write("cases.jsonl", *CASES[:5], {"prompt": "Hi!", "calls": []})

    assert stage("cases.jsonl", "--threshold", threshold).code == code


def test_run_may_be_said_and_left_out(stage):
    named, short = stage("run", "cases.jsonl"), stage("cases.jsonl")
    options_first = stage("--repeat", "1", "cases.jsonl")

    assert (
        named.out.splitlines()[:3]
        == short.out.splitlines()[:3]
        == options_first.out.splitlines()[:3]
    )
    assert named.code == short.code == 0


def test_models_dialects_and_wordings_are_compared(stage):
    stage.write("words.json", {"weather": "Say how warm it is."})
    done = stage(
        "cases.jsonl",
        *("--interface", "groq", "--model", "a", "--model", "b"),
        *("--dialect", "functions", "--dialect", "tools"),
        *("--wording", "none", "--wording", "words.json", "--json", "out.json"),
    )
    bodies = [each for each in stage.server.bodies if not results_in(each)]
    told = json.loads((stage.place / "out.json").read_text(encoding="utf-8"))

    assert done.code == 0, done.err
    assert [each["name"] for each in told["variants"]] == [
        f"groq:{model} {dialect}{words}"
        for model in "ab"
        for dialect in ("functions", "tools")
        for words in ("", " words.json")
    ]
    assert {(each["model"], "tools" in each) for each in bodies} == {
        (model, tools) for model in "ab" for tools in (True, False)
    }
    assert str(bodies).count("Say how warm it is.") == 24
    assert len(told["comparisons"]) == 14
    assert done.out.count("no difference that can be told") == 14


def test_an_agent_brings_its_own_and_may_have_another_model(stage):
    done = stage(
        "cases.jsonl", "--agent", "tools.py:agent", "--model", "a", "--model", "b", tools=()
    )
    bodies = stage.server.bodies

    assert done.code == 0, done.err
    assert {each["model"] for each in bodies} == {"a", "b"}
    assert {each["messages"][0]["content"] for each in bodies} == {"Be brief."}
    assert "tools.py:agent groq:a" in done.out


def test_tools_that_change_something_run_only_where_that_is_said(stage):
    stage.server.always = lambda body: (
        "ok" if results_in(body) else FunctionCall("mail", '{"to": "a"}')
    )
    stage.write("cases.jsonl", {"prompt": "Mail a.", "calls": ["mail"]})

    assert stage("cases.jsonl").code == 0
    assert not (stage.place / "sent.txt").exists()
    assert stage("cases.jsonl", "--run-tools", "all").code == 0
    assert (stage.place / "sent.txt").read_text(encoding="utf-8") == "a"


def test_the_first_reply_is_one_request_a_case(stage):
    assert stage("cases.jsonl", "--first-reply").code == 0
    assert len(stage.server.bodies) == len(CASES)


def test_cases_are_chosen_by_tag_and_id(stage):
    stage.write("cases.jsonl", *({**each, "tags": [each["id"][0]]} for each in CASES))

    assert stage("cases.jsonl", "--tag", "B", "--tag", "O").code == 0
    assert sorted(stage.asked) == ["Bern", "Bonn", "Oslo"]
    assert stage("cases.jsonl", "--tag", "B", "--case", "Bonn").code == 0
    assert stage.asked[3:] == ["Bonn"]


def test_drafts_are_told_of(stage):
    stage.write("cases.jsonl", {**CASES[0], "draft": True})

    assert "1 of the cases are drafts" in stage("cases.jsonl").err


# What is kept


def held_at_lima(stage: Stage) -> tuple[list[str], dict[str, str]]:
    """Have the server keep one case waiting: the arguments and environment of a command for it."""

    def held(body: Any) -> Any:
        if said(body) == "Lima":
            stage.server.closing.wait(20)
        return knows(body)

    stage.server.always = held
    given = ["eval", "cases.jsonl", "-t", "tools.py", "-i", "groq", "-r", "out.jsonl", "-c", "1"]
    return given, stage.command.environment(stage.environment)


def test_killed_at_any_moment_it_goes_on_where_it_was(stage):
    given, environment = held_at_lima(stage)
    process = python("-m", "agentkit", *given, cwd=stage.place, env=environment)
    assert until(lambda: "Lima" in stage.asked)
    process.kill()
    process.wait(30)
    output = stage.place / "out.jsonl"
    whole = output.read_bytes()
    assert [json.loads(each)["case"] for each in whole.splitlines()] == ["Oslo", "Bern", "Rome"]
    output.write_bytes(whole[:-20])  # as if it had been in the middle of a line
    stage.server.always = knows
    stage.server.closing.set()
    again = stage("cases.jsonl", "-r", "out.jsonl", "-c", "1")

    assert again.code == 0, again.err
    assert stage.asked[4:] == ["Rome", "Lima", "Bonn", "Kyiv"]
    assert [each["case"] for each in stage.lines("out.jsonl")] == list(CITIES)
    assert "6 runs (2 of them before): 6 passed" in again.err


def test_ctrl_c_keeps_what_is_done_and_tells_how_to_go_on(stage):
    given, environment = held_at_lima(stage)
    process = python(
        *("-m", "agentkit", *given),
        stderr=subprocess.PIPE,
        text=True,
        cwd=stage.place,
        env=environment,
    )
    assert until(lambda: "Lima" in stage.asked)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    stage.server.closing.set()

    assert process.returncode == 130
    assert err.splitlines()[-2:] == [
        "agentkit: interrupted.",
        "agentkit: What is done is kept in out.jsonl: the same command goes on from there.",
    ]
    assert len(stage.lines("out.jsonl")) == 3


def test_runs_that_an_error_ended_are_told_of_and_run_again(stage):
    stage.server.always = lambda body: Raw(
        [json.dumps({"error": {"message": "no such city"}}).encode()], status=400
    )
    failed = stage("cases.jsonl", "-r", "out.jsonl", "--threshold", "0")
    stage.server.always = knows
    kept = stage("cases.jsonl", "-r", "out.jsonl")
    again = stage("cases.jsonl", "-r", "out.jsonl", "--retry-errors")

    assert (failed.code, kept.code, again.code) == (0, 1, 0)
    assert "an error ended 6 of them: --retry-errors runs these again." in failed.err
    assert "StatusError: " in failed.out


def test_two_at_once_do_not_write_one_file(stage):
    stage.server.always = lambda body: stage.server.closing.wait(20) and knows(body)
    given = ("eval", "cases.jsonl", "-t", "tools.py", "-i", "groq", "-r", "out.jsonl")
    environment = stage.command.environment(stage.environment)
    process = python("-m", "agentkit", *given, cwd=stage.place, env=environment)
    assert until(lambda: bool(stage.asked))
    other = stage("cases.jsonl", "-r", "out.jsonl")
    stage.server.always = knows
    stage.server.closing.set()
    process.wait(30)

    assert other.code == 2
    assert "Another evaluation writes out.jsonl: wait for its end" in other.err


def test_a_wrong_key_ends_it_at_once(stage):
    refusal = json.dumps({"error": {"message": "Invalid API Key"}}).encode()
    stage.server.always = lambda body: Raw([refusal], status=401)
    done = stage("cases.jsonl", "-c", "1")

    assert done.code == 1
    assert len(stage.server.bodies) == 1
    assert "Traceback" not in done.err


# Without a model


def test_recorded_runs_are_judged_without_a_model(stage):
    env = stage.environment | {"AGENTKIT_JOURNAL": "runs.db"}
    for city in CITIES[:2]:
        assert stage.command("run", city, "-t", "tools.py", env=env).code == 0
    count = len(stage.server.bodies)
    done = stage("cases.jsonl", "--runs", "runs.db")
    few = stage.command("eval", "cases.jsonl", "--runs", "runs.db", "--case", "Oslo")

    assert done.code == 0, done.err
    assert "6 cases, 2 runs." in done.out
    assert "no run has the prompt of Rome, Lima, Bonn, Kyiv." in done.err
    assert few.code == 0
    assert len(stage.server.bodies) == count
    assert stage("cases.jsonl", "--runs", "none.db").code == 2


def test_a_recording_answers_in_place_of_the_model(stage):
    made = stage("cases.jsonl", "--replay", "tape.jsonl", AGENTKIT_REPLAY="missing")
    count = len(stage.server.bodies)
    again = stage.command("eval", "cases.jsonl", "-t", "tools.py", "--replay", "tape.jsonl")
    stage.write("more.jsonl", {"prompt": "Turin", "calls": ["weather"]})
    unknown = stage.command("eval", "more.jsonl", "-t", "tools.py", "--replay", "tape.jsonl")

    assert made.code == again.code == 0, again.err
    assert len(stage.server.bodies) == count
    assert unknown.code == 1
    assert "ReplayError: This request is not in 'tape.jsonl'." in unknown.out


# What is written


def test_a_report_goes_to_a_page_to_junit_and_to_json(stage):
    files = ("--html", "out.html", "--junit", "out.xml", "--json", "out.json")
    done = stage("cases.jsonl", *files)
    texts = {name: (stage.place / name).read_text(encoding="utf-8") for name in files[1::2]}

    assert texts["out.html"].lower().startswith("<!doctype html>")
    assert texts["out.xml"].startswith("<?xml")
    assert json.loads(texts["out.json"])["met"] is True
    assert all(f"wrote {name}." in done.err for name in texts)


def test_json_may_go_to_stdout_alone(stage):
    done = stage("cases.jsonl", "--json", "-")

    assert len(json.loads(done.out)["outcomes"]) == len(CASES)
    assert "6 cases, 6 runs." in done.err


def test_on_a_terminal_a_bar_shows_how_far_it_is(stage):
    terminal = stage.command.on_terminal(
        "eval", "cases.jsonl", "-t", "tools.py", env=stage.environment
    )
    code, shown = terminal.end()

    assert code == 0
    assert "of 6 runs" in shown
    assert "100 % (61-100)" in shown


# What is wrong


WRONG = [
    (("none.jsonl",), "none.jsonl cannot be read: No such file or directory."),
    (("bad.jsonl",), "bad.jsonl, line 2: it is no JSON: "),
    (("typo.jsonl",), "typo.jsonl, line 1: there is no tool 'wether'. Did you mean 'weather'?"),
    (("cases.jsonl", "--tag", "x"), "cases.jsonl has no case with the tag x."),
    (("cases.jsonl", "--case", "Olso"), "cases.jsonl has no case 'Olso'. Did you mean 'Oslo'?"),
    (("cases.jsonl", "--model", "a", "--model", "a"), "groq:a is given twice."),
    (("cases.jsonl", "--dialect", "tool"), "dialect is functions, tools or auto, not 'tool'."),
    (("cases.jsonl", "-i", "offline", "--dialect", "tools"), "--dialect is for servers"),
    (("cases.jsonl", "--wording", "bad.jsonl"), "bad.jsonl: it is no JSON: "),
    (("cases.jsonl", "--wording", "list.json"), "list.json: a wording is an object with descriptions"),
    (("cases.jsonl", "--wording", "words.json"), "words.json: there is no tool 'wether'."),
    (("cases.jsonl", "--agent", "tools.py:agent"), "--agent brings its own: leave out --tools"),
    (("cases.jsonl", "--results", "cases.jsonl"), "--results: cases.jsonl is the cases too."),
    (("cases.jsonl", "--html", "a.x", "--json", "a.x"), "--html: a.x is --json too."),
    (("cases.jsonl", "--html", "none/a.html"), "--html: none/a.html cannot be written."),
    (("cases.jsonl", "--results", "tools.py"), "tools.py, line 2: "),
    (("cases.jsonl", "--threshold", "2"), "Invalid value for '--threshold'"),
    (("cases.jsonl", "--repeat", "0"), "Invalid value for '--repeat'"),
]  # fmt: skip


def test_mistakes_are_one_line_and_nothing_is_asked(stage, inside, monkeypatch):
    monkeypatch.chdir(stage.place)
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    stage.write("bad.jsonl", json.dumps(CASES[0]), "{")
    stage.write("typo.jsonl", {"prompt": "Hi.", "calls": ["wether"]})
    stage.write("list.json", [])
    stage.write("words.json", {"wether": "x"})
    for arguments, why in WRONG:
        done = inside(
            "eval", *arguments, "-t", "tools.py", *(() if "-i" in arguments else ("-i", "groq"))
        )

        assert why in done.err
        assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    assert stage.server.bodies == []


def test_dialects_of_an_agent_need_the_name_of_its_interface(stage):
    done = stage("cases.jsonl", "--agent", "tools.py:agent", "--dialect", "tools", tools=())

    assert done.code == 2
    assert "--dialect with --agent needs --interface" in done.err


# The built-in tools


BUILT_IN = "calculator,clock,files,files-write,text,json,sqlite,sqlite-write"


def test_the_offline_model_knows_its_way_about_the_built_in_tools(command):
    cases = Path(__file__).parent.parent.parent / "examples" / "eval_builtin_tools.jsonl"
    files = ("--html", "report.html", "--results", "out.jsonl")
    done = command(
        "eval", str(cases), "-t", BUILT_IN, "-i", "offline", "--threshold", "0.9", *files
    )
    again = command("eval", str(cases), "-t", BUILT_IN, "-i", "offline", "--results", "out.jsonl")

    assert done.code == 0, done.out
    assert "15 runs (15 of them before)" in again.err
    assert (command.place / "report.html").stat().st_size > 10_000
