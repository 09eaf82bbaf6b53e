"""The newest protocol, with a server on the official package."""

from __future__ import annotations

import sys
from pathlib import Path

from waiting import until

from agentkit.mcp import mcp
from agentkit.testing import call

SERVER = str(Path(__file__).with_name("modern_server.py"))


def test_the_newest_protocol_is_spoken_where_the_server_does(tmp_path):
    elicit = [{"name": "Ann"}, None]
    with mcp(
        sys.executable, SERVER, pins=tmp_path / "pins", elicit=lambda *_: elicit.pop(0)
    ) as box:
        assert box.servers[0].remote._connection._client.protocol_version == "2026-07-28"
        assert box.call(call("greet")).content == "Hello, Ann."
        assert box.call(call("greet")).content == "Hello, nobody."

        assert box.call(call("more")).content == "There is one more."

        assert until(lambda: box.problems)
        assert "the tool extra is new, and is left out" in box.problems[0]
        box.accept()
        assert box.call(call("extra")).content == "extra"
