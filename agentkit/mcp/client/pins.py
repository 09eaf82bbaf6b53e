"""The definitions that the user has accepted, by server, in a file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentkit.errors import ConfigError
from agentkit.log import log
from agentkit.mcp.client.places import Place

Definition = Mapping[str, Any]
"""What a server says of a tool, as it came."""


def digest(definition: Definition) -> str:
    """Stands for a definition."""
    return sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:16]


def default_pins() -> Path:
    """The file in the user's settings of agentkit."""
    from agentkit.catalog import own_settings

    return own_settings() / "mcp-pins.json"


class Pins:
    """A file of accepted definitions.

    Args:
        path: The file; it is made when it is needed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()
        self._unwritten: dict[str, dict[str, Definition]] = {}

    def of(self, place: Place) -> dict[str, Definition] | None:
        """The accepted definitions of a server by their names; None if it was never seen.

        Raises:
            ConfigError: The file cannot be read.
        """
        server = self._read()["servers"].get(place.identity, {})
        accepted: dict[str, Definition] | None = server.get("tools")
        return self._unwritten.get(place.identity, accepted)

    def put(self, place: Place, tools: Mapping[str, Definition]) -> None:
        """Accept these definitions beside those that are accepted, and in place of older ones."""
        from filelock import FileLock

        known = {**self._unwritten.get(place.identity, {}), **tools}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock"):
                values = self._read()
                server = values["servers"].setdefault(place.identity, {"tools": {}})
                server["name"] = place.name
                server["tools"] = {**server["tools"], **known}
                self._write(values)
            self._unwritten.pop(place.identity, None)
        except OSError as error:
            log.warning(
                "%s cannot be written (%s): what is accepted is forgotten", self.path, error
            )
            self._unwritten[place.identity] = {**(self.of(place) or {}), **known}

    def _read(self) -> dict[str, Any]:
        try:
            values: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return {"version": 1, "servers": {}}
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"The pins of MCP servers, {self.path}, cannot be read: {error}."
            ) from error
        if not _is_right(values):
            raise ConfigError(f"{self.path} is no file of pins of MCP servers.")
        return values

    def _write(self, values: Mapping[str, Any]) -> None:
        """Write the whole file: others see what was there before, or all of what is new."""
        handle, spare = tempfile.mkstemp(dir=self.path.parent, prefix=".mcp-pins-")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(values, file, indent=1, sort_keys=True)
            os.replace(spare, self.path)
        except BaseException:
            os.unlink(spare)
            raise


def _is_right(values: Any) -> bool:
    """Whether it is what is in a file of pins."""
    servers = values.get("servers") if isinstance(values, dict) else None
    return isinstance(servers, dict) and all(
        isinstance(each, dict) and isinstance(each.get("tools"), dict) for each in servers.values()
    )
