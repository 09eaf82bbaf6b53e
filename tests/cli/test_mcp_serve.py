"""`agentkit mcp serve` as MCP clients start it: real processes, pipes and sockets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from cli.command import Command, Done
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_serving.clients import heard_all
from waiting import until

KEY = "a-key-for-the-tests"
TOOLS = '''
import asyncio, os, subprocess
from typing import TypedDict

from agentkit import Context, tool
from agentkit.safe import run_program

print("imported")


class Found(TypedDict):
    seen: str


@tool(read_only=True)
def noisy(context: Context) -> Found:
    """Print, also by a program, and look for what is on stdin."""
    print("printed")
    os.write(1, b"written\\n")
    seen = subprocess.run(["sh", "-c", "echo echoed; cat"], stdout=None, check=True)
    context.progress("half", 0.5)
    return {"seen": repr(os.read(0, 10))}


@tool(destructive=True, approve=True)
def ask(word: str) -> str:
    """Ask first."""
    return f"{word}!"


@tool
async def forever(file: str) -> str:
    """Wait."""
    open(file, "w").close()
    try:
        await asyncio.sleep(600)
    finally:
        os.remove(file)
    return ""


@tool
def program(file: str) -> str:
    """Run a program."""
    return run_program(["sh", "-c", f"echo $$ > {file}; sleep 600"], timeout=600).text


@tool(read_only=True, max_chars=None)
def big(count: int) -> str:
    """A big text."""
    return "x" * count
'''
HELLO = {
    "jsonrpc": "2.0",
    "id": "hello",
    "method": "initialize",
    "params": {
        "protocolVersion": "2024-11-05",
        "capabilities": {},
        "clientInfo": {"name": "old", "version": "1"},
    },
}


@pytest.fixture
def place(command: Command) -> Path:
    (command.place / "mine.py").write_text(TOOLS, encoding="utf-8")
    return command.place


def _environment(command: Command) -> dict[str, str]:
    """That of the command, with the bytecode that is there: compiling `mcp` anew takes seconds."""
    environment = command.environment()
    del environment["PYTHONPYCACHEPREFIX"]
    return environment


@contextmanager
def _started(command: Command, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    line = [sys.executable, "-m", "agentkit", "mcp", "serve", "--tools", "mine.py", *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        line, cwd=command.place, env=_environment(command), stdin=pipe, stdout=pipe, stderr=pipe
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _send(process: subprocess.Popen[bytes], *lines: Any) -> None:
    assert process.stdin
    for each in lines:
        text = each if isinstance(each, bytes) else json.dumps(each).encode()
        process.stdin.write(text + b"\n")
    process.stdin.flush()


def _received(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout
    return json.loads(process.stdout.readline())


def _request(number: Any, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _call(number: Any, name: str, **arguments: Any) -> dict[str, Any]:
    return _request(number, "tools/call", name=name, arguments=arguments)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _number_in(path: Path) -> int:
    assert until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


def test_what_tools_print_does_not_reach_the_client(command: Command, place: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "agentkit", "mcp", "serve", "--tools", "mine.py,calculator"],
        env=_environment(command),
        cwd=str(place),
    )
    heard: list[Any] = []

    async def hear(*progress: Any) -> None:
        heard.append(progress)

    async def main() -> list[Any]:
        with (place / "stderr").open("w") as errors:
            async with Client(stdio_client(server, errlog=errors)) as client:
                tools = await client.list_tools()
                results = await asyncio.gather(
                    client.call_tool("noisy", progress_callback=hear),
                    client.call_tool("calculator", {"expression": "17 * 23"}),
                    client.call_tool("ask", {"word": "x"}),
                )
                await heard_all(heard, 1)
        names = [each.name for each in tools.tools]
        return [names, *(each.structured_content or each.content[0].text for each in results)]

    names, noisy, product, asked = asyncio.run(main())

    assert names == ["noisy", "ask", "forever", "program", "big", "calculator"]
    assert noisy == {"seen": "b''"}
    assert product == "17 * 23 = 391"
    assert "cannot ask its user" in asked
    assert heard == [(0.5, 1.0, "half")]
    lines = (place / "stderr").read_text().splitlines()
    assert {"imported", "printed", "written", "echoed"} <= set(lines)


def test_no_message_ends_the_server_and_its_end_leaves_nothing(
    command: Command, place: Path
) -> None:
    with _started(command) as process:
        _send(process, b"garbage", b"", b"\xff\xfe", b"[" * 100_000, b"[]", b'"text"', b"{}")
        errors = [_received(process) for _ in range(6)]
        _send(process, {"jsonrpc": "2.0", "id": 7, "method": 7}, b"x" * (4 * 1024 * 1024 + 9))
        errors += [_received(process), _received(process)]
        _send(process, HELLO)
        hello = _received(process)
        _send(
            process,
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": []}},
            {"jsonrpc": "2.0", "id": 99, "result": {}},
            _request(1, "no/such"),
            _request(2, "tools/call", name=5),
            _request(3, "tools/call", name="ask", arguments=[1]),
            _request(4, "tools/call"),
            _call(5, "big", count=300_000),
        )
        answers = {each["id"]: each for each in (_received(process) for _ in range(5))}
        _send(process, _call(6, "program", file="pid"))
        pid = _number_in(place / "pid")
        assert _alive(pid)
        assert process.stdin
        process.stdin.close()
        assert process.wait(20) == 0
        assert until(lambda: not _alive(pid))

    assert [each["error"]["code"] for each in errors] == [*[-32700] * 3, *[-32600] * 5]
    assert [each["id"] for each in errors] == [*[None] * 6, 7, None]
    assert hello["result"]["protocolVersion"] == "2024-11-05"
    assert [answers[each]["error"]["code"] for each in (1, 2, 3, 4)] == [-32601, *[-32602] * 3]
    assert len(answers[5]["result"]["content"][0]["text"]) == 300_000


def test_a_signal_ends_it_while_stdin_is_open_and_a_call_runs(
    command: Command, place: Path
) -> None:
    with _started(command) as process:
        _send(process, HELLO, _call(1, "forever", file="begun"), _call(2, "program", file="pid"))
        pid = _number_in(place / "pid")
        assert until((place / "begun").exists)
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 0
        assert until(lambda: not _alive(pid))


def test_a_client_that_reads_nothing_and_goes_ends_it(command: Command, place: Path) -> None:
    with _started(command) as process:
        _send(process, HELLO, *(_call(each, "big", count=200_000) for each in range(5)))
        assert process.stdout
        process.stdout.read(10)
        process.stdout.close()
        assert process.stdin
        process.stdin.close()

        assert process.wait(20) == 0


def test_over_http_keys_and_limits_hold(command: Command, place: Path) -> None:
    (place / "keys").write_text(f"{KEY}\n")
    with _started(command, "--http", "0", "--key-file", "keys") as process:
        assert process.stderr
        line = next(each for each in process.stderr if b"http" in each).decode()
        assert process.stdout
        url = re.findall(r"http://127\.0\.0\.1:\d+/mcp", line)[0]
        key = {"Authorization": f"Bearer {KEY}"}

        async def main(mode: str) -> tuple[str, Any]:
            client = httpx2.AsyncClient(headers=key)
            transport = streamable_http_client(url, http_client=client)
            async with client, Client(transport, mode=mode) as connected:
                calls = [connected.call_tool("big", {"count": each}) for each in range(20)]
                lengths = [len(e.content[0].text) for e in await asyncio.gather(*calls)]
                waits = asyncio.ensure_future(connected.call_tool("forever", {"file": "begun"}))
                while not (place / "begun").exists():
                    await asyncio.sleep(0.01)
                waits.cancel()
                while (place / "begun").exists():  # until the tool was cancelled too
                    await asyncio.sleep(0.01)
                return connected.protocol_version, lengths

        def status(body: bytes = b"{}", **headers: str) -> int:
            kind = {"Content-Type": "application/json", "Accept": "application/json"}
            return httpx.post(url, content=body, headers={**kind, **headers}).status_code

        for mode, version in (("legacy", "2025-11-25"), ("auto", "2026-07-28")):
            assert asyncio.run(main(mode)) == (version, list(range(20)))
        assert status() == 401
        assert status(Authorization="Bearer wrong-key") == 401
        assert status(**key, Origin="http://evil.example") == 403
        assert status(b"x" * (4 * 1024 * 1024 + 1), **key) == 413
        assert status(b"[" * 50_000, **key) in (400, 406)
        assert status(b"\xff", **key) in (400, 406)
        assert asyncio.run(main("auto"))[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--http", "0.0.0.0:8000"], "it has no key"),
        (["--http", "eight"], "[HOST:]PORT, such as 8000"),
        (["--http", "99999"], "a port is a number up to 65535"),
        (["--no-key"], "go with --http"),
        (["--tools", "nowhere.py"], "There is no file 'nowhere.py'"),
        (["--agent", "odd.py:paint"], "is no Agent, but a Tool"),
        (["--approval", "nver", "--http", "0"], "Did you mean 'never'?"),
        (["--key-file", "none", "--http", "0"], "The keys in 'none' cannot be read"),
    ],
)
def test_wrong_use_is_told(
    inside: Callable[..., Done],
    tools_file: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(os.path.dirname(tools_file))

    done = inside("mcp", "serve", *arguments)

    assert done.code == 2
    assert words in done.err
    assert done.out == ""
