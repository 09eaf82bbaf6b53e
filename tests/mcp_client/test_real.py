"""Servers that people have, installed from PyPI and npm."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from installed import python_with
from npm import npm_package
from waiting import until

from agentkit import Agent, Progress
from agentkit.mcp import MCPToolbox, mcp
from agentkit.media import Image
from agentkit.testing import ScriptedInterface, call

VERSION = "2026.8.31"
PYTHON_VERSION = "2026.10.19"


@pytest.fixture(scope="module")
def place() -> None:
    if os.environ.get("AGENTKIT_SKIP_SERVERS"):
        pytest.skip("AGENTKIT_SKIP_SERVERS is set")


@pytest.fixture(scope="module")
def python(place: None) -> Path:
    """An environment with the servers for time and for git."""
    return python_with(f"mcp-server-time=={PYTHON_VERSION}", f"mcp-server-git=={PYTHON_VERSION}")


@pytest.fixture(scope="module")
def node(place: None) -> dict[str, Path]:
    names = ("everything", "filesystem", "memory")
    found = {n: npm_package(f"@modelcontextprotocol/server-{n}", VERSION) for n in names}
    return {name: folder / "dist" / "index.js" for name, folder in found.items()}


@pytest.fixture(scope="module")
def everything(node: dict[str, Path]) -> Iterator[MCPToolbox]:
    with mcp("node", str(node["everything"]), "stdio", pins=False) as box:
        yield box


def test_time(python: Path):
    with mcp(str(python), "-m", "mcp_server_time", "--local-timezone", "UTC", pins=False) as box:
        assert list(box) == ["get_current_time", "convert_time"]
        given = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
        converted = json.loads(box.call(call("convert_time", given)).content)
        assert converted["target"]["datetime"].endswith("T21:00:00+09:00")
        nowhere = box.call(call("get_current_time", timezone="Nowhere"))
        assert nowhere.is_error
        assert "No time zone found" in nowhere.content


def test_git(python: Path, tmp_path: Path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "new.txt").write_text("new", encoding="utf-8")
    with mcp(str(python), "-m", "mcp_server_git", pins=False) as box:
        assert box["git_status"].read_only
        assert box["git_reset"].destructive
        status = box.call(call("git_status", repo_path=str(tmp_path)))
        assert "new.txt" in status.content
        assert box.call(call("git_log", repo_path=str(tmp_path / "nowhere"))).is_error


def test_sqlite_whose_package_speaks_an_older_protocol(place: None, tmp_path: Path):
    python = python_with("mcp-server-sqlite==2025.4.25", "mcp<2")
    main = "from mcp_server_sqlite import main; main()"
    with mcp(str(python), "-c", main, "--db-path", str(tmp_path / "x.db"), pins=False) as box:
        assert box["read_query"].destructive  # as it says nothing of itself
        box.call(call("create_table", query="CREATE TABLE t (a)"))
        box.call(call("write_query", query="INSERT INTO t VALUES (7)"))
        assert box.call(call("read_query", query="SELECT a FROM t")).content == "[{'a': 7}]"
        refused = box.call(call("read_query", query="DROP TABLE t"))
        assert "Only SELECT queries are allowed" in refused.content


def test_files(node: dict[str, Path], tmp_path: Path):
    (tmp_path / "a.txt").write_text("Hello.", encoding="utf-8")
    with mcp("node", str(node["filesystem"]), str(tmp_path), pins=False) as box:
        assert box["read_text_file"].read_only
        read = box.call(call("read_text_file", path=str(tmp_path / "a.txt")))
        assert (read.content, read.is_error) == ("Hello.", False)
        outside = box.call(call("read_text_file", path="/etc/passwd"))
        assert "outside allowed directories" in outside.content


def test_memory(node: dict[str, Path], tmp_path: Path):
    env = {"MEMORY_FILE_PATH": str(tmp_path / "memory.jsonl")}
    with mcp("node", str(node["memory"]), env=env, pins=False) as box:
        ann = {"name": "Ann", "entityType": "person", "observations": ["likes tea"]}
        box.call(call("create_entities", entities=[ann]))
        assert "likes tea" in box.call(call("search_nodes", query="Ann")).content


def test_everything_lists_calls_and_fails(everything: MCPToolbox):
    assert everything.call(call("echo", message="hi")).content == "Echo: hi"
    assert "simulate-research-query' is left out: it runs as a task" in everything.problems[0]
    assert (
        everything.call(call("get-structured-content", location="Chicago")).content.count("{") == 1
    )
    assert "Expected string" not in everything.call(call("echo", message=7)).content
    assert everything.call(call("get-sum", a=1)).is_error
    given = json.loads(everything.call(call("get-env")).content)
    assert not {name for name in given if "KEY" in name}


def test_everything_gives_an_image(everything: MCPToolbox):
    result = everything.call(call("get-tiny-image"))

    (image,) = result.media
    assert isinstance(image, Image)
    assert image.data.startswith(b"\x89PNG")
    assert f"[image/png, {len(image.data):,} bytes]" in result.content
    assert len(result.content) < 200


def test_everything_tells_its_progress(everything: MCPToolbox):
    long = call("trigger-long-running-operation", duration=0.2, steps=2)
    agent = Agent([everything], ScriptedInterface(long, "Done."))

    told = [each.fraction for each in agent.iter("Go.") if isinstance(each, Progress)]

    assert told == [0.5, 1.0]


def test_everything_is_killed_in_the_middle_of_a_call_and_started_again(node: dict[str, Path]):
    long = call("trigger-long-running-operation", duration=60, steps=2)
    script = ScriptedInterface(long, call("echo", message="again"), "Done.")
    # Else the call would be made again, as it only reads.
    box = mcp("node", str(node["everything"]), pins=False, trust_hints=False)
    agent = Agent([box], script, approval="never")
    list(box)
    remote = box.servers[0].remote
    before = remote._connection._way._process.pid

    def kill() -> None:
        assert until(lambda: remote._connection._telling)
        os.kill(before, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    run = agent.run("Go.")
    killer.join()

    assert "ended in the middle of the call (SIGKILL)" in run.steps[0].results[0].content
    assert run.steps[1].results[0].content == "Echo: again"
    assert remote._connection._way._process.pid != before
    box.close()


@pytest.fixture(scope="module")
def address(node: dict[str, Path]) -> Iterator[str]:
    """`server-everything` over streamable HTTP."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["node", str(node["everything"]), "streamableHttp"]
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}/mcp"
            assert until(lambda: _answers(url))
            yield url
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code > 0
    except httpx.HTTPError:
        return False


def test_everything_over_http(address: str):
    with mcp(address, pins=False) as box:
        assert box.call(call("echo", message="hi")).content == "Echo: hi"
        assert len(box.call(call("get-tiny-image")).media) == 1
        long = call("trigger-long-running-operation", duration=0.2, steps=2)
        agent = Agent([box], ScriptedInterface(long, "Done."))
        assert [e.fraction for e in agent.iter("Go.") if isinstance(e, Progress)] == [0.5, 1.0]
