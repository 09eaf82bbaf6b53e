"""A trace in a file: what a line is, and who may write into it at once."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import stat
import subprocess
import sys
import threading

import pytest
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from telemetry.recorded import Recorded, tree

from agentkit import Agent, ConfigError, LimitError, Limits, tool
from agentkit.telemetry import JsonLines, StoredSpan, read_spans
from agentkit.testing import ScriptedInterface, call
from agentkit.tracing import going_on, traceparent


@pytest.fixture
def path(tmp_path):
    return tmp_path / "trace.jsonl"


def stored(path):
    return list(read_spans(path))


def tree_of(path):
    return tree((each.name, each.span_id, each.parent_id) for each in stored(path))


@tool(read_only=True)
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool(read_only=True)
def fail() -> str:
    """Fail."""
    raise ValueError("No.")


def test_a_file_has_what_opentelemetry_has(path, recorded: Recorded):
    calls = [call("add", a=1, b=2), call("fail")]
    for trace in (JsonLines(path, content=True), recorded.trace(content=True)):
        model = ScriptedInterface(calls, "Done.")
        Agent([add, fail], model, trace=trace, name="a", instructions="Be kind.").run(
            "Go.", run_id="r"
        )

    def facts(name, attributes, error):
        return (
            name,
            sorted((k, list(v) if isinstance(v, tuple) else v) for k, v in attributes),
            error,
        )

    here = [facts(s.name, s.attributes.items(), s.is_error) for s in stored(path)]
    there = [facts(s.name, s.attributes.items(), not s.status.is_ok) for s in recorded.spans]
    assert sorted(here) == sorted(there)
    assert tree_of(path) == recorded.tree


def test_a_line_is_what_a_collector_takes(path):
    Agent([add], ScriptedInterface(call("add", a=1, b=2), "3."), trace=path).run("Go.")
    for line in path.read_text().splitlines():
        (each,) = json_format.Parse(line, TracesData()).resource_spans
        assert each.resource.attributes[0].value.string_value == "agentkit"
        (span,) = each.scope_spans[0].spans
        assert span.end_time_unix_nano >= span.start_time_unix_nano > 0


def test_the_file_is_for_the_user_alone_and_says_nothing_of_what_was_said(path):
    Agent([add], ScriptedInterface(call("add", a=1234, b=5), "mine"), trace=path).run("private")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not {"private", "1234", "mine"} & set(path.read_text().replace('"', " ").split())


def test_all_parts_of_a_run_are_one_trace(path):
    agent = Agent(
        [add], ScriptedInterface(call("add", a=1, b=2), "3."), trace=path, limits=Limits(steps=1)
    )
    with pytest.raises(LimitError) as stopped:
        agent.run("Go.")
    agent.limits = Limits()
    run = agent.run(after=stopped.value.run)

    spans = stored(path)
    assert {each.trace_id for each in spans} == {run.id}
    assert [each.name for each in spans if not each.parent_id] == ["invoke_agent"] * 2
    Agent((), ScriptedInterface("Hi."), trace=path).run("Go.", run_id="row 7")
    assert len(stored(path)[-1].trace_id) == 32


def test_an_agent_inside_a_tool_may_have_a_trace_of_its_own(path, tmp_path):
    own = tmp_path / "own.jsonl"
    inner = Agent((), ScriptedInterface("Yes."), name="inner", trace=own)

    @tool
    async def ask() -> str:
        """Ask."""
        return (await inner.arun("Well?")).output

    Agent([ask], ScriptedInterface(call("ask"), "Done."), trace=path, name="outer").run("Go.")

    assert tree_of(own) == [("invoke_agent inner", [("chat agent", [])])]
    (called,) = [each for each in stored(path) if each.name == "execute_tool ask"]
    (invoked,) = [each for each in stored(own) if each.name == "invoke_agent inner"]
    assert (invoked.parent_id, invoked.trace_id) == (called.span_id, called.trace_id)


def test_a_trace_goes_on_from_elsewhere_and_elsewhere(path, recorded):
    headers = []

    @tool
    async def send() -> str:
        """Send."""
        await asyncio.sleep(0)
        headers.append(traceparent())
        return "sent"

    came = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    for trace in (path, recorded.trace()):
        with going_on(came):
            Agent([send], ScriptedInterface(call("send"), "Done."), trace=trace).run("Go.")
    assert traceparent() == ""

    spans = {each.name: each for each in stored(path)}
    assert {each.trace_id for each in spans.values()} == {came[3:35]}
    assert spans["invoke_agent"].parent_id == came[36:52]
    assert headers[0] == f"00-{came[3:35]}-{spans['execute_tool send'].span_id}-01"
    (invoked,) = recorded.named("invoke")
    (called,) = recorded.named("execute_tool")
    assert f"{invoked.context.trace_id:032x}" == came[3:35]
    assert f"{invoked.parent.span_id:016x}" == came[36:52]
    assert headers[1].startswith(f"00-{came[3:35]}-{called.context.span_id:016x}-")


def test_a_span_that_is_current_already_is_gone_on_with(path, recorded):
    with recorded.span("web"):
        header = traceparent()
        for trace in (path, recorded.trace()):
            assert Agent((), ScriptedInterface("Hi."), trace=trace).run("Go.").done

    assert recorded.tree == [("web", [("invoke_agent", [("chat agent", [])])])]
    (web,) = recorded.named("web")
    assert header.startswith(f"00-{web.context.trace_id:032x}-{web.context.span_id:016x}-")
    assert (stored(path)[-1].trace_id, stored(path)[-1].parent_id) == (header[3:35], header[36:52])


@pytest.mark.parametrize(
    "header", [None, "", "nonsense", "00-" + "0" * 32 + "-0123456789abcdef-01", "00-1-2-3\n"]
)
def test_a_header_that_makes_no_sense_is_none(path, header):
    with going_on(header):
        run = Agent((), ScriptedInterface("Hi."), trace=path).run("Go.")
    assert [(each.trace_id, each.parent_id) for each in stored(path)][1] == (run.id, "")


WRITER = """
import sys
from agentkit import Agent, tool
from agentkit.testing import ScriptedInterface, call

