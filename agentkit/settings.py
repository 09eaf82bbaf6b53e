"""Settings from the environment and from files: the interface to use, and aliases.

Files are read, not trusted: they may name an interface and models, never an address or a key, so
that a project that somebody sent cannot send a key elsewhere.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentkit.errors import ConfigError

_Rate = Annotated[float | None, Field(gt=0)]


class InterfaceSettings(BaseModel):
    """What a file may say of an interface."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aliases: dict[str, str] = {}
    pacing: bool = True
    requests_per_minute: _Rate = None
    tokens_per_minute: _Rate = None


class Settings(BaseModel):
    """What a file may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interface: str | list[str] | None = None
    interfaces: dict[str, InterfaceSettings] = {}


def read_settings(directory: Path | None = None) -> Settings:
    """The settings of the nearest directory upwards that has some.

    `agentkit.toml` is looked at before the table `[tool.agentkit]` of `pyproject.toml`.

    Raises:
        ConfigError: A file is not TOML, or has a setting that does not exist.
    """
    found = _found(directory)
    return _settings(*found) if found else Settings()


def settings_file(directory: Path | None = None) -> Path | None:
    """The file that `read_settings` reads, if there is one.

    Raises:
        ConfigError: A file is not TOML.
    """
    found = _found(directory)
    return found[0] if found else None


def aliases_for(interface: str, aliases: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """A page's aliases, under those of the files, under those of the environment.

    `AGENTKIT_GROQ_AGENT=openai/gpt-oss-20b` sets the alias `agent` of the interface `groq`.
    """
    own = settings.interfaces.get(interface, InterfaceSettings()).aliases
    return {
        alias: os.environ.get(alias_variable(interface, alias)) or model
        for alias, model in {**aliases, **own}.items()
    }


def alias_variable(interface: str, alias: str) -> str:
    """The environment variable that sets an alias."""
    return f"AGENTKIT_{interface}_{alias}".upper().replace("-", "_")


def _found(directory: Path | None) -> tuple[Path, dict[str, Any]] | None:
    start = (directory or Path.cwd()).absolute()
    for place in (start, *start.parents):
        for name in ("agentkit.toml", "pyproject.toml"):
            if (path := place / name).is_file() and (table := _table(path)) is not None:
                return path, table
    return None


def _table(path: Path) -> dict[str, Any] | None:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    if path.name == "agentkit.toml":
        return values
    tools = values.get("tool")
    found: dict[str, Any] | None = tools.get("agentkit") if isinstance(tools, dict) else None
    return found


def _settings(path: Path, table: Mapping[str, Any]) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigError(
            f"{path}: the setting {where!r} does not fit: {first['msg']}. There are: interface, "
            f"and interfaces.NAME with {', '.join(InterfaceSettings.model_fields)}."
        ) from error
