"""The benchmarks run, and lose nothing; how long they take is not looked at."""

import http.client
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
PAGE = "By hand.\n<!-- results: made by benchmarks/report.py -->\nold\n<!-- end of results -->\nMore.\n"


def run(script, *given):
    command = [sys.executable, str(BENCHMARKS / script), *map(str, given)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def test_the_benchmark_of_the_journal_counts_every_event():
    one, many = map(
        json.loads, run("journal.py", "--processes", 2, "--runs", 5, "--steps", 3).splitlines()
    )

    assert one["steps"] == 3
    assert many["events"] == 2 * 5 * 16


def test_the_benchmark_of_recordings_replays_what_it_recorded():
    lines = run("recording.py", "--steps", 3, 6).splitlines()

    assert [json.loads(line)["steps"] for line in lines] == [3, 6]


def test_the_benchmark_of_transports_has_a_figure_for_each():
    lines = run("transports.py", "--rounds", 1, "--requests", 3).splitlines()

    assert len(lines) == 7
    assert all(line.endswith("ms of CPU") for line in lines)


@pytest.fixture
def connection():
    command = [sys.executable, str(BENCHMARKS / "server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        port = int(process.stdout.readline())
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as opened:
            yield opened
        process.stdin.close()


@pytest.mark.parametrize("dialect", ["functions", "tools"])
def test_the_server_answers_in_the_dialect_and_counts_the_replies_of_a_run(connection, dialect):
    body = json.dumps({"messages": [{"content": "run-000001; Add."}], dialect: []})
    messages = []
    for _ in range(3):
        connection.request("POST", "/steps/2/v1/chat/completions", body)
        messages.append(json.load(connection.getresponse())["choices"][0]["message"])

    calls = [
        each.get("function_call") or each["tool_calls"][0]["function"] for each in messages[:2]
    ]
    assert [json.loads(each["arguments"])["a"] for each in calls] == [0, 1]
    assert ("function_call" in messages[0]) == (dialect == "functions")
    assert messages[2]["content"] == "done"


def test_the_server_takes_a_body_in_chunks_and_streams(connection):
    body = b'{"stream": true, "messages": [{"content": "run-000001; Say it."}]}'
    headers = {"Transfer-Encoding": "chunked"}
    connection.request(
        "POST", "/text/40/v1/chat/completions", [body[:9], body[9:]], headers, encode_chunked=True
    )

    streamed = connection.getresponse().read().decode()

    assert streamed.count('"content":"word "') == 40
    assert streamed.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("contender", ["agentkit", "socket"])
def test_a_contender_passes_every_workload(contender, tmp_path):
    stored = tmp_path / "results.json"
    given = ["--small", "--here", "--rounds", 1, "--only", contender, "--results", stored]

    shown = run("bench.py", *given)

    figures = json.loads(stored.read_text(encoding="utf-8"))["figures"]
    (ceiling,) = figures.pop("ceiling")["server"]
    assert ceiling["small"] > 0
    rounds = [each for one in figures.values() for each in one.get(contender, [])]
    assert [each for each in rounds if "error" in each] == []
    assert len(rounds) >= 16
    assert "### A step" in shown


def test_agentkit_has_every_schema_of_the_benchmark_right(tmp_path):
    stored = tmp_path / "results.json"
    given = ["--small", "--here", "--rounds", 1, "--only", "agentkit", "--workloads", "schema"]
    run("bench.py", *given, "--results", stored)

    ((found,),) = json.loads(stored.read_text(encoding="utf-8"))["figures"]["schema"].values()

    assert (found["passed"], found["described"], found["missed"]) == (32, 32, {})


def results():
    """Of three rounds, in which one library was slower, and one failed."""
    steps = {
        "httpx_by_hand": [{"cpu_ms": 1.0, "wall_ms": 2.0}] * 3,
        "agentkit": [{"cpu_ms": each, "wall_ms": 1.0} for each in (0.4, 0.5, 9.0)],
        "langchain": [{"cpu_ms": 6.0, "wall_ms": 7.0}] * 3,
        "llm": [{"error": "took longer than 180 s"}],
    }
    versions = {name: {name: "1.0"} for name in steps}
    about = {"date": "2026-11-29", "python": "3.11.7", "cores": 2}
    return {"about": about | {"versions": versions}, "figures": {"steps": steps}}


def test_the_report_has_medians_failures_and_targets_and_keeps_the_prose(tmp_path):
    stored, page = tmp_path / "results.json", tmp_path / "page.md"
    stored.write_text(json.dumps(results()), encoding="utf-8")
    page.write_text(PAGE, encoding="utf-8")

    run("report.py", "--results", stored, "--page", page, "--no-plot")

    lines = page.read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("By hand.", "More.")
    assert "| agentkit | 0.5 | 0.5 | 1 | - | - |" in lines
    assert "| llm | failed | - | failed | - | - |" in lines
    assert "| CPU of a step, in that of httpx by hand | ≤ 0.6 | 0.5 | yes |" in lines
    assert "- llm, steps: took longer than 180 s" in lines
