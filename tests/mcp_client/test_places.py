"""Which server is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentkit import ConfigError
from agentkit.mcp import mcp


def places(*given, **more):
    return [each.remote.place for each in mcp(*given, pins=False, **more).servers]


@pytest.mark.parametrize(
    ("given", "command", "name"),
    [
        (["uvx mcp-server-time --local-timezone 'Asia/Tokyo'"], 4, "mcp-server-time"),
        (["npx", "-y", "@modelcontextprotocol/server-everything"], 3, "server-everything"),
        ([["uv", "run", "server.py"]], 3, "server.py"),
        (["python -m my.server"], 3, "my.server"),
        (["/opt/My Server/run", "--now"], 2, "run"),
        ([Path("/opt/My Server/run")], 1, "run"),
        (["./server"], 1, "server"),
        (["docker run -i --rm mcp/time"], 5, "time"),
    ],
    ids=str,
)
def test_a_command_is_a_line_or_its_words(given, command, name):
    (place,) = places(*given)

    assert (len(place.command), place.name) == (command, name)


def test_an_address_is_called_by_its_host():
    (place,) = places(
        "HTTPS://Example.org/mcp?key=1", headers={"Authorization": "Bearer hush-hush"}
    )

    assert (place.name, place.url) == ("example.org", "HTTPS://Example.org/mcp?key=1")
    assert set(place.secrets) == {"Bearer hush-hush", "hush-hush", "1"}


def test_nothing_that_may_be_secret_shows():
    boxes = (
        mcp("server --key sesame", env={"A_TOKEN": "sesame"}),
        mcp("http://h/?key=sesame", headers={"X-Key": "sesame"}, name="h"),
    )

    for box in boxes:
        assert "sesame" not in repr((box, box.servers[0].remote.place))
        assert "sesame" not in box.servers[0].remote.place.identity


FILE = {
    "mcpServers": {
        "time": {
            "command": "uvx",
            "args": ["mcp-server-time", "${ZONE:-UTC}"],
            "env": {"A": "${A}"},
        },
        "web": {"url": "https://${HOST}/mcp", "headers": {"Authorization": "Bearer ${env:A}"}},
        "old": {"type": "sse", "url": "http://127.0.0.1/sse", "autoApprove": ["x"]},
        "off": {"command": "x", "disabled": True},
    }
}


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("A", "a-secret")
    monkeypatch.setenv("HOST", "example.org")
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps(FILE), encoding="utf-8")
    return path


def test_a_file_holds_servers_by_name(file):
    for given in (file, str(file), FILE):
        time, web, old = places(given)

        assert (time.command, time.env) == (("uvx", "mcp-server-time", "UTC"), {"A": "a-secret"})
        assert (web.url, web.headers["Authorization"]) == (
            "https://example.org/mcp",
            "Bearer a-secret",
        )
        assert (old.sse, web.sse) == (True, False)


def test_some_of_a_file_are_chosen_by_name_disabled_ones_too(file):
    assert [each.name for each in places(f"{file}:web,off")] == ["web", "off"]
    assert [each.name for each in places(file, servers=["off"])] == ["off"]


@pytest.mark.parametrize(
    ("given", "more", "told"),
    [
        ([""], {}, "no command and no address"),
        (["server 'x"], {}, "cannot be read: No closing quotation"),
        ([[1]], {}, "a list of words"),
        (["http:///mcp"], {}, "has no host"),
        (["http://u:p@h/"], {}, "in headers="),
        (["http://h/"], {"env": {"A": "b"}}, "for a command"),
        (["server"], {"headers": {"A": "b"}}, "for an address"),
        (["http://h/"], {"headers": {"A": "sesame\n"}}, "header A"),
        (["server"], {"servers": ["a"]}, "of a file"),
        (["nowhere.json"], {}, "No such file"),
        ([{"mcpServers": {}}], {}, "There are no servers"),
        ([{"mcpServers": {"a": 1}}], {}, "'a' of mcpServers is no object"),
        ([{"mcpServers": {"a": {"command": ["x"]}}}], {}, "command and url are text"),
        ([{"mcpServers": {"a": {}}}], {}, "'a' has no command and no address"),
        ([{"mcpServers": {"a": {"command": "x", "disabled": True}}}], {}, "are disabled"),
        ([{"mcpServers": {"a": {"command": "${NOT_SET}"}}}], {}, "needs NOT_SET"),
        ([{"mcpServers": {"a": {"command": "${input:key}"}}}], {}, "nothing fills ${input:key}"),
        ([{"mcpServers": {"time": {"command": "x"}}}], {"servers": ["tine"]}, "mean 'time'?"),
        ([{"mcpServers": {"a": {"command": "x"}}}], {"env": {}}, "'env'"),
        (["server"], {"environment": {}}, "no setting 'environment'"),
    ],
    ids=lambda each: None if isinstance(each, list) else str(each),
)
def test_what_is_no_server_is_an_error_that_says_what_would_be_one(given, more, told):
    with pytest.raises(ConfigError) as raised:
        mcp(*given, **more)

    assert told in str(raised.value)
    assert "sesame" not in str(raised.value)


def test_a_path_with_a_space_is_a_file_where_there_is_one(tmp_path):
    path = tmp_path / "my servers.json"
    assert places(str(path))[0].command[-1] == "servers.json"

    path.write_text('{"servers": {"a": {"command": "x"}}}', encoding="utf-8")

    assert places(str(path))[0].command == ("x",)


def test_files_that_cannot_be_read_are_errors(tmp_path):
    for name, text, told in (("a.json", "{", "no JSON"), ("b.json", "[]", "no JSON object")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=told):
            mcp(tmp_path / name)


def test_a_command_with_files_of_its_directory_is_another_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "server.py").touch()

    def identities():
        return [places(each)[0].identity for each in ("python server.py", "uvx some-server")]

    here = identities()
    monkeypatch.chdir(tmp_path)
    there = identities()

    assert [a == b for a, b in zip(here, there, strict=True)] == [False, True]
    assert len({places(f"http://h{port}/x?a={port}")[0].identity for port in ("", ":1")}) == 2
    assert len({places(f"http://h/x?a={n}")[0].identity for n in (1, 2)}) == 1
