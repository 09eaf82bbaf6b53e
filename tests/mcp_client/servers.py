"""Servers for tests, and what is known of them."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentkit.mcp import MCPToolbox, mcp

SERVER = Path(__file__).with_name("raw_server.py")


def listed(name: str, description: str = "It does something.", **more: Any) -> dict[str, Any]:
    """A definition as a server lists it."""
    return {
        "name": name,
        "description": description,
        "inputSchema": {"type": "object", "properties": {"a": {"type": "integer"}}},
        **more,
    }


def bomb(last: str = "end") -> dict[str, Any]:
    """A schema in which each definition leads twice to the next one, and those at the end there."""
    definitions: dict[str, Any] = {"end": {"type": "null"}}
    for n in range(41):
        to = {"properties": {"a": {"$ref": f"#/$defs/{f'inner{n + 1}' if n < 40 else last}"}}}
        definitions[f"inner{n}"] = {"allOf": [to, to]}
    return {"type": "object", "$ref": "#/$defs/inner0", "$defs": definitions}


@dataclass(frozen=True)
class Raw:
    """`raw_server.py` with a directory of its own."""

    home: Path
    made: list[MCPToolbox]

    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, "-I", "-S", str(SERVER), str(self.home))

    @property
    def pins(self) -> Path:
        return self.home / "pins.json"

    def lists(self, *tools: str | dict[str, Any], **more: Any) -> None:
        """Have it list these tools; a name stands for one that may do anything but destroy."""
        harmless = {"annotations": {"destructiveHint": False}, **more}
        found = [listed(each, **harmless) if isinstance(each, str) else each for each in tools]
        (self.home / "tools.json").write_text(json.dumps(found), encoding="utf-8")

    def box(self, *tools: str | dict[str, Any], **given: Any) -> MCPToolbox:
        """The toolbox of the server, which lists these."""
        if tools:
            self.lists(*tools)
        self.made.append(mcp(list(self.command), **{"name": "raw", "pins": self.pins, **given}))
        return self.made[-1]

    def heard(self, method: str) -> list[dict[str, Any]]:
        """The messages that it got."""
        path = self.home / "heard"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [each for line in lines if (each := json.loads(line)).get("method") == method]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