@tool(read_only=True)
def long() -> str:
    "Be long."
    return "x" * 9000

for _ in range(10):
    model = ScriptedInterface([call("long"), call("long")], "Done.")
    Agent([long], model, trace=sys.argv[1]).run("Go.")
"""


def test_threads_and_processes_may_share_it(path):
    asks = {**os.environ, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}
    command = [sys.executable, "-c", WRITER, str(path)]
    other = subprocess.Popen(command, env=asks)
    agent = Agent((), ScriptedInterface(*["Hi."] * 40), trace=path)
    threads = [
        threading.Thread(target=lambda: [agent.run("Go.") for _ in range(10)]) for _ in "abcd"
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert other.wait() == 0

    lines = path.read_text().splitlines()
    assert len(lines) == 40 * 2 + 10 * 5
    assert all(json.loads(line) for line in lines)


def test_a_disk_that_fails_ends_no_run_and_is_said_once(path, caplog):
    trace = JsonLines(path)
    agent = Agent((), ScriptedInterface(*["Hi."] * 3), trace=trace)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with caplog.at_level(logging.ERROR, logger="agentkit"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (700, before[1]))  # in the middle of a line
        try:
            assert agent.run("Go.").output == "Hi."
            assert agent.run("Go.").output == "Hi."
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert agent.run("Go.").output == "Hi."

    assert len(caplog.records) == 1
    assert "The trace cannot be kept" in caplog.text
    assert [each.name for each in stored(path)] == ["chat agent", "invoke_agent"]


def test_a_file_that_cannot_be_written_at_all_is_refused_before_anything_is_asked(tmp_path):
    model = ScriptedInterface()
    with pytest.raises(ConfigError, match=r"The trace .*nowhere.*cannot be written: No such file"):
        Agent((), model, trace=tmp_path / "nowhere" / "x", journal=tmp_path / "j.db").run("Go.")
    assert model.requests == []
    assert not (tmp_path / "j.db").exists() or not Agent(journal=tmp_path / "j.db").journal.runs()


def test_what_is_no_trace_is_refused():
    with pytest.raises(ConfigError, match="trace= takes a path, 'otel' or a Trace, not 7"):
        Agent((), ScriptedInterface("Hi."), trace=7).run("Go.")


def test_the_environment_names_a_file(path, monkeypatch):
    monkeypatch.setenv("AGENTKIT_TRACE", str(path))
    Agent((), ScriptedInterface("Hi."), trace="").run("Go.")
    assert not path.exists()
    Agent((), ScriptedInterface("Hi.")).run("Go.")
    assert [each.name for each in stored(path)] == ["chat agent", "invoke_agent"]


def test_reading_leaves_out_what_is_no_span(path):
    path.write_text('nonsense\n[]\n{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]}\n')
    Agent((), ScriptedInterface("Hi."), trace=path).run("Go.")
    chat, run = stored(path)
    assert isinstance(chat, StoredSpan)
    assert run.began <= chat.began
    assert chat.seconds <= run.seconds


def test_nothing_heavy_is_needed_for_a_file(path):
    program = (
        "import sys; from agentkit import Agent; from agentkit.testing import ScriptedInterface;"
        f"Agent((), ScriptedInterface('Hi.'), trace={str(path)!r}).run('Go.');"
        "print([n for n in sys.modules if n.startswith(('opentelemetry', 'pydantic', 'httpx'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
