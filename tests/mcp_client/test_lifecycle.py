"""When servers are started, and when they end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys

import pytest
from mcp_client.servers import Raw, is_alive
from waiting import until

from agentkit import Agent, ConfigError, DefinitionError
from agentkit.errors import MCPError
from agentkit.mcp import mcp
from agentkit.mcp.client import program
from agentkit.messages import ANSWER
from agentkit.testing import ScriptedInterface, call


def process_of(box):
    return box.servers[0].remote._connection._way._process


def test_nothing_is_started_before_the_tools_are_needed(raw: Raw):
    box = raw.box("greet")
    agent = Agent([box.prefixed("raw_")], ScriptedInterface(call("raw_greet"), "Done."))
    assert repr(box) == "MCPToolbox(...)"
    assert not raw.heard("initialize")

    run = agent.run("Go.")

    assert run.steps[0].results[0].content == "greet {}"
    assert repr(box) == "MCPToolbox(greet)"


def test_an_event_loop_is_not_blocked_while_servers_start(raw: Raw):
    agent = Agent([raw.box("greet")], ScriptedInterface("Done.", "Done.", "Done."))

    async def main(run) -> int:
        turns = 0
        task = asyncio.create_task(run())
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        await task
        return turns

    async def many() -> None:
        assert [each.output async for each in agent.amap(["Go."])] == ["Done."]

    assert asyncio.run(main(many)) > 100  # a start takes much longer than a turn
    assert asyncio.run(main(lambda: agent.arun("Go."))) < 100


def test_names_that_are_ours_are_refused_when_they_are_known(raw: Raw):
    agent = Agent([raw.box(ANSWER)], ScriptedInterface(), output=int)

    with pytest.raises(DefinitionError, match=ANSWER):
        agent.run("Go.")
    with pytest.raises(DefinitionError, match=ANSWER):
        Agent([raw.box()], ScriptedInterface(), output=int).check()


@pytest.mark.parametrize("derived", [False, True])
def test_a_block_ends_the_server_and_refuses_calls_from_then_on(raw: Raw, derived: bool):
    box = raw.box("greet")
    with box.only("greet") if derived else box as tools:
        assert not tools.call(call("greet")).is_error
        pid = process_of(box).pid
    assert not is_alive(pid)

    assert tools.call(call("greet")).content == "Error: The MCP server raw was closed."


def test_a_server_that_does_not_end_is_ended(raw: Raw, monkeypatch):
    monkeypatch.setattr(program, "_GRACE", 0.2)
    command = f"trap '' TERM; {' '.join(raw.command)}; sleep 100 & wait"
    raw.lists("greet")
    box = mcp(["/bin/sh", "-c", command], pins=False)
    with box:
        pid = process_of(box).pid
        os.killpg(pid, 0)
    assert until(lambda: not is_alive(pid))


def test_what_a_server_started_ends_with_it(raw: Raw):
    raw.lists("greet")
    note = raw.home / "child"
    command = f"sleep 100 & echo $! > {note}; exec {' '.join(raw.command)}"
    with mcp(["/bin/sh", "-c", command], pins=False):
        child = int(note.read_text())
        assert is_alive(child)

    assert until(lambda: not is_alive(child))


def test_a_server_that_nobody_has_any_more_ends(raw: Raw):
    raw.lists("greet")
    box = mcp(list(raw.command), pins=False)
    agent = Agent([box], ScriptedInterface(call("greet"), "Done."))
    agent.run("Go.")
    pid = process_of(box).pid

    del box, agent
    gc.collect()

    assert until(lambda: not is_alive(pid))


CODE = """
import time
from agentkit.mcp import mcp
box = mcp({command!r}, pins=False)
list(box)
print(box.servers[0].remote._connection._way._process.pid, flush=True)
time.sleep(60)
"""


def test_a_server_ends_with_a_process_that_is_killed(raw: Raw):
    raw.lists("greet")
    code = CODE.format(command=list(raw.command))
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        assert process.stderr.read() == b""

    assert until(lambda: not is_alive(pid))


def test_a_server_that_dies_at_its_start_says_why(raw: Raw):
    (raw.home / "broken").touch()
    box = raw.box("greet", name="broken")

    with pytest.raises(MCPError) as raised:
        list(box)

    assert str(raised.value) == (
        "The MCP server broken ended before it could be used (exit code 1). It said: no config, I "
        "give up"
    )
    (raw.home / "broken").unlink()
    assert list(box) == ["greet"]


def test_a_server_that_does_not_answer_at_its_start_is_given_up(raw: Raw):
    (raw.home / "deaf").touch()

    with pytest.raises(MCPError, match=r"cannot be used: it did not answer in 0\.3 seconds"):
        list(raw.box("greet", start_timeout=0.3))


def test_a_server_that_never_lists_its_tools_is_given_up(raw: Raw):
    box = raw.box(start_timeout=1)

    (raw.home / "mute").touch()
    with pytest.raises(MCPError, match="it did not answer in 1 seconds"):
        list(box)


def test_a_program_that_is_not_there_is_told_of():
    for command in ("no-such-program", "/no/such/program"):
        with pytest.raises(MCPError, match=f"'{command}'"):
            list(mcp(command, pins=False))


def test_servers_of_a_file_start_side_by_side_and_have_their_names_before_their_tools(raw: Raw):
    command, *args = raw.command
    entry = {"command": command, "args": args}
    raw.lists("greet")

    with mcp({"mcpServers": {"one": entry, "the two": entry}}, pins=False) as box:
        assert list(box) == ["one_greet", "the_two_greet"]
        assert box.call(call("the_two_greet")).content == "greet {}"


def test_a_block_whose_server_cannot_be_started_leaves_nothing_behind(raw: Raw):
    command, *args = raw.command
    raw.lists("greet")
    entries = {"good": {"command": command, "args": args}, "bad": {"command": "no-such-program"}}
    box = mcp({"mcpServers": entries}, pins=False)

    async def enter() -> None:
        async with box:
            pass

    with pytest.raises(MCPError, match="no-such-program"), box:
        pass
    with pytest.raises(MCPError, match="closed"):
        asyncio.run(enter())
    assert all(each.remote._connection.has_ended for each in box.servers)


def test_a_failed_start_in_the_middle_of_a_run_is_an_error_of_the_call(raw: Raw):
    box = raw.box("die", "greet")
    box.call(call("die"))
    (raw.home / "broken").touch()

    results = [box.call(call("greet")) for _ in range(2)]

    assert "ended before it could be used (exit code 1)" in results[0].content
    assert "It is started again in 1 seconds." in results[1].content


def test_a_listing_of_nothing_is_a_listing(raw: Raw):
    (raw.home / "tools.json").write_text("[]", encoding="utf-8")
    box = raw.box()

    assert (list(box), box.is_ready) == ([], True)


def test_without_the_extra_it_is_told_what_to_install():
    from agentkit.mcp.extra import needing_mcp

    with pytest.raises(ConfigError, match=r"pip install 'agentkit\[mcp\]'"), needing_mcp():
        raise ModuleNotFoundError("No module named 'mcp'", name="mcp")
    with pytest.raises(ModuleNotFoundError), needing_mcp():
        raise ModuleNotFoundError("No module named 'other'", name="other")
