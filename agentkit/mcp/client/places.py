"""Where a server is: a command to start, or an address."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agentkit.errors import ConfigError, closest

_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Za-z_]\w*)(?::-([^}]*))?\}")
_LAUNCHERS = {"bunx", "deno", "docker", "node", "npx", "pipx", "python", "python3", "uv", "uvx"}
_VERBS = {"-m", "exec", "run", "tool", "x"}  # of launchers, before the name of what they run


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server is. What may hold secrets is in no repr.

    Args:
        name: What it is called here: in errors, logs and the file of pins.
        command: A program and its arguments; empty where there is an address.
        env: Variables for the program, beside the few that each program gets.
        cwd: Its working directory.
        url: An address of streamable HTTP.
        headers: Sent with each request to that address and to no other.
        auth: An `httpx2.Auth`, such as `mcp.client.auth.OAuthClientProvider`.
        sse: Whether it speaks the older HTTP with server-sent events.
    """

    name: str
    command: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Any = field(default=None, repr=False)
    sse: bool = False

    @property
    def identity(self) -> str:
        """Stands for the server in the file of pins, and does not tell any secret.

        Of a command it is the whole line, and the directory where an argument names something in
        it; of an address, all but the query.
        """
        if self.url:
            address = urlsplit(self.url)
            port = f":{address.port}" if address.port else ""
            parts = [f"{address.scheme}://{address.hostname}{port}{address.path}"]
        else:
            home = Path(self.cwd or Path.cwd())
            relative = (each for each in self.command if each and not os.path.isabs(each))
            is_local = any(os.path.lexists(home / each) for each in relative)
            parts = [*self.command, *([f"in {home.resolve()}"] if is_local else ())]
        return sha256(json.dumps(parts).encode()).hexdigest()[:32]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error and no log may show."""
        from agentkit.redact import secret_values

        query = [value for _, value in parse_qsl(urlsplit(self.url).query)]
        values = [*self.headers.values(), *secret_values(self.env), *query]
        return tuple(part for each in values for part in (each, each.removeprefix("Bearer ")))


def places(
    source: Any, more: tuple[str, ...], servers: Iterable[str] | None, given: Mapping[str, Any]
) -> dict[str, Place]:
    """The servers that are meant, by the names that go before those of their tools.

    Args:
        source: A command line, its words, an address, a file such as mcp.json, or what is in one.
        more: The other words of the command.
        servers: The names of those of the file that are wanted; None for all.
        given: Fields of a `Place` that were given: they are for a single server.

    Raises:
        ConfigError: It is none of these.
    """
    named, entries = None, None
    if isinstance(source, Mapping):
        entries = source
    elif isinstance(source, str | os.PathLike) and not more and _is_file(text := os.fspath(source)):
        file, colon, name = text.partition(".json:")
        named = [each.strip() for each in name.split(",")] if colon else None
        entries = _read(Path(f"{file}.json" if colon else file).expanduser())
    if entries is None:
        if servers is not None:
            raise ConfigError("servers= chooses among the servers of a file such as mcp.json.")
        return {"": _single(source, more, given)}
    if more or given:
        raise ConfigError(
            "The servers of a file, or of a mapping, have their own settings there: only servers= "
            f"goes with it, not {next(iter((*given, *more)))!r}."
        )
    return _chosen(_entries(entries), named if servers is None else list(servers))


def _is_file(text: str) -> bool:
    """Whether it names a file, and is no command with one among its arguments."""
    found = re.match(r"(.*\.json)(?::[\w,. -]+)?\Z", text)
    return bool(found and (not re.search(r"\s", found[1]) or os.path.exists(found[1])))


def _single(source: Any, more: tuple[str, ...], given: Mapping[str, Any]) -> Place:
    if isinstance(source, str) and re.match(r"https?://", source, re.IGNORECASE) and not more:
        return _checked(Place(**{"name": _host(source), **given, "url": source}))
    is_one = isinstance(source, str | os.PathLike)
    words = [*([os.fspath(source)] if is_one else source), *more]
    if not all(isinstance(each, str) for each in words):
        raise ConfigError(f"A command is some text, or a list of words, not {source!r}.")
    if isinstance(source, str) and not more:
        try:
            words = shlex.split(words[0])
        except ValueError as error:
            raise ConfigError(f"The command of the server cannot be read: {error}.") from None
    return _checked(Place(**{"name": _program(words), **given, "command": tuple(words)}))


def _checked(place: Place) -> Place:
    if not place.url and not (place.command and place.command[0]):
        raise ConfigError(f"The MCP server {place.name!r} has no command and no address.")
    if place.url and (place.env or place.cwd):
        raise ConfigError(f"{place.name}: env= and cwd= are for a command, not for an address.")
    if place.command and (place.headers or place.auth):
        raise ConfigError(f"{place.name}: headers= and auth= are for an address, not a command.")
    for name, value in place.headers.items():
        if not (name.isascii() and value.isascii() and f"{name}{value}".isprintable()):
            raise ConfigError(f"{place.name}: the header {name} holds what no header may hold.")
    if urlsplit(place.url).username is not None:
        raise ConfigError(f"{place.name}: give a password in headers=, not in the address.")
    return place


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise ConfigError(f"The address of the MCP server has no host: {url.partition('?')[0]!r}.")
    return host


def _program(words: list[str]) -> str:
    """A short name for a command: of what a launcher such as uvx runs."""
    names = [PurePath(each).name for each in words]
    if names and names[0] in _LAUNCHERS:
        rest = (each for each in names[1:] if each[:1] != "-" and each not in _VERBS)
        return next(rest, names[0])
    return names[0] if names else ""


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON: {error}.") from error
    if not isinstance(found, Mapping):
        raise ConfigError(f"{path} holds no JSON object with mcpServers.")
    return found


def _entries(values: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    entries = values.get("mcpServers", values.get("servers"))
    if not isinstance(entries, Mapping) or not entries:
        raise ConfigError('There are no servers: {"mcpServers": {"NAME": {"command": ...}}}.')
    for name, entry in entries.items():
        if not isinstance(entry, Mapping):
            raise ConfigError(f"The server {name!r} of mcpServers is no object.")
    return dict(entries)


def _chosen(entries: Mapping[str, Mapping[str, Any]], wanted: list[str] | None) -> dict[str, Place]:
    for name in wanted or ():
        if name not in entries:
            raise ConfigError(
                f"There is no server {name!r} in mcpServers.{closest(name, entries)} There are: "
                f"{', '.join(entries)}."
            )
    left = entries if wanted is None else {name: entries[name] for name in wanted}
    found = {n: _entry(n, each) for n, each in left.items() if wanted or not each.get("disabled")}
    if not found:
        raise ConfigError("All servers of mcpServers are disabled; servers= names those to use.")
    return found


def _entry(name: str, entry: Mapping[str, Any]) -> Place:
    """A server as an entry of mcpServers describes it; what is not known is left alone."""
    url = entry.get("url") or entry.get("serverUrl") or entry.get("httpUrl") or ""
    command, args = entry.get("command") or "", entry.get("args") or []
    env, headers = entry.get("env") or {}, entry.get("headers") or {}
    fit = isinstance(url, str) and isinstance(command, str) and isinstance(args, list)
    if not (fit and isinstance(env, Mapping) and isinstance(headers, Mapping)):
        raise ConfigError(
            f"The server {name!r} of mcpServers: command and url are text, args is a list, env "
            "and headers are objects."
        )
    words = [command, *args] if command else []
    kind = str(entry.get("type") or entry.get("transport") or "").lower()
    place = Place(
        name=name,
        command=tuple(_filled(name, each) for each in words),
        env={key: _filled(name, value) for key, value in env.items()},
        cwd=_filled(name, entry["cwd"]) if entry.get("cwd") else None,
        url="" if command else _filled(name, url),
        headers={key: _filled(name, value) for key, value in headers.items()},
        sse=kind == "sse",
    )
    return _checked(replace(place, headers=place.headers if place.url else {}))


def _filled(name: str, text: Any) -> str:
    """A text of an entry with ${NAME}, ${NAME:-default} and ${env:NAME} in it filled."""

    def value(found: re.Match[str]) -> str:
        known = os.environ.get(found[1]) or found[2]
        if known is None:
            raise ConfigError(f"The server {name!r} needs {found[1]} in the environment.")
        return known

    filled = _VARIABLE.sub(value, str(text))
    if left := re.search(r"\$\{[^}]*\}", filled):
        raise ConfigError(f"The server {name!r}: nothing fills {left[0]}; ${{NAME}} is a variable.")
    return filled
