"""Every built-in tool is called by a model over a socket, and the model gets its result."""

import json
import sqlite3
from contextlib import closing
from importlib.metadata import entry_points

import pytest
from model_server import results_in
from web_server import Answer, WebServer

from agentkit import Toolbox
from agentkit.safe import Guard
from agentkit.testing import call
from agentkit_tools.exchange import Exchange
from agentkit_tools.weather import Weather
from agentkit_tools.web import Downloads, Web

CALLS = {
    "calculator": ({"expression": "2 + 2"}, "2 + 2 = 4"),
    "current_time": ({"zone": "Asia/Tokyo"}, "Asia/Tokyo"),
    "convert_time": ({"time": "2026-01-01T12:00", "from_zone": "UTC", "to_zone": "Asia/Tokyo"}, "21:00"),
    "add_to_date": ({"date": "2026-01-31", "months": 1}, "2026-02-28"),
    "days_between": ({"start": "2026-01-01", "end": "2026-02-01"}, "31"),
    "weekday": ({"date": "2026-01-01"}, "Thursday"),
    "list_files": ({}, "shop.db"),
    "read_file": ({"path": "a.txt"}, "one\ntwo"),
    "find_files": ({"pattern": "*.json"}, "a.json"),
    "search_text": ({"text": "two"}, "a.txt:2: two"),
    "write_file": ({"path": "b.txt", "text": "new"}, "Wrote 3 bytes to b.txt."),
    "edit_file": ({"path": "a.txt", "old": "two", "new": "three"}, "a.txt"),
    "fetch_page": ({"url": "/page"}, "Tin is a metal."),
    "fetch_json": ({"url": "/json"}, '{"a":1}'),
    "download": ({"url": "/json", "path": "c.json"}, "Saved 8 bytes"),
    "sqlite_schema": ({"database": "shop.db"}, "CREATE TABLE items"),
    "sqlite_query": ({"database": "shop.db", "sql": "SELECT name FROM items"}, '[["tin"]]'),
    "sqlite_execute": ({"database": "shop.db", "sql": "DELETE FROM items"}, '"rows_changed":1'),
    "run_python": ({"code": "print(6 * 7)"}, "42"),
    "run_command": ({"command": "echo hi"}, "hi"),
    "query_json": ({"expression": "a", "path": "a.json"}, "1"),
    "find_pattern": ({"pattern": "t.o", "path": "a.txt"}, "2: two"),
    "count_text": ({"text": "a b"}, '"words":2'),
    "diff_texts": ({"old": "a", "new": "b"}, "-a\n+b"),
    "remember": ({"note": "Ada likes tin."}, "emember"),
    "recall": ({"query": "tin"}, ""),
    "forget": ({"id": 1}, ""),
    "weather": ({"place": "Rome"}, "Rome, Italy"),
    "exchange_rate": ({"base": "EUR", "quote": "USD"}, '"rate":"1.5"'),
}  # fmt: skip
"""For each tool: arguments, and what its result has in it. A path stands for a URL of the server."""

ANSWERS = {
    "/page": Answer(b"<h1>Tin</h1><p>Tin is a metal.</p>", headers={"Content-Type": "text/html"}),
    "/json": '{"a": 1}',
    "/places?name=Rome&count=20": json.dumps(
        {"results": [{"name": "Rome", "latitude": 41.9, "longitude": 12.5, "country": "Italy"}]}
    ),
    "/rate/EUR/USD": '{"date": "2026-07-03", "rate": 1.5}',
}
FORECAST = {"current": {"temperature_2m": 20}, "current_units": {}, "daily": {}, "daily_units": {}}


class Site(dict):
    """Answers the forecast whatever its query."""

    def get(self, path, default=None):
        return json.dumps(FORECAST) if path.startswith("/forecast?") else super().get(path, default)


@pytest.fixture
def web():
    with WebServer({}) as server:
        server.answers = Site(ANSWERS)
        yield server


@pytest.fixture
def tools(web, tmp_path, monkeypatch):
    """All packs as they are installed, but those that use the network stay on loopback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTKIT_MEMORY", str(tmp_path / "memory.db"))
    (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    (tmp_path / "a.json").write_text('{"a": 1}', encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.executescript(
            "CREATE TABLE items (name TEXT); INSERT INTO items VALUES ('tin');"
        )
    guard = Guard(networks=["127.0.0.1/32"], ports=[web.port])
    here = {
        "web": Web(guard),
        "web-save": Downloads(guard=guard),
        "weather": Weather(web.url("/forecast"), web.url("/places"), guard),
        "exchange": Exchange(web.url("/rate"), guard),
    }
    packs = [each for each in entry_points(group="agentkit.tools") if each.dist.name == "agentkit"]
    return Toolbox(*(here.get(each.name) or each.load() for each in packs))


def test_every_built_in_tool_is_tried_here(tools):
    assert set(tools) == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("mode", "stream"), [("sync", False)])
def test_a_built_in_tool_is_called_by_a_model(way, server, web, tools, name):
    given, shown = CALLS[name]
    arguments = {k: web.url(v) if k == "url" else v for k, v in given.items()}
    server.script(call(name, **arguments), "Done.")
    agent = way.agent(tools)
    run = agent.run("Do it.")
    while run.pending:
        run = agent.run(messages=run.approve(run.pending[0]).messages)
    (result,) = results_in(server.bodies[-1])

    assert run.output == "Done."
    assert not run.messages[2].is_error, result
    assert shown in result
